"""What can be wrong with a text."""

from __future__ import annotations

from engine.errors import EngineError


class TextError(EngineError):
    """A text, a pronunciation or a lexicon that cannot be used."""
