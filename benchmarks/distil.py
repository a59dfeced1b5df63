"""Whether Mamba blocks distilled from LSTMs speak as these do: durations, F0, a recogniser's ears.

    pip install 'yinfang[engine,evaluation]'
    python -m benchmarks.distil WORK --prepared PREPARED... [--shared ../shared] [--json]
    python -m benchmarks.distil WORK --size kokoro [--steps 600]

The teacher of the small size really speaks: the shipped base with fresh LSTMs in its duration
encoder, whose predictor is trained on real recordings (PREPARED: aligned corpora, as
`engine.bases.make` leaves them) with the prosodic losses of stage 1. The distil job makes a student
of it from text alone, and both speak sentences that neither has seen. The teacher of Kokoro's size
has random weights: it says whether the recipe converges at that size, nothing about speech.

WORK keeps the teacher and the run, so that the command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.bases.make import SHARES
from engine.corpus.packed import PackedCorpus
from engine.evaluation import Recogniser, error_rate, statistic, toneless_syllables
from engine.model.base import (
    VOICES_FOLDER,
    Base,
    SpeechModel,
    find_base,
    load_style,
    read_card,
    save_base,
    save_style,
)
from engine.model.config import CURVES_PER_FRAME, KOKORO
from engine.model.graph import alignment_from_durations
from engine.model.published import load_voice
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import Speaker
from engine.text import Frontend
from engine.training.align import ALIGNER_FILE, VOCABULARY
from engine.training.batches import Batch, TrainingSet
from engine.training.losses import Losses, curve_losses, duration_losses
from engine.training.settings import Stage1Settings
from engine.training.stages import Generalist
from engine.training.texts import read_texts
from engine.training.trainer import Trainer
from engine.worker import distil
from workspace.files import folder_atomic, write_atomic
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile

SEED = 1
SPOKEN = 200  # sentences that teacher and student are heard with
LSTMS = ("lstm", "lstm", "lstm")
TEACHER, STUDENT = "teacher", "student"
LAYER_BAR = 0.05  # of variance, for Kokoro's size
# What a random teacher says behind its encoder is not worth learning; and its LSTMs are so nearly
# linear that the first fit is most of the way, from which large steps lead away.
RANDOM_TEACHER = {
    "layerwise_share": 1.0, "batch_size": 4, "styles_per_text": 4, "learning_rate": 5e-4,
    "checkpoint_every": 100,
}  # fmt: skip
RANDOM_VOICED = 150.0  # Hz around which a random teacher's F0 lies, so that there is one


def main() -> None:
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    workspace = Workspace(options.work.resolve())
    workspace.models.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {"size": options.size}
    if not (workspace.models / TEACHER).exists():
        started = time.perf_counter()
        if options.size == "kokoro":
            random_teacher(workspace.models / TEACHER, options.shared)
        else:
            results["teacher trained"] = speaking_teacher(workspace, options)
        results["teacher, s"] = time.perf_counter() - started
    spoken = choose_texts(workspace, options.shared / "data/sentences.tsv")
    results |= distilled(workspace, options)
    if options.size == "small":
        results |= heard(workspace, spoken, options.shared)
    if options.json:
        print(json.dumps(results, ensure_ascii=False, indent=1))
    else:
        for name, value in results.items():
            print(f"{name}: {value}")


class Prosodist(Generalist):
    """Stage 1 of the predictor alone: durations, F0 and energy; the decoder is not run."""

    def losses(self, batch: Batch) -> Losses:
        graph = self.model.graph
        with torch.no_grad():
            style = self.model.style_encoder(
                batch.reference_mel, batch.reference_f0, batch.reference_lengths
            )
            text = graph.encode_text(batch.tokens, batch.token_lengths)
        prosodic = style[:, graph.config.style_dim :]
        logits, encoded = graph.durations(text, prosodic, batch.token_lengths)
        frames = batch.energy.shape[-1] // CURVES_PER_FRAME
        alignment = alignment_from_durations(batch.durations, frames)
        made = graph.prosody(encoded, alignment, prosodic, batch.frame_lengths)
        parts = duration_losses(logits, batch.durations, text.mask)
        parts |= curve_losses(made.f0, made.log_f0, made.voicing, made.energy, batch)
        weights = self.settings.losses
        total = torch.stack([getattr(weights, name) * value for name, value in parts.items()]).sum()
        return Losses(total, parts)


def speaking_teacher(workspace: Workspace, options: argparse.Namespace) -> dict[str, float]:
    """A base whose duration encoder has LSTMs that learned from recordings; its measures."""
    base = find_base(workspace.models, "small")
    model = _with_lstms(base)
    settings = Stage1Settings(
        steps=options.teacher_steps, checkpoint_every=options.teacher_steps, rate_share=0.35,
        crop_frames=4, warmup_steps=30,
    )  # fmt: skip
    corpora = [PackedCorpus(folder) for folder in options.prepared]
    weights = [SHARES[folder.name] for folder in options.prepared]
    data = TrainingSet(corpora, settings.validation_utterances, settings.longest_seconds, weights)
    model.requires_grad_(False)
    model.graph.predictor.requires_grad_(True)
    task = Prosodist(model, data, settings, SEED, lambda model, style, text, path: path.touch())
    folder = workspace.run(TEACHER)
    folder.mkdir(parents=True, exist_ok=True)
    result = Trainer(task, settings, folder, EventLog(folder), SEED).run()
    card = {
        "kind": "base",
        "base": base.name,
        "default_voice": read_card(base.folder)["default_voice"],
    }
    with folder_atomic(workspace.models / TEACHER) as temporary:
        save_base(temporary, model, "small", base.vocabulary, card)
        shutil.copyfile(base.folder / ALIGNER_FILE, temporary / ALIGNER_FILE)
        shutil.copytree(base.folder / VOICES_FOLDER, temporary / VOICES_FOLDER)
    return result.measures


def _with_lstms(base: Base) -> SpeechModel:
    """The base's model, but for fresh LSTMs in the duration encoder."""
    torch.manual_seed(SEED)
    model = SpeechModel(base.config.model_copy(update={"duration_encoder": LSTMS}))
    fresh = model.state_dict()
    places = tuple(f"graph.predictor.text_encoder.lstms.{2 * i}." for i in range(len(LSTMS)))
    kept = {n: t for n, t in base.load().state_dict().items() if not n.startswith(places)}
    model.load_state_dict({**fresh, **kept})
    return model


