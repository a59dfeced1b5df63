"""Links are good once and for ten minutes; the secret that is given for one lets a tab in again."""

from __future__ import annotations

import pytest

from daemon.errors import PeerRefusedError
from daemon.sound.page.admission import INVITATION_SECONDS, SESSION_SECONDS, Admission


class Clock:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_link_is_good_once(clock: Clock) -> None:
    admission = Admission({}, clock)
    token, expires = admission.invite()
    assert expires == clock.now + INVITATION_SECONDS
    admission.recognise(admission.trade(token))
    with pytest.raises(PeerRefusedError, match="used before"):
        admission.trade(token)


def test_a_link_is_good_for_ten_minutes(clock: Clock) -> None:
    admission = Admission({}, clock)
    early, _ = admission.invite()
    late, _ = admission.invite()
    clock.now += INVITATION_SECONDS - 1
    admission.trade(early)
    clock.now += 1
    with pytest.raises(PeerRefusedError):
        admission.trade(late)


def test_what_is_none_of_ours_lets_nobody_in(clock: Clock) -> None:
    admission = Admission({}, clock)
    token, _ = admission.invite()
    secret = admission.trade(token)
    for wrong in ("", "x", token, secret + "=", secret[:-1]):
        with pytest.raises(PeerRefusedError):
            admission.recognise(wrong)
    for wrong in ("", "x", secret):
        with pytest.raises(PeerRefusedError):
            admission.trade(wrong)


def test_a_used_link_shuts_no_tab_out_that_is_known(clock: Clock) -> None:
    admission = Admission({}, clock)
    token, _ = admission.invite()
    secret = admission.admit(token, "")
    assert admission.admit(token, secret) == secret
    with pytest.raises(PeerRefusedError, match="used before"):
        admission.admit(token, "guess")
    with pytest.raises(PeerRefusedError, match="away for too long"):
        admission.admit("", "guess")
    with pytest.raises(PeerRefusedError, match="opened by a link"):
        admission.admit("", "")
    fresh, _ = admission.invite()
    clock.now += 1
    assert admission.admit(fresh, "of another daemon") != secret


def test_a_tab_that_comes_back_may_stay_on(clock: Clock) -> None:
    admission = Admission({}, clock)
    secret = admission.trade(admission.invite()[0])
    for _ in range(3):
        clock.now += SESSION_SECONDS - 1
        admission.recognise(secret)
    clock.now += SESSION_SECONDS
    with pytest.raises(PeerRefusedError, match="away for too long"):
        admission.recognise(secret)


def test_another_daemon_knows_the_tab_but_nobody_who_reads_its_notes_is_let_in(
    clock: Clock,
) -> None:
    first = Admission({}, clock)
    secret = first.trade(first.invite()[0])
    notes = first.sessions()
    again = Admission(notes, clock)
    again.recognise(secret)
    for digest in notes:
        with pytest.raises(PeerRefusedError):
            again.recognise(digest)
    clock.now += SESSION_SECONDS
    assert again.sessions() == {}
