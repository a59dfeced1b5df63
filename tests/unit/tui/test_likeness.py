"""How alike a voice is, in words."""

from __future__ import annotations

from typing import Any

import pytest

from tui.likeness import told


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"cosine": 0.784, "real": 0.8249, "spread": 0.034, "clips": 24},
         "alike 0.78 of 0.82 ± 0.03"),
        ({"cosine": 0.9, "real": 0.85, "spread": None, "clips": 3},
         "alike 0.90 of 0.85, 3 clips"),
        ({"why": "too short, 0.9 s"}, "alike: too short, 0.9 s"),
        ({"needs": "pip install it"}, "alike: pip install it"),
    ],
)  # fmt: skip
def test_a_figure_is_told_with_what_it_is_measured_by(found: dict[str, Any], words: str) -> None:
    assert told(found) == words
