"""The voices that can be spoken with: those of the workspace, and those that come with bases."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from daemon.errors import NotFoundError
from workspace.bases import own_bases, shipped_bases, speaking_voices
from workspace.layout import Workspace
from workspace.voices import CARD_FILE, finished_voices

OF_BASE = "base voice"  # `kind` of a voice that comes with a base

log = logging.getLogger(__name__)


def voices(workspace: Workspace) -> list[dict[str, Any]]:
    """Every voice that `say` takes, by name; first those made here, then those of bases.

    A voice made here is the newest version's card with `name`, `version`, `versions` (newest
    first), `folder` and `created`. One of a base has no version; its `kind` is `OF_BASE`.
    """
    own = finished_voices(workspace.voices)
    of_bases = speaking_voices(workspace.models)
    made = [_made(workspace, versions) for versions in own.values()]
    return made + [
        _of_base(workspace, name, of_bases[name]) for name in sorted(of_bases.keys() - own.keys())
    ]


def voice(workspace: Workspace, name: str) -> dict[str, Any]:
    """One voice, as `voices` tells it.

    Raises:
        NotFoundError: there is no such voice.
    """
    known = voices(workspace)
    for found in known:
        if found["name"] == name:
            return found
    names = ", ".join(found["name"] for found in known) or "none yet"
    raise NotFoundError(f"no voice {name!r} in {workspace.voices}", f"voices: {names}")


def has_made(workspace: Workspace) -> bool:
    """Whether a voice or a base was made here: somebody may want to hear it at once."""
    return bool(finished_voices(workspace.voices) or own_bases(workspace.models))


def _made(workspace: Workspace, versions: list[Path]) -> dict[str, Any]:
    newest = versions[0]
    facts = {
        "name": newest.parent.name,
        "version": newest.name,
        "versions": [folder.name for folder in versions],
        "folder": str(newest.relative_to(workspace.root)),
        "created": (newest / CARD_FILE).stat().st_mtime,
    }
    return {**facts, **_card(newest), **facts}  # facts first, and not as a copied card has them


def _of_base(workspace: Workspace, name: str, style: Path) -> dict[str, Any]:
    base = style.parent.parent
    shipped = base in shipped_bases()
    card = _card(base)
    return {
        "name": name,
        "version": "",
        "versions": [],
        "kind": OF_BASE,
        "folder": str(base if shipped else base.relative_to(workspace.root)),
        "created": None if shipped else style.stat().st_mtime,
        "base": {"name": base.name, "size": card.get("size"), "shipped": shipped},
    }


def _card(folder: Path) -> dict[str, Any]:
    path = folder / CARD_FILE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}  # of a base, which needs none
    except ValueError as error:
        log.warning("%s: not valid JSON: %s", path, error)
        return {"problem": f"{CARD_FILE} is not valid JSON"}
    return content
