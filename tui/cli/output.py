"""What the command prints, and how it ends.

stdout is for output alone, so that it can be piped; this module owns stderr and the exit codes.
"""

from __future__ import annotations

import json
import os
import sys
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


PIPE_WIDTH = 400  # columns


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1  # the job failed, or what was asked for could not be done
    USAGE = 2  # wrong usage: unknown option, name or setting
    UNREACHABLE = 3  # the daemon cannot be reached


class CommandError(Exception):
    """Why a command ends without its result: one line for the user.

    Attributes:
        fix: one line on what to do; may be empty.
        code: how the process ends.
    """

    def __init__(self, message: str, fix: str = "", code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.fix = fix
        self.code = code


def stdout() -> Console:
    """A console on standard output; markup is off, since names come from users.

    A pipe has no width: lines are then kept whole, for grep.
    """
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(markup=False, highlight=False, width=width)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def print_json_line(value: Any) -> None:
    """One line of JSON, at once: an element of a stream."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def write_line(text: str = "") -> None:
    """A line of plain text on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """A line for the person, not for the pipe: on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def fail(message: str, fix: str = "", code: Exit = Exit.FAILED) -> NoReturn:
    """End with the error on standard error and its exit code."""
    line = " ".join(message.split())
    note(f"yinfang: {line}" + (f"\n  fix: {fix}" if fix else ""))
    raise SystemExit(int(code))
