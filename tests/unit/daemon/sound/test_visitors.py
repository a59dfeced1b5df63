"""Whose a connection over the loopback is, as the kernel's tables tell it."""

from __future__ import annotations

import os
import socket

import pytest

from daemon.sound.page.visitors import Ends, user_at, user_of

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:223D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31 1 0
   1: 0100007F:223D 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 32 1 0
   2: 0100007F:C350 0100007F:223D 01 00000000:00000000 00:00000000 00000000  1001        0 33 1 0
   3: 0100007F:C351 0100007F:223D 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0
"""
TABLE6 = """\
  sl  local_address                         remote_address                        st tx rx tr uid
   0: 00000000000000000000000001000000:C350 00000000000000000000000001000000:223D 01 0:0 0:0 0 \
1002 0 35 1
"""
SERVER = ("127.0.0.1", 8765)


def test_the_user_is_the_one_who_dialled_not_the_one_who_listens() -> None:
    assert user_of(Ends(("127.0.0.1", 50_000), SERVER), TABLE.splitlines()) == 1001


def test_ipv6_is_read_as_the_kernel_writes_it() -> None:
    assert user_of(Ends(("::1", 50_000), ("::1", 8765)), TABLE6.splitlines()) == 1002


def test_what_is_not_there_or_has_ended_is_nobodys() -> None:
    assert user_of(Ends(("127.0.0.1", 50_002), SERVER), TABLE.splitlines()) is None
    # of connections that have ended the kernel says 0: that must not be taken for root
    assert user_of(Ends(("127.0.0.1", 50_001), SERVER), TABLE.splitlines()) is None


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_a_real_connection_is_ours(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as listening:
        try:
            listening.bind((address, 0))
        except OSError:
            pytest.skip(f"the loopback has no {address} here")
        listening.listen()
        with (
            socket.create_connection(listening.getsockname()[:2]),
            listening.accept()[0] as accepted,
        ):
            assert user_at(accepted) == os.getuid()
