"""How alike voices are, told of real speech by the worker's own parts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.decode import decode
from engine.audio.resample import SAMPLE_RATE, resample
from engine.corpus.packed import PackedWriter
from engine.evaluation import SpeakerEncoder
from engine.synthesis.speaker import write_wav
from engine.worker.likeness import Judge
from engine.worker.speakers import Speaker
from engine.worker.voiceprints import KEPT, MOST, ROUNDS, Voiceprints, spread
from tests.corpora import utterance
from workspace.files import write_json
from workspace.layout import Workspace

FRAME = 600  # samples
ALICE, BOB = "S0150", "S0252"  # of AISHELL-1
CLIPS = 10
PART = 3 * SAMPLE_RATE
LONG = 80_000  # bytes of a file: some four seconds
Answer = dict[str, Any]


class Counting(SpeakerEncoder):
    """The encoder, counting the voiceprints that it takes."""

    taken = 0

    def voiceprint_of_speech(self, speech: NDArray[np.float32]) -> NDArray[np.float64]:
        self.taken += 1
        return super().voiceprint_of_speech(speech)


@pytest.fixture(scope="module")
def encoder() -> Iterator[Counting]:
    pytest.importorskip("webrtcvad", reason="needs the evaluation extra")
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the worker: so small a network is slower with more
    yield Counting()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def recordings(shared_dir: Path) -> Callable[[str], list[Path]]:
    """A speaker's, of those that are long enough, in their order."""
    folder = shared_dir / "data/aishell1"
    return lambda name: [
        file for file in sorted((folder / name).glob("*.flac")) if file.stat().st_size > LONG
    ]


