"""What goes wrong while measuring speech."""

from __future__ import annotations

from engine.errors import EngineError


class EvaluationError(EngineError):
    """A measure that cannot be taken: of this audio, of this text, or on this machine."""


class NotInstalledError(EvaluationError):
    """The package that takes a measure is not there; `fix` installs it."""
