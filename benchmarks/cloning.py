"""How alike a clone is to who was cloned, and whether a known voice can be found again.

    pip install 'yinfang[engine,evaluation]'
    python -m benchmarks.cloning small [--seconds 60] [--fit style,gains] [--json]
    python -m benchmarks.cloning invert [--steps 300] [--json]

`small` clones speakers whom the base never heard from so many seconds of their speech, as a user
would (the `clone` job), speaks the texts of ten held-out clips, and compares voiceprints with those
clips: as a share of what the speaker's own clips reach among each other, and beside the cosine to
every other speaker. Only S0150 has a minute of such speech; it is cloned from `--takes` disjoint
references. AISHELL-3's speakers have one clip of a few seconds each: `--speakers aishell3` clones
each of them from its clip.

`invert` speaks with a known voice tensor on the 82M graph and finds the tensor again from the
audio alone, from the mean voice on. The published weights cannot be had here: they are random, of
the published shape, unless `--weights` names a base's folder; the voice tensors are the published
ones.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.audio.decode import decode
from engine.audio.mel import SAMPLE_RATE, normalized_mel
from engine.audio.resample import resample
from engine.bases.make import HELD_OUT
from engine.corpus.open_corpora import entries
from engine.corpus.source import SourceEntry
from engine.evaluation.speaker import (
    SpeakerEncoder,
    real_to_real,
    similarity,
)
from engine.model.base import Base
from engine.model.config import KOKORO
from engine.model.graph import Kokoro, alignment_from_durations, round_durations
from engine.model.published import load_voice
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import load_speaker
from engine.text import Frontend
from engine.training.align import VOCABULARY
from engine.training.clone import CloneSettings
from engine.training.losses import spectral_losses
from engine.worker import clone
from workspace.bases import SHIPPED
from workspace.layout import CONFIG_NAME, Workspace
from workspace.run import EventLog, JobFile
from workspace.settings import read_config

HELD_OUT_CLIPS = 10
SEED = 11
Wave = NDArray[np.float32]
"""(samples,) float32, 24 kHz."""


@dataclass(frozen=True)
class Take:
    """One clone of one speaker, judged.

    Attributes:
        speaker: who.
        seconds: of the reference.
        cosine: mean of the clone's sentences to the speaker's held-out clips.
        real: mean among those clips, or of the single clip's halves.
        nearest_other: the highest mean cosine to anybody else.
        job_seconds: that the whole job took.
        measures: the job's own.
    """

    speaker: str
    seconds: float
    cosine: float
    real: float
    nearest_other: float
    job_seconds: float
    measures: dict[str, Any]

    @property
    def share(self) -> float:
        return self.cosine / self.real


def main() -> None:
    options = _options()
    torch.set_num_threads(options.threads)
    results = small(options) if options.what == "small" else invert(options)
    print(json.dumps(results, ensure_ascii=False, indent=1) if options.json else _text(results))


def small(options: argparse.Namespace) -> dict[str, Any]:
    """Clones of unheard speakers on a small base."""
    encoder = SpeakerEncoder()
    listed = list(entries(options.shared / "data"))
    others = _others(encoder, listed)
    jobs = (
        _single_clips(encoder, listed)
        if options.speakers == "aishell3"
        else _takes(encoder, listed, options.seconds, options.takes)
    )
    takes = []
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        defaults = Path(__file__).parents[1] / CONFIG_NAME
        workspace.config.write_bytes(defaults.read_bytes())
        for number, (speaker, reference, texts, prints, real) in enumerate(jobs):
            started = time.perf_counter()
            outputs = _clone(workspace, f"take{number}", reference, options)
            spent = time.perf_counter() - started
            voice = load_speaker(workspace, f"take{number}", SynthesisSettings())
            made = encoder.voiceprints([voice.whole(text) for text in texts])
            rest = [similarity(made, own) for name, own in others.items() if name != speaker]
            card = json.loads((workspace.root / outputs["voice"] / "card.json").read_text())
            takes.append(
                Take(
                    speaker=speaker,
                    seconds=60 * card["data"]["minutes"],
                    cosine=similarity(made, prints),
                    real=real,
                    nearest_other=max(rest),
                    job_seconds=spent,
                    measures=outputs["measures"],
                )
            )
            if not options.json:
                print(_line(takes[-1]), flush=True)
    return {
        "base": Base.open(options.folder or SHIPPED / "small").hash,
        "fit": options.fit,
        "takes": [{**asdict(take), "share": take.share} for take in takes],
        "mean share": float(np.mean([take.share for take in takes])),
        "above every other speaker": sum(take.cosine > take.nearest_other for take in takes),
        "mean job, s": float(np.mean([take.job_seconds for take in takes])),
    }


def _takes(
    encoder: SpeakerEncoder, listed: Sequence[SourceEntry], seconds: float, count: int
) -> list[tuple[str, list[SourceEntry], list[str], NDArray[np.float64], float]]:
    """Disjoint references of the held-out speaker, and held-out clips none of them shares."""
    own = [e for e in listed if e.speaker.endswith(HELD_OUT) and _plain(e.text)]
    order = np.random.default_rng(SEED).permutation(len(own))
    held_out = [own[i] for i in order[:HELD_OUT_CLIPS]]
    waves = {entry.id: _loaded(entry) for entry in (own[i] for i in order)}
    prints = encoder.voiceprints([waves[entry.id] for entry in held_out])
    texts = [entry.text or "" for entry in held_out]
    rest = [own[i] for i in order[HELD_OUT_CLIPS:]]
    takes = []
    for _ in range(count):
        reference = _as_long_as(seconds, rest, waves)
        rest = [entry for entry in rest if entry not in reference]
        takes.append((reference[0].speaker, reference, texts, prints, real_to_real(prints)))
    return takes


def _as_long_as(
    seconds: float, entries: Sequence[SourceEntry], waves: dict[str, Wave]
) -> list[SourceEntry]:
    """Recordings that are together nearly so long, and not longer: more would be left out."""
    chosen: list[SourceEntry] = []
    room = int(seconds * SAMPLE_RATE)
    for entry in reversed(entries):
        if len(waves[entry.id]) <= room:
            chosen.append(entry)
            room -= len(waves[entry.id])
    return chosen


def _single_clips(
    encoder: SpeakerEncoder, listed: Sequence[SourceEntry]
) -> list[tuple[str, list[SourceEntry], list[str], NDArray[np.float64], float]]:
    """Each AISHELL-3 speaker's only clip: reference and target at once, so no held-out figure."""
    texts = [e.text or "" for e in listed if e.speaker.endswith(HELD_OUT) and _plain(e.text)]
    takes = []
    for entry in (e for e in listed if e.set == "aishell3"):
        wave = _loaded(entry)
        halves = encoder.voiceprints(np.array_split(wave, 2))
        prints = encoder.voiceprints([wave])
        takes.append((entry.speaker, [entry], texts[:HELD_OUT_CLIPS], prints, real_to_real(halves)))
    return takes


