"""What a method and a stream are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Protocol

VERSION = "0.1.0"

Method = Callable[[Any], Awaitable[Any]]
Events = AsyncGenerator[tuple[Any, int | None], None]  # each with its cursor
Stream = Callable[[Any], Events]


class Subject(Protocol):
    """The methods and streams of one subject; `hello` and `stop` belong to the connection."""

    def methods(self) -> Mapping[str, Method]: ...

    def streams(self) -> Mapping[str, Stream]: ...
