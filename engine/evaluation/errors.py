"""What goes wrong while measuring speech."""

from __future__ import annotations

from engine.errors import EngineError


class EvaluationError(EngineError):
    """A measure that cannot be taken: of this audio, of this text, or on this machine."""
