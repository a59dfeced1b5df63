"""Requests that can be taken back, and how the speech worker's loop heeds that."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from engine.worker.answering import serve
from engine.worker.requests import Requests


class Lines:
    """Lines of a stream that a test writes while it is being read."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[str | None] = SimpleQueue()

    def __iter__(self) -> Iterator[str]:
        while (line := self._lines.get()) is not None:
            yield line

    def write(self, **message: Any) -> None:
        self._lines.put(json.dumps(message) + "\n")

    def close(self) -> None:
        self._lines.put(None)


class Speaking:
    """Answers with a piece for each character; `between` is called before each."""

    def __init__(self, between: Callable[[str], None]) -> None:
        self._between = between
        self.spoken = ""

    def answer(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for letter in request["text"]:
            self._between(letter)
            self.spoken += letter
            yield {"pcm": letter}
        yield {"done": {}}


def answers(server: Speaking, requests: Requests) -> list[tuple[int, str]]:
    out = io.StringIO()
    serve(server, requests, out)
    lines = map(json.loads, out.getvalue().splitlines())
    return [(line["id"], line.get("pcm", "done")) for line in lines]


def test_all_that_arrived_before_the_end_is_answered() -> None:
    lines = Lines()
    lines.write(id=1, text="ab")
    lines.write(cancel=7)  # nobody ever asked it
    lines.write(id=2, text="c")
    lines.close()
    heard = answers(Speaking(lambda _: None), Requests(lines))
    assert heard == [(1, "a"), (1, "b"), (1, "done"), (2, "c"), (2, "done")]


def test_a_cancelled_request_ends_between_two_chunks(eventually: Callable[..., None]) -> None:
    lines = Lines()
    requests = Requests(lines)

    def between(letter: str) -> None:
        if letter == "c":
            lines.write(cancel=1)
            eventually(lambda: requests.is_cancelled(1))
            lines.close()

    lines.write(id=1, text="abcdef")
    lines.write(id=2, text="xy")
    lines.write(cancel=2)  # taken back before its turn
    lines.write(id=3, text="z")
    server = Speaking(between)
    assert answers(server, requests) == [(1, "a"), (1, "b"), (3, "z"), (3, "done")]
    assert server.spoken == "abcz"


def test_a_number_is_free_again_once_it_is_answered(eventually: Callable[..., None]) -> None:
    lines = Lines()
    requests = Requests(lines)
    turns = iter(requests)
    for _ in range(2):
        lines.write(id=1)
        assert next(turns)["id"] == 1
        assert not requests.is_cancelled(1)
        lines.write(cancel=1)
        eventually(lambda: requests.is_cancelled(1))
        lines.write(id=2)
        assert next(turns)["id"] == 2


def test_what_is_not_json_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    turns = iter(Requests(["{broken\n", '{"id": 1}\n']))
    assert [request["id"] for request in turns] == [1]
    assert "not a line of JSON" in capsys.readouterr().err
