"""Mandarin text -> Kokoro phonemes.

`Frontend().phonemize("今天天气很好")` is the way in; the parts can be used alone. Importing this
package is fast: dictionaries load when first needed.
"""

from __future__ import annotations

from engine.text.errors import TextError
from engine.text.frontend import Frontend
from engine.text.lexicon import Lexicon
from engine.text.normalize import Normalized, normalize
from engine.text.pinyin import Pinyin
from engine.text.result import Note, Phonemes, Syllable
from engine.text.split import estimate, split
from engine.text.vocabulary import VOCABULARIES, Vocabulary

__all__ = [
    "VOCABULARIES",
    "Frontend",
    "Lexicon",
    "Normalized",
    "Note",
    "Phonemes",
    "Pinyin",
    "Syllable",
    "TextError",
    "Vocabulary",
    "estimate",
    "normalize",
    "split",
]
