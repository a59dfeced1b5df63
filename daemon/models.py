"""The bases: those here, those that come with the program, and those that can be fetched."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workspace.bases import MODEL_FILE, base_voices, own_bases, shipped_bases
from workspace.catalogue import CATALOGUE, PublishedBase
from workspace.layout import Workspace
from workspace.voices import CARD_FILE

HERE, SHIPPED, FETCHABLE, ARRIVING = "here", "shipped", "fetchable", "partly fetched"

log = logging.getLogger(__name__)


def models(workspace: Workspace) -> list[dict[str, Any]]:
    """Every base with its `state`, `bytes` (of the weights; of the download where it is not here),
    `licence`, `origin`, `vocabulary` and number of `voices`."""
    own = own_bases(workspace.models)
    here = {base.name for base in own}
    return [
        *(_base(base, HERE) for base in own),
        *(_base(base, SHIPPED) for base in shipped_bases() if base.name not in here),
        *(_published(workspace, base) for name, base in CATALOGUE.items() if name not in here),
    ]


def _base(folder: Path, state: str) -> dict[str, Any]:
    card = _card(folder)
    weights = folder / MODEL_FILE
    return {
        "name": folder.name,
        "state": state,
        "bytes": weights.stat().st_size,
        "size": card.get("size"),
        "licence": card.get("licence"),
        "origin": _origin(card, state),
        "vocabulary": card.get("vocabulary"),
        "voices": len(base_voices(folder)),
        "folder": str(folder),
        "created": weights.stat().st_mtime if state == HERE else None,
    }


def _published(workspace: Workspace, base: PublishedBase) -> dict[str, Any]:
    arrived = sum(_arrived(workspace.downloads, base))
    return {
        "name": base.name,
        "state": ARRIVING if arrived else FETCHABLE,
        "bytes": base.download,
        "arrived": arrived,
        "size": "kokoro",
        "licence": base.licence,
        "origin": f"{base.repository}@{base.revision[:8]}",
        "vocabulary": base.vocabulary,
        "voices": base.voices,
        "about": base.about,
    }


def _arrived(downloads: Path, base: PublishedBase) -> Iterator[int]:
    for path in (downloads / base.download_folder).rglob("*"):
        try:
            if path.is_file():
                yield path.stat().st_size
        except FileNotFoundError:
            continue  # renamed by the fetch meanwhile


def _origin(card: Mapping[str, Any], state: str) -> str:
    source = card.get("source") or {}
    if "repository" in source:
        return f"{source['repository']}@{source['revision'][:8]}"
    if "folder" in source:
        return str(source["folder"])
    if state == SHIPPED:
        return "comes with the program"
    return f"made here on {card['base']}" if card.get("base") else "made here"


def _card(folder: Path) -> dict[str, Any]:
    path = folder / CARD_FILE
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        log.warning("%s: not valid JSON: %s", path, error)
        return {}
    return card
