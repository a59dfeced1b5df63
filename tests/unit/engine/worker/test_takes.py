"""The recording worker as the daemon sees it: a process that speaks JSON lines."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
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
    silence = str(tmp_path / ".takes/room.raw.flac")
    room = worker.ask(room={"pcm": take["pcm"], "rate": RATE, "raw": silence})["done"]
    assert room["verdict"] in ("good", "fair", "poor")
    assert Path(silence).read_bytes() == Path(take["raw"]).read_bytes()
    loaded = set(worker.end().split())
    assert "numpy" in loaded
    assert not loaded & {"torch", "onnxruntime", "scipy", "jieba", "pypinyin"}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"analyze": {"pcm": "nowhere.pcm"}}, "KeyError"),
        ({"analyse": {}}, "nothing known"),
        (
            {"room": {"pcm": "/nowhere/audio.pcm", "rate": RATE, "raw": "/nowhere/raw.flac"}},
            "No such file",
        ),
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


def test_a_text_becomes_prompts_with_the_users_own_readings(worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "lexicon.tsv").write_text("重楼\tchong2 lou2\n", encoding="utf-8")
    answer = worker.ask(script={"text": "他叫重楼吗？\n3点见。"})["done"]
    assert answer["prompts"] == [
        {"text": "他叫重楼吗？", "pinyin": "ta1 jiao4 chong2 lou2 ma5"},
        {"text": "三点见。", "pinyin": "san1 dian3 jian4"},
    ]
    assert "torch" not in worker.end().split()


def test_recordings_are_drawn_and_brought_to_a_level(
    worker: Worker, voice: Voice, tmp_path: Path
) -> None:
    for name, gain in (("a", 0.2), ("b", 1.0)):
        soundfile.write(tmp_path / f"{name}.flac", gain * voice(1.0), 24_000)
    paths = [str(tmp_path / "a.flac"), str(tmp_path / "b.flac")]
    pictures = worker.ask(draw={"audio": paths, "width": 60})["done"]["pictures"]
    assert [len(picture["mel"]) for picture in pictures] == [60, 60]
    assert pictures[1]["loudness"] - pictures[0]["loudness"] == pytest.approx(14, abs=0.5)
    assert worker.ask(draw={"audio": paths[0], "width": 60})["done"]["pictures"] == pictures[:1]

    soft, loud = (worker.ask(level={"audio": path, "loudness": -24})["done"] for path in paths)
    assert soft["gain"] - loud["gain"] == pytest.approx(14, abs=0.5)
    first, second = (np.frombuffer(base64.b64decode(e["pcm"]), "<i2") for e in (soft, loud))
    assert len(first) == round(1.6 * soft["rate"])
    assert np.abs(first.astype(float) - second).max() < 33  # 0.001 of full scale
    assert "torch" not in worker.end().split()


def test_without_a_recogniser_it_says_what_is_missing(
    worker: Worker, voice: Voice, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "a.flac", voice(1.0), 24_000)
    answer = worker.ask(words={"audio": str(tmp_path / "a.flac"), "text": "你好"})
    assert "ptm_5000 is missing" in answer["error"]
    assert "pocketsphinx-zh" in answer["fix"]


@pytest.mark.shared
def test_a_recogniser_tells_whether_the_prompt_was_read(
    worker: Worker, shared_dir: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pocketsphinx", reason="needs the evaluation extra")
    (tmp_path / "models").symlink_to(shared_dir / "models")
    clip = shared_dir / "data/aishell1/S0150/BAC009S0150W0211.flac"
    read = worker.ask(words={"audio": str(clip), "text": "什么是财政转移支付"})["done"]
    assert read == {
        "said": "shen me shi cai zheng zhuan yi zhi fu", "errors": 0, "ok": True, "note": "",
    }  # fmt: skip
    other = worker.ask(words={"audio": str(clip), "text": "他们明天早上去北京"})["done"]
    assert not other["ok"]
    assert other["errors"] > 0.5
    assert "read it again" in other["note"]
    assert worker.ask(words={"audio": str(clip), "text": "什么是GDP"}) == {"done": None}
    assert "torch" not in worker.end().split()
