"""How good the base speaks, and a voice made from minutes of recordings: held-out data, real ears.

    pip install 'yinfang[engine,evaluation]'
    python -m benchmarks.voice_quality base [--test WORK/test] [--json]
    python -m benchmarks.voice_quality specialist [--seconds 300] [--json]

`base` speaks 50 transcripts of a speaker whom the base never heard and has them recognised beside
the recordings; with `--test` (what `engine.bases.make` held out) it also compares held-out
utterances with copies from their true prosody and with full text-to-speech. `specialist` runs the
preprocess and stage2 jobs on so many seconds of that speaker, and judges held-out sentences.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.audio.mel import normalized_mel
from engine.bases.make import HELD_OUT
from engine.corpus.manifest import Utterance
from engine.corpus.packed import PackedCorpus
from engine.evaluation import Ears, Evaluation, Pair, Recogniser, SpeakerEncoder, evaluate
from engine.evaluation.report import Kind
from engine.model.base import Base, SpeechModel, find_base, load_style
from engine.model.config import CURVES_PER_FRAME
from engine.model.graph import alignment_from_durations, round_durations
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import Speaker, load_voice_model
from engine.text import Frontend, TextError
from engine.training.align import VOCABULARY
from engine.training.batches import Recording, TrainingSet, energy_of, hertz
from engine.worker import preprocess, stage2
from workspace.layout import CONFIG_NAME, Workspace
from workspace.run import EventLog, JobFile

SPOKEN = 50  # transcripts spoken by the base
OTHERS = 60  # of the rest: what choices are made on, so that the 50 stay untouched
HELD_OUT_SENTENCES = 30  # of the specialist's speaker, never trained on
FRAME_SECONDS = 0.025
SPEAKER = "audio-cmn-hsk"
JUDGED: tuple[Kind, ...] = ("copy", "full")
BASE_SPEAKERS = ("S0252",)  # whose sentences the base was trained on


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    if options.what == "base":
        results = base_quality(options)
    else:
        results = specialist_quality(options)
    if options.json:
        print(json.dumps(results, ensure_ascii=False, indent=1))
    else:
        _print(results)


def base_quality(options: argparse.Namespace) -> dict[str, Any]:
    """Intelligibility of the base, and distortion of its own held-out utterances."""
    base = (
        find_base(Path("models"), options.base) if not options.folder else Base.open(options.folder)
    )
    model = base.load()
    results: dict[str, Any] = {"base": base.hash}
    recordings = recordings_of(options.shared)
    heard = {
        text for speaker in BASE_SPEAKERS for _, text in recordings_of(options.shared, speaker)
    }
    recordings = [(audio, text) for audio, text in recordings if text not in heard]
    chosen = [recordings[i] for i in np.linspace(0, len(recordings) - 1, SPOKEN).astype(int)]
    if options.others:
        others = [recording for recording in recordings if recording not in chosen]
        chosen = [others[i] for i in np.linspace(0, len(others) - 1, OTHERS).astype(int)]
    rest = [text for _, text in recordings if text not in {t for _, t in chosen}]
    ears = Ears(
        recogniser=Recogniser(options.shared / "models"), language_model="words", distractors=rest
    )
    for voice, path in base.voices().items():
        if options.voice and voice != options.voice:
            continue
        style = load_style(path, base.config)
        speaker = Speaker(model.graph, style, Frontend(base.vocabulary), SynthesisSettings())
        pairs = [
            Pair(
                name=audio.stem,
                text=text,
                reference=_loaded(audio),
                synthesised=speaker.whole(text),
            )
            for audio, text in chosen
        ]
        results[f"spoken by {voice}"] = _values(evaluate(pairs, "full", ears))
    if options.test:
        corpus = PackedCorpus(options.test)
        items = [u for u in corpus.utterances if u.speaker == SPEAKER]
        style = load_style(base.voices()["yue"], base.config).flatten()
        for kind in JUDGED:
            pairs = list(_pairs(model, style, corpus, items, kind == "copy"))
            results[f"{SPEAKER}, held out, {kind}"] = _values(evaluate(pairs, kind))
    return results


def specialist_quality(options: argparse.Namespace) -> dict[str, Any]:
    """A voice from `--seconds` of the held-out speaker, judged on sentences it never saw."""
    recordings = recordings_of(options.shared)
    apart = set(np.linspace(0, len(recordings) - 1, HELD_OUT_SENTENCES).astype(int).tolist())
    test = [recordings[i] for i in sorted(apart)]
    train = [r for i, r in enumerate(recordings) if i not in apart]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        shutil.copyfile(Path(__file__).parents[1] / CONFIG_NAME, workspace.config)
        if options.folder:
            shutil.copytree(options.folder, workspace.models / "base")
        used = _copy(train, workspace.datasets / "target", options.seconds)
        _copy(test, workspace.datasets / "test", np.inf)
        started = time.perf_counter()
        prepared = _run(workspace, "preprocess", "target", {})["prepared"]
        prepared_at = time.perf_counter()
        settings = json.loads(options.settings) if options.settings else {}
        outputs = _run(workspace, "stage2", "target", {"prepared": prepared, "settings": settings})
        ended = time.perf_counter()
        held_out = _run(workspace, "preprocess", "test", {})["prepared"]
        corpus = PackedCorpus(workspace.root / held_out)
        voice = workspace.root / outputs["voice"]
        base, model = load_voice_model(workspace.models, voice)
        style = load_style(voice / "voice.safetensors", base.config).flatten()
        ears = Ears(
            recogniser=Recogniser(options.shared / "models"),
            language_model="words",
            distractors=[text for _, text in train],
            speaker_encoder=SpeakerEncoder(),
        )
        judged = {}
        for kind in JUDGED:
            pairs = list(_pairs(model, style, corpus, list(corpus.utterances), kind == "copy"))
            judged[f"held out, {kind}"] = _values(
                evaluate(pairs, kind, None if kind == "copy" else ears)
            )
        return {
            "seconds of speech": used,
            "preprocess, s": prepared_at - started,
            "stage 2, s": ended - prepared_at,
            "training": {k: v for k, v in outputs.items() if k != "voice"},
            **judged,
        }


def recordings_of(shared: Path, speaker: str = HELD_OUT) -> list[tuple[Path, str]]:
    """A speaker's recordings whose transcript is plain hanzi; by default the held-out one's."""
    frontend = Frontend(VOCABULARY)
    found = []
    for audio in sorted((shared / "data/aishell1" / speaker).glob("*.flac")):
        text = audio.with_suffix(".txt").read_text(encoding="utf-8-sig").strip()
        try:
            spoken = frontend.phonemize(text)
        except TextError:
            continue
        if not spoken.notes and all("\u4e00" <= char <= "\u9fff" for char in text):
            found.append((audio, text))
    return found


def _pairs(
    model: SpeechModel,
    style: torch.Tensor,
    corpus: PackedCorpus,
    items: Sequence[Utterance],
    copy: bool,
) -> Iterator[Pair]:
    reader = TrainingSet([corpus], 1)
    for utterance in items:
        if not utterance.durations:
            continue
        real = reader.recording((0, utterance))
        wave, durations = _spoken(model, style, real, copy)
        yield Pair(
            name=utterance.id,
            text=utterance.text,
            reference=real.wave,
            synthesised=wave,
            reference_durations=_phones(utterance, real.durations),
            synthesised_durations=_phones(utterance, durations),
        )


def _phones(utterance: Utterance, durations: np.ndarray) -> np.ndarray:
    """Seconds of each initial and each final, the tone counted with its final."""
    phones = []
    for syllable in utterance.syllables:
        first = durations[1 + syllable.start : 2 + syllable.start].sum()
        rest = durations[2 + syllable.start : 1 + syllable.end].sum()
        phones += [first, rest] if syllable.end - syllable.start > 2 else [first + rest]
    return np.array(phones) * FRAME_SECONDS


@torch.inference_mode()
def _spoken(
    model: SpeechModel, style: torch.Tensor, real: Recording, copy: bool
) -> tuple[np.ndarray, np.ndarray]:
    torch.manual_seed(0)
    graph, size = model.graph, model.config.style_dim
    tokens = torch.from_numpy(real.tokens)[None]
    length = torch.tensor([tokens.shape[1]])
    acoustic, prosodic = style[None, :size], style[None, size:]
    text = graph.encode_text(tokens, length)
    logits, encoded = graph.durations(text, prosodic, length)
    durations = torch.from_numpy(real.durations)[None] if copy else round_durations(logits)
    aligned, frames = alignment_from_durations(durations), durations.sum(1)
    if copy:
        f0 = torch.from_numpy(hertz(real))[None]
        energy = energy_of(normalized_mel(torch.from_numpy(real.wave)))[None]
    else:
        prosody = graph.prosody(encoded, aligned, prosodic, frames)
        f0, energy = prosody.f0, prosody.energy
    assert f0.shape[-1] == CURVES_PER_FRAME * int(frames)
    wave = graph.decode(text, aligned, f0, energy, acoustic, frames)
    return wave[0].numpy(), durations[0].numpy()


def _copy(recordings: Sequence[tuple[Path, str]], folder: Path, seconds: float) -> float:
    """Recordings into a dataset folder, until they last so long; returns how long."""
    import soundfile

    folder.mkdir(parents=True)
    total = 0.0
    for audio, text in recordings:
        if total >= seconds:
            break
        total += soundfile.info(audio).duration
        shutil.copyfile(audio, folder / audio.name)
        (folder / audio.with_suffix(".txt").name).write_text(text, encoding="utf-8")
    return total


def _run(workspace: Workspace, kind: str, dataset: str, spec: dict[str, Any]) -> dict[str, Any]:
    folder = workspace.run(f"{kind}-{dataset}")
    folder.mkdir(parents=True)
    order = {
        "dataset": dataset, "folder": f"datasets/{dataset}", "role": "specialist", "version": "1",
        "previous": None, "base": "newest", "voice": dataset, **spec,
    }  # fmt: skip
    job = JobFile(id=folder.name, kind=kind, spec=order, workspace=str(workspace.root), seed=1)
    job.write(folder)
    module = {"preprocess": preprocess, "stage2": stage2}[kind]
    outputs: dict[str, Any] = module.run(job, folder, EventLog(folder))
    return outputs


def _loaded(audio: Path) -> np.ndarray:
    from engine.audio.decode import decode
    from engine.audio.resample import resample

    recording = decode(audio)
    return resample(recording.wave, recording.rate)


def _values(evaluation: Evaluation) -> dict[str, Any]:
    rows = {name: asdict(value) for name, value in evaluation.measures.items()}
    return {"utterances": evaluation.utterances, **rows, "skipped": len(evaluation.skipped)}


def _print(results: dict[str, Any]) -> None:
    for name, value in results.items():
        if not isinstance(value, dict):
            print(f"{name}: {value}")
            continue
        print(f"\n{name}")
        for measure, row in value.items():
            if isinstance(row, dict) and "mean" in row:
                print(f"  {measure:28}{row['mean']:9.3f}  ({row['low']:.3f} to {row['high']:.3f})")
            else:
                print(f"  {measure:28}{row}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("base", "specialist"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--base", default="small")
    parser.add_argument("--folder", type=Path, help="a base's folder, instead of --base")
    parser.add_argument("--test", type=Path, help="held-out utterances of the base's corpus")
    parser.add_argument(
        "--others", action="store_true", help="speak other sentences than those that the bar is on"
    )
    parser.add_argument("--voice", default="", help="of the base, instead of all of them")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--settings", default="", help="of [stage2], as JSON")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
