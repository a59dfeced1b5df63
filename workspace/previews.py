"""Preview sentences of the user's own: `previews.txt` in the workspace, a sentence a line.

Every checkpoint of a training says them from then on, behind the one in its settings, and whoever
auditions a voice has them at hand.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from workspace.files import write_atomic
from workspace.layout import Workspace

PREVIEWS_FILE = "previews.txt"
MOST = 8  # with the settings' own as many as there are digit keys; each is spoken at a checkpoint
LONGEST = 200  # characters


class PreviewError(ValueError):
    """A list of sentences that cannot be kept: the message says which and why."""


def previews_file(workspace: Workspace) -> Path:
    """Where the sentences lie."""
    return workspace.root / PREVIEWS_FILE


def sentences(workspace: Workspace) -> tuple[str, ...]:
    """The user's sentences, in order; none where there is no such file.

    What somebody has written into the file by hand is taken as far as it may go: empty lines and
    those too long are passed over, and so is what lies behind the last that is allowed.

    Raises:
        OSError: the file cannot be read.
    """
    path = previews_file(workspace)
    lines = (
        path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        if path.is_file()
        else []
    )
    kept = dict.fromkeys(_plain(line) for line in lines)
    return tuple(line for line in kept if 0 < len(line) <= LONGEST)[:MOST]


def keep_sentences(workspace: Workspace, wanted: Iterable[str]) -> tuple[str, ...]:
    """Make these the user's sentences; returns them as they are kept.

    Raises:
        PreviewError: there are too many, one is too long, or there is nothing in one.
    """
    kept = tuple(dict.fromkeys(_plain(sentence) for sentence in wanted))
    if len(kept) > MOST:
        raise PreviewError(f"{len(kept)} sentences, at most {MOST} are kept")
    for sentence in kept:
        if not sentence:
            raise PreviewError("there is nothing in it")
        if len(sentence) > LONGEST:
            raise PreviewError(f"{sentence[:20]}...: longer than {LONGEST} characters")
    write_atomic(previews_file(workspace), "".join(f"{sentence}\n" for sentence in kept))
    return kept


def _plain(line: str) -> str:
    """One line, as somebody may type it, without what cannot be seen."""
    return " ".join(unicodedata.normalize("NFC", line).split())
