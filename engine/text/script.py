"""Traditional to simplified characters."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

# Traditional 著 is both 着 (aspect) and 著 (to write); OpenCC leaves it alone.
_AUTHORSHIP = re.compile(
    r"(?<=[名显卓昭专巨原论译遗土合编拙执论])著|著(?=[名作称述者书录文译])|(?<!.)著(?!.)"
)
# Taiwan's pronouns, which it leaves alone too.
_OWN = {"妳": "你", "祂": "他", "牠": "它"}
_CHARACTERS = str.maketrans(_OWN)


@cache
def _converter() -> Any:
    import opencc  # reads its dictionaries: at first use, not at import

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """The text in simplified characters, one for one; simplified text comes back as it is."""
    changed: str = _converter().convert(text)
    if len(changed) != len(text):  # positions must hold: fall back to single characters
        changed = "".join(_converter().convert(character) for character in text)
    if changed != text and "著" in changed:
        kept = {match.start() for match in _AUTHORSHIP.finditer(changed)}
        changed = "".join(
            "着" if character == "著" and i not in kept else character
            for i, character in enumerate(changed)
        )
    return changed.translate(_CHARACTERS)