def prepare(folder: Path, speaker: str, files: list[Path]) -> None:
    """Recordings as preprocess leaves them."""
    folder.mkdir(parents=True)
    with PackedWriter(folder) as writer:
        for number, file in enumerate(files):
            recording = decode(file)
            wave = resample(recording.wave, recording.rate)
            wave = wave[: len(wave) // FRAME * FRAME]
            about = utterance(number, speaker, ())
            about = replace(about, source=file.name, seconds=len(wave) / SAMPLE_RATE)
            writer.append(about, wave, np.zeros(len(wave) // FRAME * 2, np.float32))


def make_voice(workspace: Workspace, name: str, version: str) -> None:
    """A voice that was made from a prepared dataset, as far as its card goes."""
    folder = workspace.voices / name / "1"
    folder.mkdir(parents=True)
    record = {"job": "j1", "inputs": {version: "0", "base": "0"}}
    write_json(folder / "card.json", {"kind": "voice", "provenance": record})


def make_workspace(root: Path, recordings: Callable[[str], list[Path]]) -> Workspace:
    """Three voices of one speaker, made from many recordings, from two and from a single one."""
    workspace = Workspace(root)
    for name, version, count in (("alice", "v1", CLIPS), ("few", "v2", 2), ("one", "v3", 1)):
        prepare(workspace.prepared / name / version, name, recordings(ALICE)[:count])
        make_voice(workspace, name, version)
    return workspace


@pytest.fixture
def workspace(tmp_path: Path, recordings: Callable[[str], list[Path]]) -> Workspace:
    return make_workspace(tmp_path, recordings)


@pytest.fixture(scope="module")
def judge(
    tmp_path_factory: pytest.TempPathFactory,
    recordings: Callable[[str], list[Path]],
    encoder: Counting,
) -> Judge:
    """One for all who change nothing: he knows the voiceprints that were taken before."""
    return judge_of(make_workspace(tmp_path_factory.mktemp("likeness"), recordings), encoder)


def judge_of(workspace: Workspace, encoder: SpeakerEncoder) -> Judge:
    """A judge who need not load the encoder once more."""
    judge = Judge(workspace)
    judge._voiceprints = Voiceprints(workspace, lambda: encoder)
    return judge


def told(judge: Judge, audio: Path, **whose: Any) -> Answer:
    (line,) = judge.answer({"id": 1, "audio": str(audio), **whose})
    answer: Answer = line["done"]
    return answer


@pytest.mark.shared
def test_a_speaker_is_near_to_its_own_figure_and_another_is_not(
    judge: Judge, recordings: Callable[[str], list[Path]]
) -> None:
    own = [told(judge, file, voice="alice") for file in recordings(ALICE)[CLIPS : CLIPS + 3]]
    other = [told(judge, file, voice="alice") for file in recordings(BOB)[:3]]
    assert {each["clips"] for each in (*own, *other)} == {CLIPS}
    assert all(0.75 < each["real"] < 0.95 for each in (*own, *other))
    beyond = [(each["cosine"] - each["real"]) / each["spread"] for each in own]
    assert abs(np.mean(beyond)) < 2
    assert max((each["cosine"] - each["real"]) / each["spread"] for each in other) < -2


@pytest.mark.shared
def test_what_is_short_is_told_beside_what_is_as_short(
    judge: Judge, recordings: Callable[[str], list[Path]], tmp_path: Path
) -> None:
    whole, short = [], []
    for file in recordings(ALICE)[CLIPS : CLIPS + 3]:
        recording = decode(file)
        wave = resample(recording.wave, recording.rate)
        middle = len(wave) // 2
        write_wav(tmp_path / "short.wav", wave[middle - PART // 2 : middle + PART // 2])
        whole.append(told(judge, file, voice="alice"))
        short.append(told(judge, tmp_path / "short.wav", voice="alice"))
    by_length = [np.mean([e["cosine"] for e in each]) for each in (short, whole)]
    real = [np.mean([e["real"] for e in each]) for each in (short, whole)]
    assert by_length[0] < by_length[1] - 0.02
    assert real[0] < real[1] - 0.02


@pytest.mark.shared
def test_a_recording_is_compared_with_the_others_of_its_speaker(
    judge: Judge, recordings: Callable[[str], list[Path]]
) -> None:
    file = recordings(ALICE)[0]
    whose = {"prepared": "v1", "utterance": "alice-0"}
    others = told(judge, file, recording=whose)
    assert others["clips"] == CLIPS - 1
    assert others["cosine"] < told(judge, file, voice="alice")["cosine"]  # where it is among them
    gone = told(judge, file, recording={**whose, "utterance": "alice-99"})
    assert gone == {"why": "not prepared"}


@pytest.mark.shared
def test_voiceprints_of_a_speaker_are_taken_once(
    workspace: Workspace, encoder: Counting, recordings: Callable[[str], list[Path]]
) -> None:
    file = recordings(ALICE)[CLIPS]
    before = encoder.taken
    first = told(judge_of(workspace, encoder), file, voice="few")
    taken = 2 * first["clips"]  # whole and cut
    assert encoder.taken == before + taken + 1
    (kept,) = workspace.voiceprints.iterdir()
    again = judge_of(workspace, encoder)  # as after the worker's end
    assert told(again, file, voice="few") == told(again, file, voice="few") == first
    assert encoder.taken == before + taken + 3

    kept.write_bytes(kept.read_bytes()[:-9])
    assert told(judge_of(workspace, encoder), file, voice="few") == first
    assert encoder.taken == before + 2 * taken + 4


@pytest.mark.shared
def test_other_recordings_under_the_same_version_are_other_voiceprints(
    workspace: Workspace, encoder: Counting, recordings: Callable[[str], list[Path]]
) -> None:
    taker = Voiceprints(workspace, lambda: encoder)
    speaker = Speaker("few", (workspace.prepared / "few/v2",))
    before = taker.of_speaker(speaker, 2.0)
    manifest = workspace.prepared / "few/v2/manifest.jsonl"
    first = json.loads(manifest.read_bytes().splitlines()[0])
    manifest.write_text(json.dumps(first, ensure_ascii=False) + "\n", encoding="utf-8")
    after = taker.of_speaker(speaker, 2.0)
    assert (len(set(before.sources)), len(set(after.sources))) == (2, 1)
    assert len(list(workspace.voiceprints.iterdir())) == 2


@pytest.mark.shared
def test_what_tells_too_little_has_no_figure(
    judge: Judge, recordings: Callable[[str], list[Path]], tmp_path: Path
) -> None:
    recording = decode(recordings(ALICE)[CLIPS])
    wave = resample(recording.wave, recording.rate)
    middle = len(wave) // 2
    write_wav(tmp_path / "short.wav", wave[middle - SAMPLE_RATE // 2 : middle + SAMPLE_RATE // 2])
    short = told(judge, tmp_path / "short.wav", voice="alice")
    assert set(short) == {"why"} and short["why"].startswith("too short, ")
    write_wav(tmp_path / "silence.wav", np.zeros(2 * SAMPLE_RATE, np.float32))
    assert told(judge, tmp_path / "silence.wav", voice="alice") == {"why": "no speech"}

    of_two = told(judge, recordings(ALICE)[CLIPS], voice="few")
    assert (of_two["spread"], of_two["clips"]) == (None, 2)
    of_one = told(judge, recordings(ALICE)[0], recording={"prepared": "v2", "utterance": "few-0"})
    assert of_one == {"why": "no other recordings"}


@pytest.mark.shared
def test_a_single_recording_stands_for_two_by_its_halves(
    judge: Judge, recordings: Callable[[str], list[Path]]
) -> None:
    found = told(judge, recordings(ALICE)[CLIPS], voice="one")
    assert (found["spread"], found["clips"]) == (None, 2)
    assert 0.7 < found["cosine"] < found["real"] + 0.05 < 1
    itself = {"prepared": "v3", "utterance": "one-0"}
    alone = told(judge, recordings(ALICE)[0], recording=itself)
    assert alone == {"why": "no other recordings"}


@pytest.mark.shared
def test_only_the_latest_speakers_are_kept(
    workspace: Workspace, encoder: Counting, recordings: Callable[[str], list[Path]]
) -> None:
    workspace.voiceprints.mkdir(parents=True)
    for number in range(KEPT):
        (workspace.voiceprints / f"{number}.safetensors").touch()
    told(judge_of(workspace, encoder), recordings(ALICE)[CLIPS], voice="one")
    assert len(list(workspace.voiceprints.iterdir())) == KEPT


def test_recordings_are_taken_from_all_over() -> None:
    assert spread([1, 2, 3], 3) == spread([1, 2, 3], 9) == [1, 2, 3]
    assert spread(range(10), 5) == [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]
    of_many = spread(range(100 * MOST), MOST)
    assert of_many[:MOST] == list(range(0, 100 * MOST, 100))
    assert len(set(of_many)) == ROUNDS * MOST


LACKING = """
import sys
sys.modules["resemblyzer"] = None  # what importing it meets where it is not installed
from engine.worker.likeness import main
code = main(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""


def test_the_worker_says_what_lacks_and_loads_nothing_for_that(
    tmp_path: Path, repository: Path, voice: Callable[..., NDArray[np.float32]]
) -> None:
    workspace = Workspace(tmp_path)
    make_voice(workspace, "alice", "v1")
    (workspace.prepared / "alice/v1").mkdir(parents=True)
    with PackedWriter(workspace.prepared / "alice/v1") as writer:
        writer.append(
            replace(utterance(1, "alice", ()), seconds=0.025),
            np.zeros(FRAME, np.float32), np.zeros(2, np.float32),
        )  # fmt: skip
    write_wav(tmp_path / "a.wav", voice(2.0))
    asked = [{"id": number, "audio": str(tmp_path / "a.wav"), "voice": name}
             for number, name in enumerate(("yue", "alice", "nobody"))]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", LACKING, str(tmp_path)], cwd=repository, check=True, timeout=60,
        input="".join(json.dumps(each) + "\n" for each in asked), capture_output=True, text=True,
    )  # fmt: skip
    ready, of_base, lacking, nobody = (json.loads(line) for line in done.stdout.splitlines())
    assert ready["ready"]["pid"]
    assert of_base["done"] == {"why": "no recordings (base)"}
    assert lacking["done"] == {"needs": "pip install 'yinfang[evaluation]'"}
    assert "no voice is called 'nobody'" in nobody["error"] and nobody["fix"]
    assert "torch" not in done.stderr.split()
