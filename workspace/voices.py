"""Where voices lie: `voices/<name>/<version>/`, finished when the card is there."""

from __future__ import annotations

from pathlib import Path

from workspace.files import is_temporary

CARD_FILE = "card.json"


def finished_voices(voices: Path) -> dict[str, list[Path]]:
    """Every voice that has a finished version, by name: its versions, the newest first."""
    found: dict[str, list[Path]] = {}
    cards = (card for card in voices.glob(f"*/*/{CARD_FILE}") if not is_temporary(card.parent))
    for card in sorted(cards, key=_age, reverse=True):
        found.setdefault(card.parent.parent.name, []).append(card.parent)
    return dict(sorted(found.items()))


def _age(card: Path) -> tuple[int, str]:
    return card.stat().st_mtime_ns, str(card)
