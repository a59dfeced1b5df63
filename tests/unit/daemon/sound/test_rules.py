"""Requests that are answered name us as their host and come from our own page."""

from __future__ import annotations

import pytest

from daemon.sound.page.rules import headers, why_refused

PORT = 8765


@pytest.mark.parametrize(
    "host", ["localhost:8765", "127.0.0.1:8765", "[::1]:8765", "LocalHost:8765"]
)
def test_our_own_page_is_answered(host: str) -> None:
    assert why_refused(host, None, PORT, socket=False) == ""
    assert why_refused(host, f"http://{host.lower()}", PORT, socket=True) == ""


@pytest.mark.parametrize(
    "host",
    [None, "", "localhost", "localhost:8766", "evil.example:8765", "localhost:8765.evil.example"],
)
def test_a_foreign_name_for_us_is_refused(host: str | None) -> None:
    assert "forward the same port" in why_refused(host, f"http://{host}", PORT, socket=True)
    assert why_refused(host, None, PORT, socket=False)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:3000",
        "https://localhost:8765",
        "http://127.0.0.1:8765",  # the same server, but another origin than that of the page
        "null",
        "",
    ],
)
def test_a_foreign_page_is_refused(origin: str) -> None:
    for socket in (False, True):
        assert "only this page" in why_refused("localhost:8765", origin, PORT, socket=socket)


def test_a_socket_must_say_where_it_comes_from() -> None:
    assert why_refused("localhost:8765", None, PORT, socket=True)


def test_nothing_comes_from_elsewhere_and_nothing_is_kept() -> None:
    sent = headers(PORT)
    policy = sent["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy
    assert sent["Cache-Control"] == "no-store"
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Referrer-Policy"] == "no-referrer"
