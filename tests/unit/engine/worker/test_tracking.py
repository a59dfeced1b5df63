"""Other eyes see the curves that we write, also after a resume."""

from __future__ import annotations

import struct
from contextlib import closing
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event

from engine.worker.tracking import TENSORBOARD_FOLDER, TrackingSettings, tracked, wandb_is_there
from workspace.run import EventLog, JobFile

JOB = JobFile(id="job-1", kind="stage2", spec={}, workspace="")


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    """The curves as TensorBoard reads them: files in their order, a purge ends what was later."""
    found: dict[str, dict[int, float]] = {}
    for path in sorted((folder / TENSORBOARD_FOLDER).iterdir()):
        content, place = path.read_bytes(), 0
        while place < len(content):
            (size,) = struct.unpack("<Q", content[place : place + 8])
            event = Event.FromString(content[place + 12 : place + 12 + size])
            place += 16 + size  # a length, its checksum, the record, its checksum
            if event.HasField("session_log") and event.session_log.status == 1:
                for curve in found.values():
                    for step in [step for step in curve if step >= event.step]:
                        del curve[step]
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = value.simple_value
    return found


def write(folder: Path, first: int, last: int, resumed: bool = False) -> None:
    with closing(EventLog(folder)) as events, tracked(events, JOB, folder, TrackingSettings()):
        if resumed:
            events.emit("resume", step=first - 1)
        for step in range(first, last + 1):
            values = {"total": 1 / step, "mel": float("nan") if step == 2 else 0.5}
            events.emit("metric", step=step, split="train", values=values)
        events.emit("metric", step=last, split="validation", values={"score": 4.0})


def test_tensorboard_sees_the_curves(tmp_path: Path) -> None:
    write(tmp_path, 1, 3)
    curves = scalars(tmp_path)
    assert curves["total/train"] == pytest.approx({1: 1.0, 2: 0.5, 3: 1 / 3})
    assert curves["mel/train"] == {1: 0.5, 3: 0.5}  # what is not a number is a gap
    assert curves["score/validation"] == {3: 4.0}


def test_a_resumed_run_takes_back_what_it_does_again(tmp_path: Path) -> None:
    write(tmp_path, 1, 5)
    write(tmp_path, 3, 4, resumed=True)
    curves = scalars(tmp_path)
    assert curves["total/train"] == pytest.approx({1: 1.0, 2: 0.5, 3: 1 / 3, 4: 0.25})


def test_what_is_switched_off_is_not_written(tmp_path: Path) -> None:
    settings = TrackingSettings(tensorboard=False, wandb=False)
    with closing(EventLog(tmp_path)) as events, tracked(events, JOB, tmp_path, settings):
        events.emit("metric", step=1, split="train", values={"total": 1.0})
    assert not (tmp_path / TENSORBOARD_FOLDER).exists()


@pytest.mark.optional
def test_weights_and_biases_takes_an_offline_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb", reason="the extra `tracking` is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    assert wandb_is_there()
    write(tmp_path, 1, 3)
    assert list((tmp_path / "wandb").glob("offline-run-*/run-job-1.wandb"))


def test_without_a_key_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    assert not wandb_is_there()
