"""Makes the shipped small base again: `python -m engine.bases.make DATA WORK OUT`.

DATA holds the openly licensed sets (`audio-cmn`, `aishell1`, `speechocean762`), WORK keeps what
is made on the way, so that the command goes on where it was stopped, and OUT becomes the base.

The voice S0150 is never heard, nor its texts read: it is what the base is judged on.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from engine.corpus.manifest import Utterance
from engine.corpus.measure import Measured, Refusal, measure
from engine.corpus.open_corpora import entries
from engine.corpus.packed import PackedCorpus, PackedWriter
from engine.corpus.settings import PreprocessSettings
from engine.corpus.source import SourceEntry
from engine.model.aligner import AlignerNetwork
from engine.model.base import CARD_FILE, MODEL_FILE, VOICES_FOLDER, read_card
from engine.text import VOCABULARIES, Frontend
from engine.training.align import ALIGNER_FILE, VOCABULARY, Aligner, examples, train
from engine.training.settings import AlignerSettings
from engine.worker import stage1
from workspace.files import folder_atomic, write_json
from workspace.run import EventLog, JobFile

HELD_OUT = "S0150"
# how often each kind of material is drawn: sentences are few, and what the base is for
SHARES = {"words": 0.55, "sentences": 0.33, "english": 0.12}
KINDS = {"audio-cmn": "words", "aishell1": "sentences", "speechocean762": "english"}
TEST_SHARE = 40  # one utterance in so many is never trained on, by the hash of its id
ALIGNER_STEPS = 1500  # from nothing
ALIGNER_PRIOR_SHARE = 0.4  # of these steps, in which the diagonal prior fades out
WORST_SHARE = 0.03  # of each speaker's utterances, by alignment score, left out
ADVERSARIAL_SHARE = 0.3  # of the steps; without them formants are averaged away
SEED = 20
NAME = "small"
MOST_HEARD = "audio-cmn-hsk"
VOICES = {"audio-cmn-hsk": "yue", "audio-cmn-syllabs": "chen", "aishell1-S0252": "s0252"}


def main(arguments: list[str]) -> int:
    """Pack, align, train; each step is skipped where its result is already there."""
    parser = argparse.ArgumentParser(prog="python -m engine.bases.make", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=3600, help="optimiser steps of stage 1")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2, help="processes that decode and measure")
    parser.add_argument(
        "--threads", type=int, default=0, help="CPU threads of the training; 0: all"
    )
    parser.add_argument("--processes", type=int, default=0, help="that share each batch")
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    work: Path = options.work
    if not (work / "packed").exists():
        pack(options.data, work / "packed", options.workers)
    if not (work / "prepared").exists():
        align(work / "packed", work / "prepared", work / "test")
    settings = {
        "size": "small", "steps": options.steps, "batch_size": options.batch_size,
        "threads": options.threads, "processes": options.processes,
        "crop_frames": 56, "rate_share": 0.35, "checkpoint_every": 500, "patience": 1000,
        "adversarial_share": ADVERSARIAL_SHARE,
    }  # fmt: skip
    folder = work / "runs" / "base"
    folder.mkdir(parents=True, exist_ok=True)
    job = JobFile(
        id="base", kind="stage1", workspace=str(work), seed=SEED,
        spec={
            "prepared": [f"prepared/{name}" for name in SHARES], "weights": list(SHARES.values()),
            "base": stage1.FROM_NOTHING, "name": NAME, "settings": settings,
        },
    )  # fmt: skip
    job.write(folder)
    outputs = stage1.run(job, folder, EventLog(folder))
    ship(work / outputs["base"], options.out)
    print(f"{options.out}: {outputs['measures']}")
    return 0


def ship(base: Path, destination: Path) -> None:
    """Copy a finished base over the shipped one, its speakers under the names users see."""
    shutil.rmtree(destination / VOICES_FOLDER, ignore_errors=True)
    (destination / VOICES_FOLDER).mkdir(parents=True)
    for name in (MODEL_FILE, ALIGNER_FILE):
        shutil.copyfile(base / name, destination / name)
    for speaker, voice in VOICES.items():
        style = Path(VOICES_FOLDER, f"{speaker}.safetensors")
        shutil.copyfile(base / style, destination / VOICES_FOLDER / f"{voice}.safetensors")
    write_json(destination / CARD_FILE, {**read_card(base), "default_voice": VOICES[MOST_HEARD]})


def sources(data: Path) -> Iterator[SourceEntry]:
    """Every recording of the training sets, without the voice and the texts of the judge."""
    listed = [entry for entry in entries(data) if entry.set in KINDS]
    judged = {entry.text for entry in listed if HELD_OUT in entry.speaker}
    for entry in listed:
        if HELD_OUT not in entry.speaker and (entry.text is None or entry.text not in judged):
            yield entry


def pack(data: Path, destination: Path, workers: int) -> None:
    """Decode and measure all recordings into a packed corpus, not yet aligned."""
    listed = list(sources(data))
    refused: list[Refusal] = []
    with (
        folder_atomic(destination) as folder,
        PackedWriter(folder) as writer,
        ProcessPoolExecutor(workers) as pool,
    ):
        for index, result in enumerate(pool.map(_measure, listed, chunksize=16)):
            if isinstance(result, Measured):
                writer.append(result.utterance, result.wave, result.f0)
            else:
                refused.append(result)
            _show("measured", index + 1, len(listed))
    for refusal in refused:
        print(f"refused {refusal.file}: {refusal.reason}", file=sys.stderr)


def _measure(entry: SourceEntry) -> Measured | Refusal:
    return measure(entry, _frontend(), PreprocessSettings())


def _frontend() -> Frontend:
    global _loaded
    if _loaded is None:
        _loaded = Frontend(VOCABULARY)
    return _loaded


_loaded: Frontend | None = None


def align(packed: Path, destination: Path, test: Path) -> None:
    """Train the aligner from nothing; write the corpus with its durations, the test part apart."""
    corpus = PackedCorpus(packed)
    utterances = list(corpus.utterances)
    data = examples(
        [corpus.audio(u) for u in utterances],
        [u.symbols for u in utterances],
        [u.speaker for u in utterances],
    )
    torch.manual_seed(SEED)
    network = AlignerNetwork(VOCABULARIES[VOCABULARY].size)
    settings = AlignerSettings(adaptation_steps=0)
    losses = train(
        network,
        [example for example, u in zip(data, utterances, strict=True) if not is_test(u)],
        settings,
        steps=ALIGNER_STEPS,
        prior_share=ALIGNER_PRIOR_SHARE,
        seed=SEED,
        progress=lambda done, total: _show("aligner", done, total),
    )
    likelihood = [f"{np.mean(part):.3f}" for part in (losses[:20], losses[-20:])]
    print("aligner: nats a frame", *likelihood, file=sys.stderr)
    aligner = Aligner(network, settings, SEED)
    alignments = [aligner.align_one(example) for example in data]
    kept = _good([u.speaker for u in utterances], [a.score if a else None for a in alignments])
    aligned = [
        replace(utterance, durations=alignment.durations, score=round(alignment.score, 4))
        for utterance, alignment, good in zip(utterances, alignments, kept, strict=True)
        if alignment is not None and good
    ]
    if not test.exists():  # an earlier call may have been stopped between the two
        _write(test, corpus, [u for u in aligned if is_test(u)])
    with folder_atomic(destination) as folder:
        for name in SHARES:
            heard = [u for u in aligned if not is_test(u) and _kind(u) == name]
            _write(folder / name, corpus, heard, aligner)


def _kind(utterance: Utterance) -> str:
    return next(kind for set_, kind in KINDS.items() if utterance.speaker.startswith(set_))


def is_test(utterance: Utterance) -> bool:
    """Whether an utterance is held out of all training, by the hash of its id."""
    return hashlib.sha256(utterance.id.encode()).digest()[0] % TEST_SHARE == 0


def _write(
    destination: Path,
    corpus: PackedCorpus,
    utterances: list[Utterance],
    aligner: Aligner | None = None,
) -> None:
    with folder_atomic(destination) as folder:
        if aligner is not None:
            aligner.save(folder / ALIGNER_FILE)
        with PackedWriter(folder) as writer:
            for utterance in utterances:
                # features are still where the unaligned corpus has them
                writer.append(utterance, corpus.audio(utterance), corpus.f0(utterance))


def _good(speakers: list[str], scores: list[float | None]) -> list[bool]:
    """Aligned, and not among the worst-scoring share of its set of speakers."""
    groups: dict[str, list[float]] = {}
    for speaker, score in zip(speakers, scores, strict=True):
        if score is not None:
            groups.setdefault(_group(speaker), []).append(score)
    limits = {group: float(np.quantile(values, WORST_SHARE)) for group, values in groups.items()}
    return [
        score is not None and score >= limits[_group(speaker)]
        for speaker, score in zip(speakers, scores, strict=True)
    ]


def _group(speaker: str) -> str:
    return speaker.rpartition("-")[0]


def _show(what: str, done: int, total: int) -> None:
    if done % 50 == 0 or done == total:
        print(
            f"\r{what} {done}/{total}",
            end="\n" if done == total else "",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