def random_teacher(destination: Path, shared: Path) -> None:
    """Kokoro's shape with random weights, and the published voices."""
    torch.manual_seed(SEED)
    model = SpeechModel(KOKORO).eval()
    model.style_encoder_trained = False
    assert model.graph.predictor.F0_proj.bias is not None
    torch.nn.init.constant_(model.graph.predictor.F0_proj.bias, RANDOM_VOICED)
    with folder_atomic(destination) as temporary:
        card = {"kind": "base", "weights": "random"}
        save_base(temporary, model, "kokoro", VOCABULARY, card, half=False)
        for voice in sorted((shared / "models/kokoro/voices").glob("*.bin")):
            save_style(temporary / VOICES_FOLDER / f"{voice.stem}.safetensors", load_voice(voice))


def choose_texts(workspace: Workspace, sentences: Path) -> list[str]:
    """The sentences to be heard; the others become the distillation's texts."""
    # some have a Latin letter in them, which the recogniser has no reading of
    texts = [t for t in read_texts(sentences) if all("\u4e00" <= char <= "\u9fff" for char in t)]
    places = np.linspace(0, len(texts) - 1, SPOKEN).astype(int).tolist()
    spoken = [texts[place] for place in places]
    rest = [text for text in texts if text not in set(spoken)]
    write_atomic(workspace.root / "texts.txt", "\n".join(rest) + "\n")
    return spoken


def distilled(workspace: Workspace, options: argparse.Namespace) -> dict[str, Any]:
    """Run the distil job; its measures, and how long it took."""
    folder = workspace.run(STUDENT)
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"threads": options.threads} | json.loads(options.settings)
    if options.steps:
        settings["steps"] = options.steps
    if options.size == "kokoro":
        settings = RANDOM_TEACHER | settings
    spec = {
        "base": TEACHER, "name": STUDENT, "layers": options.layers, "texts": "texts.txt",
        "settings": settings,
    }  # fmt: skip
    job = JobFile(id=STUDENT, kind="distil", spec=spec, workspace=str(workspace.root), seed=SEED)
    job.write(folder)
    started = time.perf_counter()
    outputs = distil.run(job, folder, EventLog(folder))
    results = {**outputs["measures"], "good enough": outputs["good_enough"]}
    results |= {"steps": outputs["steps"], "distil, s": time.perf_counter() - started}
    if options.size == "kokoro":
        worst = max(v for k, v in outputs["measures"].items() if k.startswith("layer_"))
        results[f"layers within {LAYER_BAR:.0%} of variance"] = worst < LAYER_BAR
    return results


def heard(workspace: Workspace, texts: list[str], shared: Path) -> dict[str, Any]:
    """Syllable errors of a recogniser in what both say, and their relative difference."""
    recogniser = Recogniser(shared / "models")
    syllables = [toneless_syllables(text) for text in texts]
    rates = {}
    for name in (TEACHER, STUDENT):
        speaker = _speaker(Base.open(workspace.models / name))
        errors = []
        for text, said in zip(texts, syllables, strict=True):
            torch.manual_seed(SEED)  # the same noise for both
            understood = recogniser.transcribe(speaker.whole(text), language_model="words")
            errors.append(error_rate(said, understood))
        rates[name] = statistic(errors, [float(len(said)) for said in syllables])
    return {
        **{
            f"syllable errors, {name}": f"{rate.mean:.4f} ({rate.low:.4f} to {rate.high:.4f})"
            for name, rate in rates.items()
        },
        "syllable errors, relative difference": rates[STUDENT].mean / rates[TEACHER].mean - 1,
    }


def _speaker(base: Base) -> Speaker:
    voice = base.voices()[read_card(base.folder)["default_voice"]]
    style = load_style(voice, base.config)
    return Speaker(base.load().graph, style, Frontend(base.vocabulary), SynthesisSettings())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--size", choices=("small", "kokoro"), default="small")
    parser.add_argument("--prepared", type=Path, nargs="+", default=[], help=f"{list(SHARES)}")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--teacher-steps", type=int, default=600)
    parser.add_argument("--layers", choices=("all", "first"), default="all")
    parser.add_argument("--steps", type=int, default=0, help="of [distil]; 0: its default")
    parser.add_argument("--settings", default="{}", help="of [distil], as JSON")
    parser.add_argument("--threads", type=int, default=0, help="of each process; 0: all cores")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
