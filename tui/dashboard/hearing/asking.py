"""Sounds that are asked of the daemon: what is spoken, and what is recorded already."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import aclosing
from time import monotonic
from typing import Any, NamedTuple

from daemon.client import ClientError
from daemon.client.link import Link
from tui.dashboard.hearing.tape import Tape

LEVEL = -23.0  # LUFS of what is heard beside others: EBU R 128


class Request(NamedTuple):
    """Where a sound comes from.

    Attributes:
        stream: of the daemon, see `daemon.protocol.STREAMS`.
        asked: its parameters.
    """

    stream: str
    asked: Mapping[str, Any]


def spoken(text: str, who: Mapping[str, Any], *, speed: float = 1.0, keep: bool = False) -> Request:
    """A sentence.

    Args:
        text: what is said.
        who: speaks, as the stream `speak` takes it.
        speed: 1.2 is a fifth faster.
        keep: have the daemon keep it for a while, so that it can be drawn.
    """
    return Request("speak", {**who, "text": text, "speed": speed, "loudness": LEVEL, "keep": keep})


def recorded(path: str, *, level: float | None) -> Request:
    """A file of the workspace.

    Args:
        path: from its root.
        level: LUFS that it is brought to; None leaves it as loud as it is.
    """
    return Request("auditions.clip", {"path": path, "loudness": level})


async def fill(tape: Tape, link: Link, request: Request) -> None:
    """Take a sound from the daemon onto a tape; what goes wrong is left there.

    Args:
        tape: with nothing on it.
        link: to the daemon.
        request: the sound.
    """
    began = monotonic()
    try:
        async with aclosing(link.stream(request.stream, **request.asked)) as events:
            async for event in events:
                value = event.value
                if "pcm" in value:
                    tape.add(base64.b64decode(value["pcm"]), int(value["rate"]))
                    if tape.first is None:
                        tape.first = monotonic() - began
                elif "done" in value:
                    tape.done = value["done"]
                    break
    except ClientError as error:
        tape.problem = error
    finally:
        tape.end()
