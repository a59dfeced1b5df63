"""The engine's errors: what is wrong, where, and what to do."""

from __future__ import annotations


class EngineError(Exception):
    """Something the user can understand and act on.

    Attributes:
        message: one line: what is wrong, and the file or value concerned.
        fix: one line: what to do about it; may be empty.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}: {self.fix}" if self.fix else self.message


class MachineError(EngineError):
    """The machine failed, not the job (memory, disk, GPU): trying again may succeed."""
