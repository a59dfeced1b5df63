"""From published files to the folder that a base is here: checked, strict, by one rename."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.errors import EngineError
from engine.model.base import VOICES_FOLDER, SpeechModel, save_base, save_style
from engine.model.config import ModelConfig
from engine.model.published import load_kokoro, load_voice, refuse_foreign
from engine.text import VOCABULARIES
from engine.training.align import ALIGNER_FILE, VOCABULARY
from engine.worker.published_files import Files, need_disk
from engine.worker.stop import check
from workspace.bases import SHIPPED, SOURCE_FILE
from workspace.catalogue import PublishedBase
from workspace.files import folder_atomic, sha256, write_json
from workspace.run import EventLog

ALIGNER_OF = SHIPPED / "small"  # Kokoro was published without an aligner; this one's fits v1.1-zh


def convert(
    files: Files, published: PublishedBase | None, destination: Path, events: EventLog
) -> None:
    """Write the base that published files make, by one rename.

    Raises:
        EngineError: a file is not what was published, or does not fit.
        MachineError: the disk is full.
    """
    need_disk(destination.parent, sum(path.stat().st_size for path in files))
    hashes = _hashes(files, published, events)
    config, vocabulary = read_config(files.config)
    model = SpeechModel(config)
    model.graph = load_kokoro(files.weights, config)
    model.style_encoder_trained = False
    if not files.voices:
        text = "there are no voices among the files: `yinfang voices import` takes some from others"
        events.emit("note", level="warning", text=text)
    with folder_atomic(destination) as temporary:
        for done, path in enumerate(files.voices, start=1):
            check()
            style = load_voice(path, config.style_dim)
            save_style(temporary / VOICES_FOLDER / f"{path.stem}.safetensors", style)
            events.emit(
                "progress", done=done, total=len(files.voices), unit="voices", stage="converting"
            )
        aligned = vocabulary == VOCABULARY
        if aligned:
            shutil.copyfile(ALIGNER_OF / ALIGNER_FILE, temporary / ALIGNER_FILE)
        card = _card(destination.name, files, published, vocabulary, aligned)
        save_base(temporary, model, "kokoro", vocabulary, card, half=False)
        source = {**files.origin, "pinned": published is not None, "sha256": hashes}
        write_json(temporary / SOURCE_FILE, source)


def read_config(path: Path) -> tuple[ModelConfig, str]:
    """Sizes and vocabulary of a published `config.json`.

    Raises:
        EngineError: it cannot be read, or is of a model that this program does not know.
    """
    refuse_foreign(path)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        config = ModelConfig.from_kokoro_json(values)
    except (ValueError, ValidationError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise EngineError(f"{path}: not a configuration of Kokoro ({reason})") from error
    ids = values.get("vocab")
    for name, vocabulary in VOCABULARIES.items():
        if dict(vocabulary.ids) == ids:
            return config, name
    raise EngineError(
        f"{path}: its phonemes are those of no vocabulary that this program can write",
        f"known: {', '.join(VOCABULARIES)}",
    )


def _hashes(files: Files, published: PublishedBase | None, events: EventLog) -> dict[str, str]:
    """SHA-256 of every file, by its name in the repository; pinned ones must be what they were."""
    pins: Mapping[Path, str] = (
        {files.config: published.config_sha256, files.weights: published.weights_sha256}
        if published
        else {}
    )
    hashes = {}
    every = tuple(files)
    for done, path in enumerate(every, start=1):
        check()
        refuse_foreign(path)
        found = sha256(path)
        if pins.get(path, found) != found:
            raise EngineError(
                f"{path}: not the published file: its SHA-256 is {found}, not {pins[path]}",
                "copy it again; for weights of your own: yinfang models import FOLDER --name NAME",
            )
        hashes[path.name if path not in files.voices else f"{VOICES_FOLDER}/{path.name}"] = found
        events.emit("progress", done=done, total=len(every), unit="files", stage="checking")
    return hashes


def _card(
    name: str, files: Files, published: PublishedBase | None, vocabulary: str, aligned: bool
) -> dict[str, Any]:
    voices = [path.stem for path in files.voices]
    preferred = published.default_voice if published else ""
    return {
        "kind": "base", "name": name, "size": "kokoro", "base": None,
        "licence": published.licence if published else None,
        "vocabulary": vocabulary,
        "source": files.origin,
        "aligner": f"of the shipped base {ALIGNER_OF.name}" if aligned else None,
        "default_voice": preferred if preferred in voices else next(iter(voices), ""),
        "measures": {},
    }  # fmt: skip
