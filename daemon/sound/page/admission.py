"""Who may speak: a link that works once, and then a secret that the tab keeps.

The token of a link stands behind its `#`, which browsers send to nobody; the page gives it to us
over its socket and gets a secret for it. Of both only digests are kept here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping

from daemon.errors import PeerRefusedError

INVITATION_SECONDS = 600.0  # that a link is good for
SESSION_SECONDS = 12 * 3600.0  # that a tab may be away
SECRET_BYTES = 32
NEW_LINK = "the dashboard gives a new link"

Clock = Callable[[], float]


class Admission:
    """Gives out tokens and secrets, and knows them again."""

    def __init__(self, sessions: Mapping[str, float], clock: Clock = time.time) -> None:
        """
        Args:
            sessions: digests of secrets, each with the Unix time at which it ends.
            clock: Unix time, seconds.
        """
        self._clock = clock
        self._invitations: dict[str, float] = {}
        self._sessions = dict(sessions)

    def invite(self) -> tuple[str, float]:
        """A token that one tab may use, and the Unix time until which it may."""
        token = secrets.token_urlsafe(SECRET_BYTES)
        ends = self._clock() + INVITATION_SECONDS
        self._invitations[_digest(token)] = ends
        return token, ends

    def admit(self, token: str, secret: str) -> str:
        """The secret of a tab that has one, or else a link; either may be empty.

        Raises:
            PeerRefusedError: neither is good.
        """
        if not token and not secret:
            raise PeerRefusedError("this page is opened by a link", NEW_LINK)
        if secret:
            try:
                self.recognise(secret)
            except PeerRefusedError:
                if not token:
                    raise
            else:
                return secret  # also where the link was used before: by this tab, perhaps
        return self.trade(token)

    def trade(self, token: str) -> str:
        """The secret for a token, which is good for nothing from now on.

        Raises:
            PeerRefusedError: it is none of ours, was used, or is too old.
        """
        used = _find(token, self._invitations)
        ends = self._invitations.pop(used) if used else 0.0
        if ends <= self._clock():
            raise PeerRefusedError("this link was used before, or is too old", NEW_LINK)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        self._sessions[_digest(secret)] = self._clock() + SESSION_SECONDS
        return secret

    def recognise(self, secret: str) -> None:
        """Let a tab in again that has a secret, which is good for longer then.

        Raises:
            PeerRefusedError: it is none of ours, or the tab was away for too long.
        """
        known = _find(secret, self._sessions)
        if known is None or self._sessions[known] <= self._clock():
            raise PeerRefusedError("this tab was away for too long", NEW_LINK)
        self._sessions[known] = self._clock() + SESSION_SECONDS

    def sessions(self) -> dict[str, float]:
        """Those that have not ended; as `Admission` takes them."""
        return {key: ends for key, ends in self._sessions.items() if ends > self._clock()}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _find(text: str, digests: Mapping[str, float]) -> str | None:
    """The digest of a text among others, in the same time wherever it differs."""
    wanted = _digest(text)
    found = [each for each in digests if hmac.compare_digest(each, wanted)]
    return found[0] if found else None
