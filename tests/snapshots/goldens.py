"""Pictures beside the golden ones, or in their place."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator
from pathlib import Path

from tui.dashboard.app import Dashboard

Pages = AsyncIterator[tuple[str, str, Dashboard]]


async def differences(
    pages: Pages, folder: Path, label: str, *, update: bool, pictures: Path | None
) -> list[str]:
    """What is other than in the golden pictures.

    Args:
        pages: name and picture of each, and the app that shows it just now.
        folder: of the golden pictures.
        label: before the names of the files in `pictures`.
        update: write the golden pictures anew instead.
        pictures: where each is drawn as SVG as well, if anywhere.
    """
    found = []
    async for name, seen, app in pages:
        golden = folder / f"{name}.txt"
        if pictures is not None:
            target = pictures / f"{label}-{name}.svg"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(app.export_screenshot(), encoding="utf-8")
        if update:
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(seen, encoding="utf-8")
            continue
        before = golden.read_text(encoding="utf-8") if golden.exists() else ""
        if seen != before:
            found.append(_difference(name, before, seen))
    return found


def _difference(name: str, before: str, now: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), now.splitlines(), f"{name}, golden", f"{name}, now", n=1, lineterm=""
    )
    return "\n".join(lines)
