"""Job kind `clone`: a voice from a minute of somebody's speech, the model frozen."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.audio.mel import SAMPLE_RATE
from engine.corpus.packed import PackedCorpus
from engine.corpus.settings import PreprocessSettings
from engine.evaluation.errors import EvaluationError
from engine.evaluation.speaker import SHORTEST_CLIP, SpeakerEncoder, real_to_real, similarity
from engine.model.base import (
    CARD_FILE,
    STYLE_FILE,
    WEIGHTS_FILE,
    Base,
    SpeechModel,
    difference,
    load_style,
    save_style,
    save_voice_weights,
)
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import Speaker
from engine.text import Frontend, Lexicon
from engine.training.clone import (
    STYLE,
    CloneSettings,
    Cloning,
    Reference,
    Span,
    choose_fitted,
    nearest,
    style_of_reference,
)
from engine.training.parameters import merge_low_rank
from engine.training.settings import AlignerSettings
from engine.worker.base_choice import base_for_job, require_good
from engine.worker.ranks import training_ranks
from engine.worker.reference import ReferenceOrder, described, prepare_reference
from engine.worker.stop import check
from engine.worker.tables import configured, table
from engine.worker.training import (
    achieved,
    announce,
    provenance,
    require_same_phonemes,
    speak_with,
    train,
)
from workspace.files import folder_atomic, write_json
from workspace.layout import Workspace
from workspace.prepared import REFERENCE_FOLDER
from workspace.run import EventLog, JobFile

ENCODER = "style encoder"  # what the start is called that no voice gave
NOT_MEASURED = "not measured: install yinfang[evaluation]"
SENTENCES = (
    "今天天气很好，我们去公园散步。",
    "他每天早上七点起床，八点半到学校。",
    "这家饭馆的菜又便宜又好吃，就是人太多。",
    "昨天晚上的新闻说，明天北京会下大雪。",
    "你把书放在桌子上，我一会儿来拿。",
)
"""What a clone says to be compared with its reference; no corpus of the shipped base has them."""


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Fit `spec["voice"]`, version `spec["version"]`, to `spec["references"]` on `spec["base"]`.

    Each reference has `audio`, a path, and `text` (or `pinyin`), what is said in it.

    Raises:
        EngineError: a recording cannot be used, or all of them are too short.
        JobCancelledError: the job was asked to stop.
    """
    workspace = Workspace(Path(job.workspace))
    settings = table(job, "clone", CloneSettings)
    destination = workspace.voices / job.spec["voice"] / job.spec["version"]
    outputs = {"voice": str(destination.relative_to(workspace.root))}
    if destination.exists():  # an earlier attempt died after its rename
        return {**outputs, **achieved(destination)}
    base = base_for_job(workspace.models, job.spec.get("base", "newest"), folder)
    require_same_phonemes(base)
    require_good(base, job)
    frontend = _frontend(base, workspace)
    # made before there are other processes, which find it there
    corpus = _reference(job, folder, base, settings, frontend, events)
    reference = Reference(corpus)
    with training_ranks(settings, folder, base.header["size"] == "small") as (ranks, device):
        torch.manual_seed(job.seed)
        model = base.load().to(device)
        before = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        started_from, start, span = _start(base, model, reference, settings, job.seed)
        shift = nn.Parameter(torch.zeros(start.shape[-1], device=device))
        chosen = choose_fitted(model, settings.fitted(base.header["size"]))
        counts = announce(events, model, {STYLE: [shift], **chosen})
        record = provenance(job, folder, [corpus], base=base.hash)
        speak = speak_with(base.vocabulary)
        part = ranks.place, ranks.count
        task = Cloning(model, start, shift, span, reference, settings, job.seed, speak, part)
        result = train(
            task, settings, job, folder, events,
            utterances=len(reference), base=base, ranks=ranks,
        )  # fmt: skip
    if ranks.place:
        return outputs  # the first one writes
    merge_low_rank(model.graph)
    style = task.style.detach().cpu()
    model.cpu().eval()
    speaker = Speaker(model.graph, style, frontend, configured(job, "synthesis", SynthesisSettings))
    measures = {**resemblance(speaker, reference), **result.measures}
    card = {
        "kind": "voice", "name": job.spec["voice"], "version": job.spec["version"],
        "base": {"name": base.name, "sha256": base.hash, "size": base.header["size"]},
        "method": "clone", "started_from": started_from, "trained": counts,
        "data": {
            "utterances": len(reference), "minutes": round(reference.seconds / 60, 2),
            "reference": described(job.spec["references"]),
        },
        "settings": settings.model_dump(), "steps": result.steps, "best_step": result.best_step,
        "measures": measures, "measured_on": "the reference itself", "provenance": record,
    }  # fmt: skip
    changed = difference(model, {name: tensor.cpu() for name, tensor in before.items()})
    with folder_atomic(destination) as temporary:
        save_voice_weights(temporary / WEIGHTS_FILE, changed, base)
        save_style(temporary / STYLE_FILE, style)
        (temporary / "previews").mkdir()
        preview = folder / "previews" / f"step-{result.best_step:06d}.wav"
        shutil.copyfile(preview, temporary / "previews" / "training.wav")
        write_json(temporary / CARD_FILE, card)
    return {**outputs, "measures": measures, "steps": result.steps}


