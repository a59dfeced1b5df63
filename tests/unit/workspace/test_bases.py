"""Which base is meant, and whose voices speak."""

from __future__ import annotations

import json
import os
from pathlib import Path

from workspace.bases import NEWEST, is_good, named_base, shipped_bases, speaking_voices


def base(models: Path, name: str, age: int, card: object = None) -> Path:
    folder = models / name
    (folder / "voices").mkdir(parents=True)
    (folder / "voices" / "yue.safetensors").touch()
    (folder / "model.safetensors").touch()
    os.utime(folder / "model.safetensors", (age, age))
    if card is not None:
        (folder / "card.json").write_text(json.dumps(card))
    return folder


def distilled(good: bool) -> dict[str, object]:
    return {"distillation": {"good_enough": good}}


def test_what_was_not_distilled_well_enough_is_never_the_newest(tmp_path: Path) -> None:
    [shipped] = shipped_bases()
    bad = base(tmp_path, "bad", 300, distilled(False))
    assert not is_good(bad)
    assert named_base(tmp_path, NEWEST) == shipped
    assert speaking_voices(tmp_path)["yue"].is_relative_to(shipped)
    good = base(tmp_path, "good", 200, distilled(True))
    plain = base(tmp_path, "plain", 100)
    assert is_good(good) and is_good(plain)
    assert named_base(tmp_path, NEWEST) == good
    assert speaking_voices(tmp_path)["yue"].is_relative_to(good)
    assert named_base(tmp_path, "bad") == bad, "by its name it is still to be had"


def test_a_card_that_cannot_be_read_says_nothing_against_a_base(tmp_path: Path) -> None:
    folder = base(tmp_path, "odd", 100)
    (folder / "card.json").write_text("{")
    assert is_good(folder)
