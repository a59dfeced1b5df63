"""Texts without sound, for training that needs none: read, phonemised, drawn without state."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import EngineError
from engine.text import Frontend, TextError
from engine.training.order import Order

SHIPPED_TEXTS = Path(__file__).with_name("sentences.txt")
BUCKETS = 8  # batches that are drawn together and sorted by length
PAUSES = "，，，；。"
ENDS = "。。！？"
FEWEST = 16  # texts, of which some are set aside

Ids = tuple[int, ...]


@dataclass(frozen=True)
class TextSet:
    """Phonemised texts, ids without begin and end.

    Attributes:
        training, validation: disjoint.
        refused: texts of the file that were neither: too long, or nothing to speak in them.
    """

    training: tuple[Ids, ...]
    validation: tuple[Ids, ...]
    refused: int

    def batch(self, step: int, seed: int, size: int) -> list[Ids]:
        """The texts of a step, about equally long: a function of the arguments alone."""
        order = Order([np.arange(len(self.training))], [1.0])
        window, place = divmod(step, BUCKETS)
        drawn = order.positions(window * BUCKETS * size, BUCKETS * size, seed)
        drawn.sort(key=lambda position: len(self.training[position]))
        chosen = int(np.random.default_rng((seed, window, 3)).permutation(BUCKETS)[place])
        return [self.training[position] for position in drawn[chosen * size : (chosen + 1) * size]]


def read_texts(path: Path) -> list[str]:
    """The texts of a file, in UTF-8: one a line; in tables with tabs, the column with the hanzi.

    Raises:
        EngineError: the file cannot be read, or has no text in it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise EngineError(f"{path}: no such file", "name a file of sentences") from None
    except UnicodeDecodeError as error:
        raise EngineError(f"{path}: not UTF-8 ({error})", "save it as UTF-8") from error
    rows = [line.split("\t") for line in lines if line.strip()]
    width = max(map(len, rows), default=0)
    if width == 0:
        raise EngineError(f"{path}: there is no text in it", "write one sentence a line")
    if width == 1:
        return [row[0].strip() for row in rows]
    columns = [[row[i] if i < len(row) else "" for row in rows] for i in range(width)]
    column = max(columns, key=lambda cells: sum(map(_hanzi, cells)))
    texts = [cell.strip() for cell in column if _hanzi(cell)]  # the head of the table has none
    if not texts:
        raise EngineError(f"{path}: no column has Chinese text", "write one sentence a line")
    return texts


def text_set(
    texts: Iterable[str],
    frontend: Frontend,
    training: int,
    validation: int,
    longest: int,
    check: Callable[[], None] = lambda: None,
) -> TextSet:
    """Some of the texts, chosen and set aside by the hashes of what they say.

    Args:
        texts: in any order; repeated ones count once.
        training: how many to train on at most.
        validation: how many to set aside; at most a quarter of all are.
        longest: tokens of a text that is taken.
        check: asked between texts; raises when the work is to stop.

    Raises:
        EngineError: fewer than `FEWEST` can be used.
    """
    distinct = sorted(set(texts), key=_digest)
    spoken: list[Ids] = []
    refused = 0
    for text in distinct:
        if len(spoken) == training + validation:
            break
        check()
        ids = _ids(text, frontend)
        if 0 < len(ids) <= longest:
            spoken.append(ids)
        else:
            refused += 1
    if len(spoken) < FEWEST:
        raise EngineError(
            f"{len(spoken)} of {len(distinct)} texts can be used, at least {FEWEST} are needed",
            f"give more texts, of at most {longest} phonemes",
        )
    apart = min(validation, len(spoken) // 4)
    return TextSet(tuple(spoken[apart:]), tuple(spoken[:apart]), refused)


def joined(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """The texts, then `count` in all of one to four of their clauses each, drawn at random.

    So that phonemes meet in more contexts, and texts come in all lengths, very short ones too.
    """
    clauses = [clause for text in texts for clause in _clauses(text)]
    generator = np.random.default_rng(seed)
    more = []
    for _ in range(max(0, count - len(texts))):
        drawn = generator.choice(clauses, size=int(generator.integers(1, 5)))
        marks = [*generator.choice(list(PAUSES), size=len(drawn) - 1), generator.choice(list(ENDS))]
        more.append("".join(f"{clause}{mark}" for clause, mark in zip(drawn, marks, strict=True)))
    return [*texts, *more]


def _clauses(text: str) -> list[str]:
    for mark in "，。！？；：":
        text = text.replace(mark, "\n")
    return [clause for clause in text.splitlines() if clause]


def _ids(text: str, frontend: Frontend) -> Ids:
    """Nothing where nothing can be spoken."""
    try:
        return frontend.phonemize(text).ids
    except TextError:
        return ()


def _hanzi(cell: str) -> int:
    return sum("\u4e00" <= char <= "\u9fff" for char in cell)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
