"""What a browser's tab says, checked: text is JSON with one member that names what it is.

    {"hello": {"token", "secret"}}, the first, either may be ""  -> {"welcome": {"secret", "place"}}
    {"device": {"id", "name", "rate", "microphone", "loudspeaker"}}     whenever it changes
    {"levels": {"key", "levels"}}, {"trouble": {"key", "error", "fix"}}
    {"begin": {"key", "speaker", "prompt", "rate", "name"}}     -> {"begun": {"key", "offset"}}
    bytes: a piece of a take                                    -> {"stored": {"key", "offset"}}
    {"end": {"key", "bytes", "sha256", "dropped", "late"}}      -> {"ended": {"key"}}
    {"drop": {"key"}}                                           -> {"dropped": {"key"}}
    {"ping": {}}                                                -> {"pong": {}}

What is refused is answered by {"refused": {"key", "code", "message", "fix"}}. A piece is the key
(16 bytes), the bytes of the take before it (64 bits, the most significant first), the SHA-256 of
what follows (32 bytes), and samples: s24le.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from daemon.errors import BadRequestError

HEADER = struct.Struct(">16sQ32s")  # of a piece: key, offset, SHA-256
MOST_BYTES = 256 * 1024  # of a message: 1.8 s of sound at 48 kHz, or 80 s of levels
Text = Annotated[str, Field(max_length=200)]
Key = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


@dataclass(frozen=True, kw_only=True)
class Greeting:
    """`token` of a link, the `secret` that was given for one, or both."""

    token: Text = ""
    secret: Text = ""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the tab is, for `daemon.sound.desk.Device`; `rate` in Hz, 0 without a microphone."""

    id: Text
    name: Text
    rate: Annotated[int, Field(ge=0, le=192_000)]
    microphone: bool
    loudspeaker: bool


@dataclass(frozen=True, kw_only=True)
class Levels:
    """How loud a take is; each level as in `sound.record`."""

    key: Key
    levels: Annotated[list[dict[str, float]], Field(max_length=400)]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Why there is no take."""

    key: Key
    error: Text
    fix: Text = ""


@dataclass(frozen=True, kw_only=True)
class Begin:
    """A take; `rate` in Hz, `name` of its microphone."""

    key: Key
    speaker: Text
    prompt: Text
    rate: int
    name: Text


@dataclass(frozen=True, kw_only=True)
class End:
    """All of a take was sent; as `daemon.protocol.EndTake`."""

    key: Key
    bytes: Annotated[int, Field(ge=0)]
    sha256: Text
    dropped: Annotated[int, Field(ge=0)]
    late: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, kw_only=True)
class Drop:
    """A take that is not wanted."""

    key: Key


@dataclass(frozen=True, kw_only=True)
class Ping:
    """Whether the line still carries anything."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Part of a take.

    Attributes:
        offset: bytes before it.
        sha256: of `data`, in hexadecimal.
        data: s24le, mono.
    """

    key: str
    offset: int
    sha256: str
    data: bytes


Said = Greeting | Offer | Levels | Trouble | Begin | End | Drop | Ping
KINDS: dict[str, type[Any]] = {
    "hello": Greeting,
    "device": Offer,
    "levels": Levels,
    "trouble": Trouble,
    "begin": Begin,
    "end": End,
    "drop": Drop,
    "ping": Ping,
}
ADAPTERS = {name: TypeAdapter(kind) for name, kind in KINDS.items()}


def said(text: str) -> Said:
    """What a message in JSON says.

    Raises:
        BadRequestError: nothing that is understood.
    """
    try:
        message = json.loads(text)
    except ValueError as error:
        raise BadRequestError(f"a message must be JSON: {error}") from None
    if not isinstance(message, dict) or len(message) != 1:
        raise BadRequestError("a message is an object with one member")
    [(name, content)] = message.items()
    if name not in ADAPTERS:
        raise BadRequestError(f"unknown message {name[:40]!r}", f"known: {', '.join(KINDS)}")
    try:
        checked: Said = ADAPTERS[name].validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRequestError(f"{name}: {where}: {first['msg']}") from None
    return checked


def piece(message: bytes) -> Piece:
    """The part of a take that a message carries.

    Raises:
        BadRequestError: it is too short to be one.
    """
    if len(message) < HEADER.size:
        raise BadRequestError("a piece of a take has a header of 56 bytes")
    key, offset, sha256 = HEADER.unpack_from(message)
    return Piece(key=key.hex(), offset=offset, sha256=sha256.hex(), data=message[HEADER.size :])
