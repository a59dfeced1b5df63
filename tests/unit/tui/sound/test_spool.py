"""Takes kept on this machine, by processes that are killed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tui.sound.spool import End, Order, Spool, SpooledTake, SpoolError, spool_folder

PLACE = "ssh://gpu/voices"
ORDER = Order(
    key="0" * 32, place=PLACE, speaker="alice", prompt="zh0001", rate=48_000,
    device={"kind": "local", "name": "a microphone"}, begun=1.0,
)  # fmt: skip

RECORDING = """
import random, sys
from pathlib import Path
from tests.unit.tui.sound.test_spool import ORDER
from tui.sound.spool import Spool
take = Spool(Path(sys.argv[1])).begin(ORDER)
chance = random.Random(7)
while True:
    take.append(chance.randbytes(1440))
    print(take.size, flush=True)
"""


def order(number: int, **changes: object) -> Order:
    return dataclasses.replace(ORDER, key=f"{number:032x}", begun=float(number), **changes)


def whole(take: SpooledTake) -> bytes:
    return take.read(0, take.size)


def test_a_take_is_read_while_it_grows(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(9000)
    with Spool(tmp_path).begin(ORDER) as take:
        take.append(content[:3000])
        assert (take.read(0, 9999), take.read(2997, 9999), take.size) == (
            content[:3000],
            content[2997:3000],
            3000,
        )
        take.append(content[3000:])
        take.finish(End(dropped=2, late=1))
        assert take.sha256() == hashlib.sha256(content).hexdigest()


def test_what_ended_is_pending_oldest_first_and_only_for_its_place(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for number, place in ((3, PLACE), (1, PLACE), (2, "/elsewhere")):
        with spool.begin(order(number, place=place)) as take:
            take.append(bytes(3 * number))
            take.finish(End(late=number))
    found = []
    for take in spool.pending(PLACE):
        with take:
            found.append((take.order.begun, take.size, take.end))
    assert found == [(1.0, 3, End(late=1)), (3.0, 9, End(late=3))]
    assert sorted(each.place for each in spool.orders()) == ["/elsewhere", PLACE, PLACE]


def test_nobody_else_touches_a_take_that_is_worked_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with spool.begin(ORDER):
        assert list(spool.pending(PLACE)) == []
    [take] = spool.pending(PLACE)
    with take:
        assert list(Spool(tmp_path).pending(PLACE)) == []


def test_what_is_removed_is_gone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with spool.begin(ORDER) as take:
        take.append(b"abc")
        take.remove()
    assert spool.orders() == []
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_loses_nothing(tmp_path: Path, repository: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RECORDING, tmp_path], stdout=subprocess.PIPE, cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )  # fmt: skip
    assert process.stdout is not None
    for _ in range(200):
        said = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    [take] = Spool(tmp_path).pending(PLACE)
    with take:
        assert take.end == End()
        assert take.size >= int(rest[-1] if rest else said)
        chance = random.Random(7)
        expected = b"".join(chance.randbytes(1440) for _ in range(take.size // 1440))
        assert whole(take)[: len(expected)] == expected


def test_half_a_frame_is_no_frame(tmp_path: Path) -> None:
    with Spool(tmp_path).begin(ORDER) as take:
        take.append(b"abc")
    with (tmp_path / ORDER.key / "audio.pcm").open("ab") as file:
        file.write(b"de")  # as of a write that was cut short
    [take] = Spool(tmp_path).pending(PLACE)
    with take:
        assert whole(take) == b"abc"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpoolError, match="takes cannot be kept in") as raised:
        Spool(tmp_path / "file" / "takes").begin(ORDER)
    assert "XDG_STATE_HOME" in raised.value.fix


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_RDWR)
    with SpooledTake(tmp_path, ORDER, full, None) as take, pytest.raises(SpoolError) as raised:
        take.append(b"abc")
    assert "No space left" in str(raised.value)


def test_it_lies_with_the_persons_state() -> None:
    assert spool_folder({"XDG_STATE_HOME": "/s"}) == Path("/s/yinfang/takes")
    assert spool_folder({}) == Path("~/.local/state/yinfang/takes").expanduser()
