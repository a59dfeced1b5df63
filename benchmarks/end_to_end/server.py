"""The server: a fresh workspace, a daemon in it, and an sshd before it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from daemon.client import connect
from tests.acceptance.running import REPOSITORY, until
from tests.acceptance.sshd import REMOTE_COMMAND, Sshd, ssh_command
from workspace.layout import Workspace

YINFANG = (sys.executable, "-c", "from tui.cli.main import app; app()")
HOST = "gpu"
RECOGNISER = "pocketsphinx-zh"  # in models/, where words are to be checked
PATIENCE = 60.0  # seconds for a command

# What a user would write into config.toml to have a first voice soon: from five sentences there is
# little to learn, and another process would take longer to start than it saves.
CONFIG = """\
[watch]
settle_seconds = 1.0

[daemon]
job_niceness = 0

[aligner]
adaptation_steps = {aligner_steps}

[stage2]
steps = {steps}
batch_size = 4
processes = 1
checkpoint_every = {steps}
adversarial_share = 0.0
"""


class Server:
    """A machine that is reached by ssh.

    Attributes:
        workspace: where its daemon is.
    """

    def __init__(self, folder: Path, *, steps: int, aligner_steps: int, recogniser: Path | None):
        """
        Args:
            folder: for everything of it; made by this.
            steps, aligner_steps: of the training.
            recogniser: the folder of PocketSphinx's models; None: words are not checked there.
        """
        folder.mkdir(parents=True)
        self._folder = folder
        self._config = CONFIG.format(steps=steps, aligner_steps=aligner_steps)
        self._recogniser = recogniser
        self.workspace = Workspace(folder / "voices")
        self.sshd = Sshd(folder / "etc")

    def up(self) -> Server:
        """Make the workspace by `yinfang init`, and start its daemon over ssh."""
        self._yinfang("init", str(self.workspace.root))
        self.workspace.config.write_text(self._config, encoding="utf-8")
        if self._recogniser is not None:
            self.workspace.models.mkdir(exist_ok=True)
            (self.workspace.models / RECOGNISER).symlink_to(self._recogniser)
        self.sshd.up()
        self._yinfang("--host", self.url, "up")
        return self

    def down(self) -> None:
        """Stop the daemon with all that it runs, and sshd."""
        if self.workspace.socket.exists():
            self.call("shutdown", stop_workers=True)
            until(lambda: not self.workspace.socket.exists(), "the daemon has left")
        self.sshd.down()

    @property
    def url(self) -> str:
        """Its address, as a person types it on the laptop."""
        return f"ssh://{HOST}{self.workspace.root}"

    def shell(self, environ: Mapping[str, str]) -> list[str]:
        """The command that opens a terminal there, and in it, in the workspace, `yinfang`."""
        own = f"XDG_STATE_HOME={self._folder}/state XDG_CONFIG_HOME={self._folder}/config"
        line = f"cd {self.workspace.root} && env {own} {REMOTE_COMMAND}"
        return [*ssh_command(environ, "-tt"), line]

    def call(self, method: str, **params: Any) -> Any:
        """What the daemon answers, asked beside everybody else."""
        with connect(self.workspace) as client:
            return client.call(method, **params)

    def _yinfang(self, *words: str) -> None:
        done = subprocess.run(
            [*YINFANG, *words], capture_output=True, text=True, timeout=PATIENCE, check=False,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **self.sshd.environ()}, cwd="/",
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"yinfang {' '.join(words)}: {done.stdout}{done.stderr}")
