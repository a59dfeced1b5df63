"""Takes on their way: nothing is acknowledged that is not there, nothing is stored twice."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from daemon.errors import BadRequestError, GapError, NotFoundError
from daemon.takes.arriving import LONGEST_SECONDS, Arriving, Order
from workspace.layout import Workspace

KEY = "0123456789abcdef" * 2
ORDER = Order(
    key=KEY, speaker="alice", prompt="zh0001", rate=48_000, device={"kind": "local", "name": "mic"}
)
SOUND = random.Random(1).randbytes(30_000)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def arriving(tmp_path: Path) -> Arriving:
    return Arriving(Workspace(tmp_path))


def send(arriving: Arriving, data: bytes, offset: int = 0) -> int:
    return arriving.append(KEY, offset, data, digest(data))


def test_pieces_make_the_whole(arriving: Arriving) -> None:
    assert arriving.begin(ORDER) == 0
    for start in range(0, len(SOUND), 7_000):
        assert send(arriving, SOUND[start : start + 7_000], start) == min(start + 7_000, len(SOUND))
    assert arriving.whole(KEY, len(SOUND), digest(SOUND)).read_bytes() == SOUND
    assert arriving.all() == [(ORDER, len(SOUND))]


def test_a_piece_sent_again_is_stored_once(arriving: Arriving) -> None:
    arriving.begin(ORDER)
    send(arriving, SOUND[:9_000])
    assert send(arriving, SOUND[:9_000]) == 9_000
    assert send(arriving, SOUND[6_000:12_000], 6_000) == 12_000
    assert arriving.begin(ORDER) == 12_000
    send(arriving, SOUND[12_000:], 12_000)
    assert arriving.whole(KEY, len(SOUND), digest(SOUND)).read_bytes() == SOUND


def test_a_later_daemon_goes_on(arriving: Arriving, tmp_path: Path) -> None:
    arriving.begin(ORDER)
    send(arriving, SOUND[:9_000])
    later = Arriving(Workspace(tmp_path))
    assert later.begin(ORDER) == 9_000
    assert later.append(KEY, 9_000, SOUND[9_000:], digest(SOUND[9_000:])) == len(SOUND)


def test_a_gap_is_refused_and_told(arriving: Arriving) -> None:
    arriving.begin(ORDER)
    send(arriving, SOUND[:9_000])
    with pytest.raises(GapError, match="9000 bytes are here"):
        send(arriving, SOUND[12_000:], 12_000)
    with pytest.raises(GapError, match="9000 of 30000"):
        arriving.whole(KEY, len(SOUND), digest(SOUND))
    assert arriving.stored(KEY) == 9_000


def test_damage_on_the_way_is_seen(arriving: Arriving) -> None:
    arriving.begin(ORDER)
    with pytest.raises(BadRequestError, match="damaged"):
        arriving.append(KEY, 0, SOUND, digest(SOUND[:-1] + b"x"))
    assert arriving.stored(KEY) == 0
    send(arriving, SOUND)
    with pytest.raises(BadRequestError, match="was damaged on its way"):
        arriving.whole(KEY, len(SOUND), digest(b"something else"))
    assert arriving.begin(ORDER) == 0  # the capturing side has it, and sends it again


def test_a_key_is_one_takes(arriving: Arriving) -> None:
    arriving.begin(ORDER)
    other = Order(key=KEY, speaker="bob", prompt="zh0001", rate=48_000, device={})
    with pytest.raises(BadRequestError, match="another take's"):
        arriving.begin(other)


@pytest.mark.parametrize("key", ["", "../../../../etc/passwd", "0" * 31, "g" * 32, KEY.upper()])
def test_only_a_key_is_a_key(arriving: Arriving, key: str) -> None:
    with pytest.raises(BadRequestError, match="32 hexadecimal digits"):
        arriving.begin(Order(key=key, speaker="a", prompt="b", rate=48_000, device={}))
    with pytest.raises(BadRequestError, match="32 hexadecimal digits"):
        arriving.append(key, 0, b"", digest(b""))


def test_what_was_not_begun_is_not_taken(arriving: Arriving) -> None:
    with pytest.raises(NotFoundError, match="is on its way"):
        send(arriving, SOUND)


def test_a_take_ends_somewhere(arriving: Arriving) -> None:
    arriving.begin(ORDER)
    with pytest.raises(BadRequestError, match="60 minutes"):
        send(arriving, b"abc", int(LONGEST_SECONDS * ORDER.rate * 3))


def test_a_forgotten_take_is_gone(arriving: Arriving) -> None:
    arriving.begin(ORDER)
    send(arriving, SOUND)
    assert arriving.forget(KEY)
    assert not arriving.forget(KEY)
    assert arriving.all() == []
