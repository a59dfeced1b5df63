"""Where bases lie: those of a workspace, and those that come with the program.

    models/<name>/                        made here, by stage 1, or fetched
    models/.kept/<16 digits>/<name>/      came with the program; something here stands on it
    engine/bases/<name>/                  come with the program, and change when it does

The engine finds its bases by this, the daemon lists their voices by it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from workspace.files import is_temporary
from workspace.voices import CARD_FILE

MODEL_FILE = "model.safetensors"
SOURCE_FILE = "source.json"  # only in a base that was fetched: where its files came from
VOICES_FOLDER = "voices"  # in a base: styles of some of its speakers
NEWEST = "newest"  # instead of a name: the base made last; fetched ones want to be named
KEPT = ".kept"
KEPT_DIGITS = 16  # of the hash of a kept base's weights
VERSION_DIGITS = 16  # hexadecimal, of a dataset's version
SHIPPED = Path(__file__).resolve().parent.parent / "engine" / "bases"

# what follows a corpus's name in its bases': the content's version, or when it was begun by hand
OF_CORPUS = rf"-([0-9a-f]{{{VERSION_DIGITS}}}|\d{{8}}-\d{{6}})"


def own_bases(models: Path) -> list[Path]:
    """The bases made in this workspace, the newest first; kept ones are not among them."""
    return sorted(_with_model(models), key=_age, reverse=True)


def is_made(base: Path) -> bool:
    """Whether a base was made here, and not fetched."""
    return not (base / SOURCE_FILE).exists()


def is_good(base: Path) -> bool:
    """Whether a base says nothing against being built on: one that was distilled may."""
    try:
        card = json.loads((base / CARD_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return True
    return bool(card.get("distillation", {}).get("good_enough", True))


def shipped_bases() -> list[Path]:
    """The bases that come with the program, by name."""
    return _with_model(SHIPPED)


def kept_bases(models: Path, sha256: str) -> list[Path]:
    """The copy of the shipped base whose weights had this hash; empty where none was kept."""
    return _with_model(kept_home(models, sha256))


def kept_home(models: Path, sha256: str) -> Path:
    """The folder in which the base with this hash is kept, under its name."""
    return models / KEPT / sha256[:KEPT_DIGITS]


def named_base(models: Path, name: str) -> Path | None:
    """The base that a user means by a name.

    In this order: a folder of `models/`; "newest", which is the shipped one where none was made
    that is good enough; a base that comes with the program; the newest base of the corpus of that
    name.
    """
    own = own_bases(models)
    shipped = shipped_bases()
    of_corpus = re.compile(re.escape(name) + OF_CORPUS)
    meant = (
        *(base for base in own if base.name == name),
        *((*filter(is_good, filter(is_made, own)), *shipped) if name == NEWEST else ()),
        *(base for base in shipped if base.name == name),
        *(base for base in own if of_corpus.fullmatch(base.name)),
    )
    return meant[0] if meant else None


def base_names(models: Path) -> list[str]:
    """Every name that `named_base` takes."""
    own = [base.name for base in own_bases(models)]
    corpora = {found[1] for name in own if (found := re.fullmatch(f"(.+){OF_CORPUS}", name))}
    return sorted({*own, *corpora, *(base.name for base in shipped_bases()), NEWEST})


def base_voices(base: Path) -> dict[str, Path]:
    """The styles that come with a base, by the voice's name."""
    return {path.stem: path for path in sorted((base / VOICES_FOLDER).glob("*.safetensors"))}


def speaking_voices(models: Path) -> dict[str, Path]:
    """The styles of all bases by name; of two with one name, the newer base's.

    Shipped bases come after those of the workspace, and after these what was not distilled well
    enough. The base is the folder above the style's.
    """
    found: dict[str, Path] = {}
    good: list[Path] = []
    bad: list[Path] = []
    for base in own_bases(models):
        (good if is_good(base) else bad).append(base)
    for base in (*good, *shipped_bases(), *bad):
        found = {**base_voices(base), **found}
    return found


def _with_model(parent: Path) -> list[Path]:
    found = (path.parent for path in parent.glob(f"*/{MODEL_FILE}"))
    return sorted(folder for folder in found if not is_temporary(folder))


def _age(base: Path) -> tuple[int, str]:
    return (base / MODEL_FILE).stat().st_mtime_ns, base.name
