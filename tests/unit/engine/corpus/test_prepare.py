"""A dataset's folder to a prepared corpus: whole, incremental, each refusal with its reason."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from engine.corpus.measure import Measured
from engine.corpus.packed import PackedCorpus
from engine.corpus.prepare import Preparation, prepare
from engine.corpus.report import Report
from engine.corpus.settings import PreprocessSettings
from engine.errors import EngineError, MachineError
from engine.text import Frontend
from workspace.dataset import detect
from workspace.recordings import Recordings

Record = Callable[..., Path]


@dataclass(frozen=True)
class Evenly:
    """An alignment that gives every token its share."""

    durations: tuple[int, ...]
    score: float = -1.0


class Aligning:
    """Aligns evenly, and remembers whom it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.scores: dict[str, float | None] = {}

    def __call__(
        self, utterances: Sequence[Measured], progress: Callable[[int, int], None]
    ) -> list[Evenly | None]:
        self.asked.append([item.utterance.id for item in utterances])
        found: list[Evenly | None] = []
        for i, item in enumerate(utterances):
            score = self.scores.get(item.utterance.id, -1.0)
            edges = np.linspace(0, len(item.wave) // 600, len(item.utterance.ids) + 3).astype(int)
            durations = tuple(int(step) for step in np.diff(edges))
            found.append(None if score is None else Evenly(durations, score))
            progress(i + 1, len(utterances))
        return found


@dataclass
class Bench:
    """Prepares `alice` again and again, version after version."""

    folder: Path
    frontend: Frontend
    align: Aligning
    events: list[tuple[str, dict[str, Any]]]

    def order(self, version: str, previous: str | None = None, **changes: Any) -> Preparation:
        home = self.folder.parent / "prepared"
        order = Preparation(
            layout=detect(self.folder), destination=home / version,
            settings=PreprocessSettings(workers=1), frontend=self.frontend, text_version="1",
            align=self.align, aligner="1", previous=home / previous if previous else None,
            emit=lambda type_, **values: self.events.append((type_, values)),
        )  # fmt: skip
        return replace(order, **changes)

    def run(self, version: str, previous: str | None = None, **changes: Any) -> Report:
        self.align.asked.clear()
        self.events.clear()
        return prepare(self.order(version, previous, **changes))

    def corpus(self, version: str) -> PackedCorpus:
        return PackedCorpus(self.folder.parent / "prepared" / version)

    def refused(self) -> dict[str, str]:
        return {values["id"]: values["reason"] for type_, values in self.events if type_ == "item"}


@pytest.fixture
def bench(tmp_path: Path, frontend: Frontend) -> Bench:
    (tmp_path / "alice").mkdir()
    return Bench(tmp_path / "alice", frontend, Aligning(), [])


def test_a_folder_becomes_a_corpus(bench: Bench, record: Record) -> None:
    for name, text in {"a": "今天天气很好", "sub/b": "我们去公园散步", "c": "他在北京工作"}.items():
        record(name, text, f0=120.0 if name == "c" else 220.0)
    report = bench.run("1")
    assert (report.kept, report.reused, report.refused) == (3, 0, [])
    corpus = bench.corpus("1")
    assert [item.id for item in corpus.utterances] == ["a", "c", "sub/b"]
    for item in corpus.utterances:
        assert sum(item.durations) * 600 == item.samples
        assert len(item.durations) == len(item.ids) + 2
        assert item.score == -1
        assert corpus.audio(item).std() > 0.03
        assert item.speaker == "alice"
    assert report.seconds == pytest.approx(sum(item.seconds for item in corpus.utterances))
    assert report.speakers == {"alice": {"utterances": 3, "seconds": pytest.approx(report.seconds)}}
    pitches = report.histograms["pitch"]
    assert sum(pitches.counts) == 3
    assert (
        pitches.counts[pitches.edges.index(220) - 1] + pitches.counts[pitches.edges.index(220)] == 2
    )
    assert Report.read(corpus.folder) == report
    progress = [v for t, v in bench.events if t == "progress"]
    assert {"done": 3, "total": 3, "unit": "utterances", "stage": "measure"} in progress
    assert {"done": 3, "total": 3, "unit": "utterances", "stage": "align"} in progress


def test_takes_are_read_as_they_were_prompted(bench: Bench, voice: Callable[..., Any]) -> None:
    """From a kept take to the manifest; where the user changed the text its pinyin is no more."""
    recordings = Recordings(bench.folder)
    prompts = [
        ("孙子说：“好一点儿。”", "sun1 zi3 shuo1 hao3 yi1 dianr3"),  # not sun1 zi5
        ("他的OK声很长。", "ta1 de5 OK sheng1 hen3 chang2"),
        ("孙子说好。", "sun1 zi3 shuo1 hao3"),
    ]
    for number, (text, pinyin) in enumerate(prompts):
        take = recordings.claim(f"zh{number}", "key")
        soundfile.write(
            recordings.takes / f"{take}.flac", voice(seconds=1.5, f0=150 + number), 24_000
        )
        recordings.keep_card(take, {"take": take})
        recordings.keep(take, text, pinyin)
    (bench.folder / "zh2-1.txt").write_text("孙子很好。\n", encoding="utf-8")
    assert bench.run("1").kept == 3
    said = [[s.pinyin or s.hanzi for s in u.syllables] for u in bench.corpus("1").utterances]
    assert [" ".join(map(str, each)) for each in said] == [
        "sun1 zi3 shuo1 hao3 yi4 dianr3",
        "ta1 de5 OK sheng1 hen3 chang2",
        "sun1 zi5 hen2 hao3",
    ]
    bench.run("2", previous="1")
    assert bench.align.asked == []  # the hash of what is said is the same again


def test_only_what_changed_is_done_again(bench: Bench, record: Record) -> None:
    for name in "abcd":
        record(name, seconds=1.4 + 0.1 * ord(name) % 1)
    bench.run("1")
    before = bench.corpus("1")
    record("b", "我们去公园散步", seconds=1.75)  # another recording and text
    (bench.folder / "c.txt").write_text("今天天气不好", encoding="utf-8")  # another text
    (bench.folder / "d.wav").rename(bench.folder / "z.wav")  # another name
    (bench.folder / "d.txt").rename(bench.folder / "z.txt")
    os.utime(bench.folder / "a.wav", (0, 0))  # nothing new
    record("e", seconds=2.0)
    report = bench.run("2", previous="1")
    assert (report.kept, report.reused) == (5, 2)
    (asked,) = bench.align.asked
    assert asked[:3] == ["b", "c", "e"]
    assert set(asked[3:]) == {"a", "z"}  # aligned already, but they help with the voice
    after = bench.corpus("2")
    old = {item.id: item for item in before.utterances}
    new = {item.id: item for item in after.utterances}
    assert list(new) == ["a", "b", "c", "e", "z"]
    assert new["z"].source == "z.wav"
    for old_name, new_name in (("a", "a"), ("d", "z")):
        assert np.array_equal(before.audio(old[old_name]), after.audio(new[new_name]))
        assert np.array_equal(before.f0(old[old_name]), after.f0(new[new_name]))
        assert old[old_name].durations == new[new_name].durations
    assert new["c"].text == "今天天气不好"


def test_the_same_content_gives_the_same_files(bench: Bench, record: Record) -> None:
    for name in "ab":
        record(name, seconds=1.4 + 0.1 * ord(name) % 1)
    bench.run("1")
    assert bench.run("2", previous="1").reused == 2
    assert bench.align.asked == []
    bench.run("3")
    files = [{p.name: p.read_bytes() for p in bench.corpus(v).folder.glob("*.npy")} for v in "123"]
    manifests = [(bench.corpus(v).folder / "manifest.jsonl").read_bytes() for v in "123"]
    assert files[0] == files[1] == files[2]
    assert len(set(manifests)) == 1


@pytest.mark.parametrize(
    ("change", "measured", "aligned"),
    [
        ({"text_version": "2"}, True, True),
        ({"settings": PreprocessSettings(workers=1, level=-20.0)}, True, True),
        ({"aligner": "2"}, False, True),
        ({"settings": PreprocessSettings(workers=2)}, False, False),
    ],
)
def test_what_settings_decide_is_done_again(
    bench: Bench, record: Record, change: dict[str, Any], measured: bool, aligned: bool
) -> None:
    record("a")
    bench.run("1")
    report = bench.run("2", previous="1", **change)
    assert bool(bench.align.asked) == aligned
    assert report.reused == (0 if aligned else 1)
    assert any(type_ == "note" for type_, _ in bench.events) == measured


def test_every_bad_file_has_its_reason_and_the_rest_goes_on(
    bench: Bench, record: Record, tmp_path: Path
) -> None:
    good = ["a good one", "两 个\n好"]
    for name, seconds in zip(good, (1.5, 1.6), strict=True):
        record(name, seconds=seconds)
    names = (
        "empty", "truncated", "no text", "empty text", "gbk", "bom", "crlf", "latin", "emoji",
        "traditional", "silent", "nan", "unreadable", "twin", "short", "surround", "8 bit",
        "96 kHz", "really flac",
    )  # fmt: skip
    for i, name in enumerate(names):
        record(name, seconds=1.4 + 0.01 * i)  # no two alike
    folder = bench.folder
    speech, rate = soundfile.read(folder / "gbk.wav", dtype="float32")
    (folder / "empty.wav").write_bytes(b"")
    content = (folder / "truncated.wav").read_bytes()
    (folder / "truncated.wav").write_bytes(content[: len(content) // 2])
    (folder / "no text.txt").unlink()
    texts = {
        "empty text": b"", "gbk": "今天天气很好".encode("gbk"),
        "bom": "今天天气很好".encode("utf-8-sig"),
        "crlf": "今天\r\n天气很好\r\n".encode(), "latin": b"Hello there", "emoji": "😀😀".encode(),
        "traditional": "今天天氣很好".encode(),
    }  # fmt: skip
    for name, text in texts.items():
        (folder / f"{name}.txt").write_bytes(text)
    soundfile.write(folder / "silent.wav", np.zeros(36_000), 24_000)
    soundfile.write(folder / "nan.wav", np.full(36_000, np.nan), 24_000, subtype="FLOAT")
    soundfile.write(folder / "short.wav", speech[8000:10_400], rate)
    soundfile.write(folder / "surround.wav", np.repeat(speech[600:, None], 8, 1), rate)
    soundfile.write(folder / "8 bit.wav", speech, rate, subtype="PCM_U8")
    soundfile.write(folder / "96 kHz.wav", np.repeat(speech, 4), 4 * rate)
    soundfile.write(folder / "x.flac", speech[1200:], rate)
    (folder / "x.flac").rename(folder / "really flac.wav")
    (folder / "twin.wav").write_bytes((folder / "a good one.wav").read_bytes())
    (folder / "unreadable.wav").unlink()
    (folder / "unreadable.wav").symlink_to("/proc/self/mem")  # even root cannot read it
    (folder / "loop").symlink_to(folder)
    report = bench.run("1")
    reasons = {refusal.id.removesuffix(".wav"): refusal.reason for refusal in report.refused}
    assert bench.refused() == {refusal.id: refusal.reason for refusal in report.refused}
    expected = {
        "empty": "is empty (0 bytes)", "truncated": "cut short", "no text": "no text",
        "empty text": "empty text.txt is empty", "latin": "Latin letters only", "emoji": "😀",
        "silent": "is silent", "nan": "not numbers", "unreadable": "cannot be read",
        "short": "too short",
        "twin": "the same recording with the same text as a good one.wav", "loop": "link",
    }  # fmt: skip
    assert reasons.keys() == expected.keys()
    for name, part in expected.items():
        assert part in reasons[name]
        assert "\n" not in reasons[name]
    kept = [item.id for item in bench.corpus("1").utterances]
    assert set(kept) == {
        *good, "gbk", "bom", "crlf", "traditional", "surround", "8 bit", "96 kHz", "really flac",
    }  # fmt: skip
    notes = " ".join(note for found in report.notes.values() for note in found)
    for part in ("GB18030", "byte-order mark", "Windows", "8 channels", "8 bits", "holds FLAC"):
        assert part in notes
    assert {p.name for p in tmp_path.joinpath("prepared").iterdir()} == {"1"}


def test_alignment_refuses_what_does_not_say_its_text(bench: Bench, record: Record) -> None:
    for name in "abc":
        record(name, seconds=1.4 + 0.1 * ord(name) % 1)
    bench.align.scores = {"a": -9.0, "b": None}
    report = bench.run("1")
    assert [item.id for item in bench.corpus("1").utterances] == ["c"]
    assert "does not say its text (alignment score -9.00)" in bench.refused()["a"]
    assert "too short for its text" in bench.refused()["b"]
    assert len(report.refused) == 2
    assert bench.run("2", previous="1").kept == 1


def test_nothing_usable_is_an_error_that_names_the_cause(bench: Bench, record: Record) -> None:
    for name in "abc":
        record(name).write_bytes(b"")
    with pytest.raises(EngineError, match=r"none of the 3 .* [abc].wav is empty") as caught:
        bench.run("1")
    assert caught.value.fix
    assert list((bench.folder.parent / "prepared").iterdir()) == []


def test_processes_give_what_one_gives(
    bench: Bench, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.corpus.extract.WORTH_A_POOL", 2)
    for i in range(6):
        record(f"{i}", seconds=1.3 + 0.05 * i)
    record("3").write_bytes(b"")
    alone = bench.run("1")
    together = bench.run("2", settings=PreprocessSettings(workers=2))
    assert replace(together, settings=alone.settings) == alone
    one, two = (bench.corpus(version).folder for version in "12")
    for name in ("manifest.jsonl", "audio.npy", "f0.npy"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_stopping_leaves_nothing(bench: Bench, record: Record) -> None:
    class StopError(Exception):
        pass

    for name in "abc":
        record(name, seconds=1.4 + 0.1 * ord(name) % 1)
    for allowed in (0, 2, 4):  # before the first, while measuring, while aligning
        left = allowed

        def check() -> None:
            nonlocal left
            if left == 0:
                raise StopError
            left -= 1

        with pytest.raises(StopError):
            bench.run("1", check=check)
        assert list((bench.folder.parent / "prepared").iterdir()) == []


def test_a_full_disk_is_the_machines_fault_and_leaves_nothing(bench: Bench, record: Record) -> None:
    for i in range(3):
        record(f"{i}", seconds=1.5 + 0.1 * i)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))  # bytes: one fits, three do not
    try:
        with pytest.raises(MachineError, match="the disk is full") as caught:
            bench.run("1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "free some space" in caught.value.fix
    assert list((bench.folder.parent / "prepared").iterdir()) == []
    assert bench.run("1").kept == 3


def test_the_users_folder_is_left_alone(bench: Bench, record: Record) -> None:
    record("a")
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in bench.folder.iterdir()}
    bench.run("1")
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in bench.folder.iterdir()} == before


def test_the_report_is_plain_json(bench: Bench, record: Record) -> None:
    record("a")
    bench.run("1")
    report = json.loads((bench.corpus("1").folder / "report.json").read_text(encoding="utf-8"))
    assert report["kept"] == 1
    assert report["settings"]["level"] == -23.0
