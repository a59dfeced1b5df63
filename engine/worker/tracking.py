"""Curves for other eyes: TensorBoard event files, and Weights & Biases where it can be reached.

Our own `events.jsonl` is what the product reads; these are copies of its metrics, made as they
are written. A run that resumes takes back the steps that the resumed attempt does again.
"""

from __future__ import annotations

import importlib.util
import netrc
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from workspace.run import EventLog, JobFile
from workspace.settings import Table, parse_table

TENSORBOARD_FOLDER = "tensorboard"  # in the run folder
WANDB_HOST = "api.wandb.ai"  # whose key `wandb login` keeps


class TrackingSettings(Table):
    """`[tracking]`: who else is told of a training's curves."""

    tensorboard: bool = True
    """Write TensorBoard event files to `runs/<job>/tensorboard/`: `tensorboard --logdir runs`."""
    wandb: bool = True
    """Tell Weights & Biases, where the package `wandb` is installed and a key is there
    (`WANDB_API_KEY`, or `wandb login`)."""
    wandb_project: str = Field("yinfang", min_length=1)
    """The project there; a run is named by its job."""


def tracking_of(job: JobFile) -> TrackingSettings:
    """The job's `[tracking]`: a matter of the workspace, which a job's own settings leave alone."""
    values = job.config.get("tracking", {})
    return parse_table(values, "tracking", TrackingSettings, f"config of job {job.id}", environ={})


class _Board(Protocol):
    """Something that draws curves."""

    def begin(self, step: int) -> None:
        """Curves go on from here; what was told of later steps is void."""

    def add(self, step: int, split: str, values: dict[str, float]) -> None: ...

    def close(self) -> None: ...


class TensorBoard:
    """Event files in a run folder."""

    def __init__(self, folder: Path) -> None:
        from tensorboardX import SummaryWriter

        self._writer_of, self._folder = SummaryWriter, folder
        self._writer: Any = None

    def begin(self, step: int) -> None:
        self.close()
        # named by the second: two of one second would be one
        number = len(list(self._folder.glob("*"))) if self._folder.exists() else 0
        purged = {"purge_step": step + 1} if step else {}
        self._writer = self._writer_of(
            str(self._folder), filename_suffix=f".{number:03d}", **purged
        )

    def add(self, step: int, split: str, values: dict[str, float]) -> None:
        if self._writer is None:
            self.begin(0)
        for name, value in values.items():
            self._writer.add_scalar(f"{name}/{split}", value, step)
        if split == "validation":
            self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class WeightsAndBiases:
    """A run there, which a later attempt of the job goes on with."""

    def __init__(self, job: JobFile, folder: Path, project: str) -> None:
        import wandb

        self._run: Any = wandb.init(
            project=project, id=job.id, name=job.id, group=job.kind, dir=str(folder),
            resume="allow", config={"kind": job.kind, "seed": job.seed, **job.config},
        )  # fmt: skip
        self._run.define_metric("*", step_metric="step")  # its own counter cannot go back

    def begin(self, step: int) -> None:
        self._run.log({"resumed_from": step, "step": step})

    def add(self, step: int, split: str, values: dict[str, float]) -> None:
        self._run.log({"step": step, **{f"{split}/{k}": v for k, v in values.items()}})

    def close(self) -> None:
        self._run.finish()


@contextmanager
def tracked(
    events: EventLog, job: JobFile, folder: Path, settings: TrackingSettings
) -> Iterator[None]:
    """Metrics emitted within the block also go to the boards that the settings name."""
    boards: list[_Board] = []
    if settings.tensorboard:
        boards.append(TensorBoard(folder / TENSORBOARD_FOLDER))
    if settings.wandb and wandb_is_there():
        boards.append(WeightsAndBiases(job, folder, settings.wandb_project))

    def tell(event: dict[str, Any]) -> None:
        for board in boards:
            if event["type"] == "resume":
                board.begin(event["step"])
            elif event["type"] == "metric":
                known = {k: v for k, v in event["values"].items() if v is not None}
                board.add(event["step"], event["split"], known)

    with ExitStack() as stack:
        for board in boards:
            stack.callback(board.close)
        with events.told_to(tell):
            yield


def wandb_is_there() -> bool:
    """Whether the package is installed and a key, or a mode that needs none, is known."""
    if importlib.util.find_spec("wandb") is None:
        return False
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_MODE") == "offline":
        return True
    try:
        return netrc.netrc().authenticators(WANDB_HOST) is not None
    except (OSError, netrc.NetrcParseError):
        return False  # no such file, or none that can be read: nobody has logged in
