"""Where everything lies in a workspace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONFIG_NAME = "config.toml"
WORKSPACE_VARIABLE = "YINFANG_WORKSPACE"
SOCKET_PATH_LIMIT = 100  # bytes; Linux allows 107 in sun_path, the rest is room for suffixes


class WorkspaceError(Exception):
    """No usable workspace: the message says where it was looked for and what to do."""


@dataclass(frozen=True)
class Workspace:
    """The folder that holds a user's datasets, runs and voices.

    Attributes:
        root: absolute path of the folder that holds `config.toml`.
    """

    root: Path

    @property
    def config(self) -> Path:
        return self.root / CONFIG_NAME

    @property
    def jobs_db(self) -> Path:
        return self.root / "jobs.db"

    @property
    def lexicon(self) -> Path:
        """The user's own readings of words, if there is such a file: word, tab, pinyin."""
        return self.root / "lexicon.tsv"

    @property
    def datasets(self) -> Path:
        """The user's folders; only ever read."""
        return self.root / "datasets"

    @property
    def recordings(self) -> Path:
        """Takes made in the TUI, a dataset folder for each speaker."""
        return self.root / "recordings"

    @property
    def prepared(self) -> Path:
        return self.root / "prepared"

    @property
    def models(self) -> Path:
        """Bases: the results of stage 1."""
        return self.root / "models"

    @property
    def voices(self) -> Path:
        """Voices: the results of stage 2, `voices/<name>/<version>/`."""
        return self.root / "voices"

    @property
    def runs(self) -> Path:
        """One folder a job: `runs/<job id>/`."""
        return self.root / "runs"

    @property
    def state(self) -> Path:
        """What the daemon keeps for itself: lock, socket, log."""
        return self.root / ".yinfang"

    @property
    def lock(self) -> Path:
        return self.state / "daemon.lock"

    @property
    def daemon_log(self) -> Path:
        return self.state / "daemon.log"

    @property
    def downloads(self) -> Path:
        """Published files that are still arriving; see `engine.worker.fetch`."""
        return self.state / "downloads"

    @property
    def auditions(self) -> Path:
        """What was spoken lately for somebody who compares; see `engine.worker.spoken`."""
        return self.state / "auditions"

    @property
    def voiceprints(self) -> Path:
        """Voiceprints of speakers that were compared; see `engine.worker.voiceprints`."""
        return self.state / "voiceprints"

    @property
    def socket(self) -> Path:
        """The daemon's Unix socket.

        A path of a deep workspace does not fit in `sun_path`; then the socket lies in the
        user's runtime folder under a name derived from the workspace.
        """
        inside = self.state / "daemon.sock"
        if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT:
            return inside
        return _runtime_folder() / f"{_digest(self.root)}.sock"

    def run(self, job_id: str) -> Path:
        return self.runs / job_id

    def exists(self) -> bool:
        return self.config.is_file()

    @classmethod
    def find(
        cls, explicit: Path | None = None, environ: Mapping[str, str] = os.environ
    ) -> Workspace:
        """The workspace a command means: `--workspace`, `YINFANG_WORKSPACE`, or the nearest above.

        Args:
            explicit: the folder named by the user, if any.
            environ: where `YINFANG_WORKSPACE` is looked up.

        Raises:
            WorkspaceError: the named folder holds no `config.toml`, or none was found above the
                current folder.
        """
        variable = environ.get(WORKSPACE_VARIABLE)
        named = explicit or (Path(variable) if variable else None)
        if named is not None:
            workspace = cls(named.expanduser().resolve())
            if not workspace.exists():
                raise WorkspaceError(
                    f"{workspace.root} is not a workspace (it has no {CONFIG_NAME}): "
                    f"run `yinfang init {named}`"
                )
            return workspace
        here = Path.cwd().resolve()
        for folder in (here, *here.parents):
            if (folder / CONFIG_NAME).is_file():
                return cls(folder)
        raise WorkspaceError(
            f"no {CONFIG_NAME} in {here} or above: "
            "run `yinfang init FOLDER`, or name one with --workspace"
        )


def _runtime_folder() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/yinfang-{os.getuid()}"
    folder = Path(base) / "yinfang" if os.environ.get("XDG_RUNTIME_DIR") else Path(base)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = folder.stat()
    if owner.st_uid != os.getuid() or owner.st_mode & 0o077:
        raise WorkspaceError(
            f"{folder} must belong to you alone (chmod 700): the daemon's socket lies there"
        )
    return folder


def _digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