def _others(
    encoder: SpeakerEncoder, listed: Sequence[SourceEntry]
) -> dict[str, NDArray[np.float64]]:
    """Voiceprints of every speaker of the Mandarin sets, up to ten clips each."""
    found: dict[str, list[SourceEntry]] = {}
    for entry in listed:
        if entry.set in ("aishell1", "aishell3", "audio-cmn"):
            found.setdefault(entry.speaker, []).append(entry)
    chosen = {
        name: [own[i] for i in np.linspace(0, len(own) - 1, min(len(own), 10)).astype(int)]
        for name, own in found.items()
    }
    return {
        name: encoder.voiceprints([_loaded(entry) for entry in own]) for name, own in chosen.items()
    }


def _clone(
    workspace: Workspace, voice: str, reference: Sequence[SourceEntry], options: argparse.Namespace
) -> dict[str, Any]:
    folder = workspace.run(voice)
    folder.mkdir(parents=True)
    files = [{"audio": str(entry.audio), "text": entry.text, "pinyin": None} for entry in reference]
    settings = {
        **json.loads(options.settings), "fit_small": options.fit.split(","),
        "threads": options.threads, "shortest_seconds": 1.0, "longest_seconds": 60.0,
    }  # fmt: skip
    if options.folder:
        (workspace.models / "base").parent.mkdir(exist_ok=True)
        if not (workspace.models / "base").exists():
            (workspace.models / "base").symlink_to(options.folder.resolve())
    spec = {"voice": voice, "version": "1", "references": files, "settings": settings}
    config = read_config(workspace.config)
    job = JobFile(
        id=voice, kind="clone", spec=spec, workspace=str(workspace.root), seed=1, config=config
    )
    job.write(folder)
    outputs: dict[str, Any] = clone.run(job, folder, EventLog(folder))
    return outputs