def _reference(
    job: JobFile,
    folder: Path,
    base: Base,
    settings: CloneSettings,
    frontend: Frontend,
    events: EventLog,
) -> PackedCorpus:
    order = ReferenceOrder(
        files=job.spec["references"],
        voice=job.spec["voice"],
        base=base,
        settings=settings,
        preprocess=configured(job, "preprocess", PreprocessSettings),
        aligner=configured(job, "aligner", AlignerSettings),
        frontend=frontend,
        seed=job.seed,
        events=events,
        check=check,
    )
    return prepare_reference(order, folder / REFERENCE_FOLDER)


def _frontend(base: Base, workspace: Workspace) -> Frontend:
    lexicon = Lexicon.load(workspace.lexicon) if workspace.lexicon.is_file() else None
    return Frontend(base.vocabulary, lexicon)


def _start(
    base: Base, model: SpeechModel, reference: Reference, settings: CloneSettings, seed: int
) -> tuple[str, Tensor, Span]:
    """Where the fit starts, what that is called, and the span that it is kept near.

    The style encoder has heard more speakers than a base has voices, so where there is one, what
    it reads is taken, and counts as known.
    """
    device = next(model.parameters()).device
    known = {name: load_style(path, base.config).to(device) for name, path in base.voices().items()}
    if base.has_style_encoder:
        known[ENCODER] = style_of_reference(model, reference)
        name = ENCODER
    else:
        name = nearest(model, known, reference, settings, seed)
    return name, known[name], Span.of(torch.stack([s.mean((0, 1)) for s in known.values()]))


def resemblance(speaker: Speaker, reference: Reference) -> dict[str, float | str]:
    """How alike the voice is to its reference, by an independent speaker encoder.

    Returns:
        `speaker_cosine`: mean cosine of voiceprints of a few sentences to those of the reference;
        `real_to_real`: mean cosine between the reference's own pieces, where it has two.
    """
    try:
        encoder = SpeakerEncoder()
    except EvaluationError:
        return {"speaker_cosine": NOT_MEASURED}
    clips = [r.wave for r in reference.recordings if len(r.wave) >= SHORTEST_CLIP * SAMPLE_RATE]
    try:
        real = encoder.voiceprints(
            clips or [np.concatenate([r.wave for r in reference.recordings])]
        )
        made = encoder.voiceprints([speaker.whole(sentence) for sentence in SENTENCES])
    except EvaluationError as error:
        return {"speaker_cosine": f"not measured: {error.message}"}
    own = {"real_to_real": round(real_to_real(real), 4)} if len(real) > 1 else {}
    return {"speaker_cosine": round(similarity(made, real), 4), **own}
