"""What a recorded speaker reads: the prompts in their order, and how far the session is.

recordings/<speaker>/.session/session.json    the script's name, what is skipped, the room
recordings/<speaker>/.session/prompts.tsv     id, text, pinyin
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workspace.files import write_atomic, write_json
from workspace.prompts import Prompt

SESSION_FILE, PROMPTS_FILE = "session.json", "prompts.tsv"
PROMPT_ID = re.compile(r"[A-Za-z0-9_]{1,40}")


class RecordingsError(Exception):
    """A recorded speaker's folder cannot be used; the message names the file, `fix` what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a speaker is reading.

    Attributes:
        script: what the prompts come from: a set's name, "own", or both joined by "+".
        skipped: ids of prompts that are left out.
        room: what was measured of the room (`engine.recording`), or None.
        updated: Unix time, seconds.
    """

    script: str
    skipped: tuple[str, ...] = ()
    room: dict[str, Any] | None = None
    updated: float = 0.0


class Script:
    """The session's folder of one recorded speaker."""

    def __init__(self, folder: Path) -> None:
        self._session_file = folder / SESSION_FILE
        self._prompts_file = folder / PROMPTS_FILE

    @property
    def exists(self) -> bool:
        """Whether there is a session."""
        return self._session_file.is_file()

    def session(self) -> Session:
        """
        Raises:
            RecordingsError: there is none, or it cannot be read.
        """
        values = read_object(self._session_file)
        try:
            return Session(**{**values, "skipped": tuple(values.get("skipped", ()))})
        except TypeError as error:
            raise damaged(self._session_file, str(error)) from None

    def keep_session(self, session: Session) -> None:
        """Write the session down."""
        write_json(self._session_file, {**asdict(session), "updated": time.time()})

    def prompts(self) -> tuple[Prompt, ...]:
        """What is to be read, in this order.

        Raises:
            RecordingsError: the list cannot be read.
        """
        prompts = []
        for number, line in enumerate(read_text(self._prompts_file).splitlines(), start=1):
            parts = line.split("\t")
            if len(parts) != 3 or not PROMPT_ID.fullmatch(parts[0]):
                raise damaged(self._prompts_file, f"line {number} is not an id, a text and pinyin")
            prompts.append(Prompt(*parts))
        return tuple(prompts)

    def add_prompts(self, prompts: Iterable[Prompt]) -> None:
        """Put prompts behind those there are; ids that are there already are passed over.

        Raises:
            RecordingsError: the list cannot be read.
        """
        known = {prompt.id: prompt for prompt in self.prompts()}
        for prompt in prompts:
            known.setdefault(prompt.id, prompt)
        lines = (f"{prompt.id}\t{prompt.text}\t{prompt.pinyin}\n" for prompt in known.values())
        write_atomic(self._prompts_file, "".join(lines))


def own_prompts(sentences: Sequence[tuple[str, str]], before: Iterable[Prompt]) -> list[Prompt]:
    """Prompts of the user's own sentences (text, pinyin), numbered behind those there are.

    A sentence that is there already is not asked for again.
    """
    known = list(before)
    texts = {prompt.text for prompt in known}
    number = sum(prompt.id.startswith("own") for prompt in known)
    added = []
    for text, pinyin in sentences:
        if text not in texts:
            texts.add(text)
            number += 1
            added.append(Prompt(f"own{number:04d}", text, pinyin))
    return added


def read_text(path: Path) -> str:
    """A file of recordings; "" where there is none.

    Raises:
        RecordingsError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise damaged(path, str(error)) from None


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object of recordings.

    Raises:
        RecordingsError: there is none, or it cannot be read.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordingsError(f"{path.parent.parent.name} has no {path.name}", "") from None
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from None
    if not isinstance(values, dict):
        raise damaged(path, "not a JSON object")
    return values


def damaged(path: Path, why: str) -> RecordingsError:
    """What is said of a file that cannot be used."""
    return RecordingsError(f"{path} cannot be read: {why}", "mend it, or put it elsewhere")
