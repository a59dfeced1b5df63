"""The voices and bases of a workspace, as their cards tell them."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from daemon.errors import NotFoundError
from workspace.files import is_temporary
from workspace.layout import Workspace

CARD = "card.json"

log = logging.getLogger(__name__)


def voices(workspace: Workspace) -> list[dict[str, Any]]:
    """The newest version of every voice, by name; `versions` has them all, newest first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for card in sorted(_cards(workspace), key=_age):
        found.setdefault(card.parent.parent.name, []).append(_read(workspace, card))
    return [
        {**versions[-1], "versions": [each["version"] for each in reversed(versions)]}
        for _, versions in sorted(found.items())
    ]


def voice(workspace: Workspace, name: str) -> dict[str, Any]:
    """The newest version of one voice.

    Raises:
        NotFoundError: there is no such voice.
    """
    known = voices(workspace)
    for found in known:
        if found["name"] == name:
            return found
    names = ", ".join(found["name"] for found in known) or "none yet"
    raise NotFoundError(f"no voice {name!r} in {workspace.voices}", f"voices: {names}")


def can_speak(workspace: Workspace) -> bool:
    """Whether there is anything to speak with: a voice or a base."""
    made = (*workspace.voices.glob("*/*/"), *workspace.models.glob("*/"))
    return any(not is_temporary(folder) for folder in made)


def _cards(workspace: Workspace) -> list[Path]:
    """The cards of all versions that are whole: a stage 2 may be writing another one."""
    found = workspace.voices.glob(f"*/*/{CARD}")
    return [card for card in found if not is_temporary(card.parent)]


def _read(workspace: Workspace, card: Path) -> dict[str, Any]:
    folder = card.parent
    facts = {
        "name": folder.parent.name,
        "version": folder.name,
        "folder": str(folder.relative_to(workspace.root)),
        "created": card.stat().st_mtime,
    }
    try:
        content = json.loads(card.read_text(encoding="utf-8"))
    except ValueError as error:
        log.warning("%s: not valid JSON: %s", card, error)
        return {**facts, "problem": f"{CARD} is not valid JSON"}
    return {**facts, **content, "name": facts["name"], "version": facts["version"]}


def _age(card: Path) -> tuple[float, str]:
    return card.stat().st_mtime, str(card)