def invert(options: argparse.Namespace) -> dict[str, Any]:
    """Find a published voice tensor again from speech that the 82M graph made with it."""
    graph, weights = _graph(options)
    rows = {
        path.stem: load_voice(path, graph.config.style_dim)
        for path in sorted((options.shared / "models/kokoro/voices").glob("*.bin"))
    }
    frontend = Frontend(VOCABULARY)
    ids = frontend.phonemize(options.text).ids
    tokens = torch.tensor([[0, *ids, 0]])
    styles = {name: style.flatten(1)[len(ids) - 1] for name, style in rows.items()}
    true = styles[options.voice]
    mean = torch.stack(list(styles.values())).mean(0)
    target = _speech(graph, tokens, true, true)
    fitted, losses = _fitted(graph, tokens, target, true, mean, options)
    start = _mel_distance(_speech(graph, tokens, true, mean), target)
    end = _mel_distance(_speech(graph, tokens, true, fitted), target)
    return {
        "weights": weights,
        "voice": options.voice,
        "frames of 25 ms": target.shape[-1] // 600,
        "steps": options.steps,
        "loss, first and last": [losses[0], losses[-1]],
        "mel distance of the mean voice": start,
        "mel distance of the fitted one": end,
        "fall": 1 - end / start,
        "style distance: mean to true, fitted to true": [
            float((mean - true).norm()),
            float((fitted - true).norm()),
        ],
    }


def _graph(options: argparse.Namespace) -> tuple[Kokoro, str]:
    if options.weights:
        base = Base.open(options.weights)
        return base.load().graph.requires_grad_(False), f"{base.name} {base.hash[:12]}"
    torch.manual_seed(SEED)
    graph = Kokoro(KOKORO).eval().requires_grad_(False)
    return graph, f"random, seed {SEED}, {sum(p.numel() for p in graph.parameters()):,} parameters"


def _speech(graph: Kokoro, tokens: Tensor, timing: Tensor, style: Tensor) -> Tensor:
    """(1, samples): in a style, with the durations that `timing` gives, noise always the same."""
    size = graph.config.style_dim
    lengths = torch.tensor([tokens.shape[1]])
    text = graph.encode_text(tokens, lengths)
    with torch.no_grad():
        durations = round_durations(graph.durations(text, timing[None, size:], lengths)[0])
    _, encoded = graph.durations(text, style[None, size:], lengths)
    aligned, frames = alignment_from_durations(durations), durations.sum(1)
    prosody = graph.prosody(encoded, aligned, style[None, size:], frames)
    torch.manual_seed(SEED)
    return graph.decode(text, aligned, prosody.f0, prosody.energy, style[None, :size], frames)


def _fitted(
    graph: Kokoro,
    tokens: Tensor,
    target: Tensor,
    timing: Tensor,
    start: Tensor,
    options: argparse.Namespace,
) -> tuple[Tensor, list[float]]:
    """Both halves of the style by Adam on the spectral losses of the whole utterance."""
    style = nn.Parameter(start.clone())
    optimizer = torch.optim.Adam([style], lr=options.rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    target, losses = target.detach(), []
    for _ in range(options.steps):
        loss = torch.stack(
            list(spectral_losses(_speech(graph, tokens, timing, style), target).values())
        ).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return style.detach(), losses


@torch.no_grad()
def _mel_distance(made: Tensor, target: Tensor) -> float:
    """Mean absolute difference of normalised log mels."""
    return float((normalized_mel(made) - normalized_mel(target)).abs().mean())


def _loaded(entry: SourceEntry) -> Wave:
    recording = decode(entry.audio)
    return resample(recording.wave, recording.rate)


def _plain(text: str | None) -> bool:
    return bool(text) and all("\u4e00" <= char <= "\u9fff" for char in text or "")


def _line(take: Take) -> str:
    return (
        f"{take.speaker:<18} {take.seconds:5.1f} s  cosine {take.cosine:.3f} of {take.real:.3f}: "
        f"{take.share:.3f}; nearest other {take.nearest_other:.3f}; job {take.job_seconds:.0f} s"
    )


def _text(results: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in results.items() if name != "takes")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("small", "invert"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--folder", type=Path, help="small: a base's folder, not the shipped one")
    parser.add_argument("--seconds", type=float, default=60.0, help="small: of each reference")
    parser.add_argument("--takes", type=int, default=3, help="small: references of S0150")
    parser.add_argument("--speakers", choices=("s0150", "aishell3"), default="s0150")
    fitted = ",".join(CloneSettings().fit_small)
    parser.add_argument("--fit", default=fitted, help="small: what is fitted")
    parser.add_argument("--settings", default="{}", help="small: of [clone], as JSON")
    parser.add_argument("--weights", type=Path, help="invert: a base's folder, not random weights")
    parser.add_argument("--voice", default="zf_xiaobei", help="invert: a published voice")
    parser.add_argument("--text", default="今天天气很好。", help="invert: what is said")
    parser.add_argument("--steps", type=int, default=300, help="invert")
    parser.add_argument("--rate", type=float, default=0.02, help="invert: learning rate")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
