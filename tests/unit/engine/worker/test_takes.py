"""The recording worker as the daemon sees it: a process that speaks JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.engine.recording.conftest import packed

Voice = Callable[..., NDArray[np.float32]]
RATE = 48_000
# the worker, telling at its end what it had loaded
SPYING = """
import sys
from engine.worker.takes import main
code = main(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""


class Worker:
    """A running worker; `ask` waits for the one line of its answer."""

    def __init__(self, repository: Path, workspace: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SPYING, str(workspace)],
            cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.ready = self.read()

    def ask(self, **request: Any) -> dict[str, Any]:
        self.write(json.dumps({"id": 7, **request}))
        answer = self.read()
        assert answer.pop("id") == 7
        return answer

    def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def end(self) -> str:
        """Close its stdin; what it said on stderr."""
        _, said = self.process.communicate(timeout=60)
        return said


@pytest.fixture
def worker(repository: Path, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(repository, tmp_path)
    yield worker
    worker.process.kill()
    worker.process.communicate()


@pytest.fixture
def take(voice: Voice, tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "audio.pcm").write_bytes(packed(voice(1.0, rate=RATE, silence=0.6)))
    return {
        "pcm": str(tmp_path / "audio.pcm"), "rate": RATE, "text": "你好吗", "pinyin": "nǐ hǎo ma",
        "raw": str(tmp_path / ".takes/a.raw.flac"), "trimmed": str(tmp_path / ".takes/a.flac"),
        "room": None,
    }  # fmt: skip


def test_takes_and_rooms_are_answered_without_pytorch(
    worker: Worker, take: dict[str, Any], tmp_path: Path
) -> None:
    assert worker.ready["ready"]["problem"] == ""
    analysis = worker.ask(analyze=take)["done"]
    assert analysis["speech"] == pytest.approx([0.6, 1.6], abs=0.05)
    assert len(analysis["outline"]) == 400
    assert {path.name for path in (tmp_path / ".takes").iterdir()} == {"a.raw.flac", "a.flac"}
    room = worker.ask(room={"pcm": take["pcm"], "rate": RATE})["done"]
    assert room["verdict"] in ("good", "fair", "poor")
    loaded = set(worker.end().split())
    assert "numpy" in loaded
    assert not loaded & {"torch", "onnxruntime", "scipy", "jieba", "pypinyin"}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"analyze": {"pcm": "nowhere.pcm"}}, "KeyError"),
        ({"analyse": {}}, "nothing known"),
        ({"room": {"pcm": "/nowhere/audio.pcm", "rate": RATE}}, "No such file"),
    ],
)
def test_what_goes_wrong_is_the_answer_and_the_next_is_served(
    worker: Worker, take: dict[str, Any], request_: dict[str, Any], error: str
) -> None:
    answer = worker.ask(**request_)
    assert error in answer["error"]
    assert answer["fix"]
    assert "done" in worker.ask(analyze=take)
    assert worker.process.poll() is None


def test_a_take_that_was_not_stored_whole_is_told(
    worker: Worker, take: dict[str, Any], tmp_path: Path
) -> None:
    Path(take["pcm"]).write_bytes(b"")
    assert "no sound" in worker.ask(analyze=take)["error"]
    assert not (tmp_path / ".takes").exists()
