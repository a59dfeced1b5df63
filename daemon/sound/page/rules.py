"""Which requests are answered, and with which headers: a browser's tab speaks from its own page.

Any page that a person has open can make their browser send requests to localhost. So a request has
to name us as its host (else a foreign name may have been bound to 127.0.0.1: DNS rebinding), and a
socket has to come from our own page.
"""

from __future__ import annotations

from collections.abc import Mapping

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


def hosts(port: int) -> frozenset[str]:
    """The values of `Host` that mean us."""
    return frozenset(f"{name}:{port}" for name in LOOPBACK_NAMES)


def why_refused(host: str | None, origin: str | None, port: int, *, socket: bool) -> str:
    """Why a request is not answered; empty: it is.

    Args:
        host, origin: these headers; None: there is none.
        port: where we listen.
        socket: whether it asks for a WebSocket; only then an origin must be named.
    """
    if host is None or host.lower() not in hosts(port):
        return f"open this page as http://localhost:{port}: forward the same port at both ends"
    if origin is None:
        return "only this page may open a socket" if socket else ""
    if origin != f"http://{host.lower()}":
        return "only this page may ask"
    return ""


def headers(port: int) -> Mapping[str, str]:
    """What goes with every answer: nothing from elsewhere, kept nowhere, shown in no frame."""
    # WebSockets are named because older browsers do not count them as 'self'.
    sockets = f"ws://localhost:{port} ws://127.0.0.1:{port}"
    policy = (
        "default-src 'self'", f"connect-src 'self' {sockets}", "object-src 'none'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    )  # fmt: skip
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
    }
