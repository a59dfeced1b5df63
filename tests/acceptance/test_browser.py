"""A browser's tab as microphone and loudspeaker: a real browser, a real tunnel, a real daemon.

The browser's microphone hears noise that never repeats, so that any part of it that is found whole
in the noise, and nowhere else, is proof that nothing was lost, doubled or changed.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import random
import sys
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.dashboard import driven
from tests.acceptance.running import REPOSITORY, RunningDaemon, until
from tests.acceptance.sshd import Sshd, Tunnel, why_no_sshd
from tests.chromium import Chromium, why_no_chromium
from tui.dashboard.memory import Memory
from tui.dashboard.screens.voices import SENTENCE
from workspace.recordings import Recordings

WHY_NOT = why_no_sshd() or why_no_chromium()
pytestmark = [
    pytest.mark.debian,
    pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "all is here"),
]
RATE = 44_100  # Hz, of Chromium's fake microphone: so nothing is resampled on the way
FRAME = 2  # bytes
NOISE = random.Random(7).randbytes(FRAME * RATE * 60)
SOUND_COMES = "document.getElementById('bar').getAttribute('aria-valuenow') > -60"
SPEAKER, PROMPT = "alice", "zh0001"
SPEECH = (sys.executable, str(REPOSITORY / "tests/acceptance/speaker.py"))
OVER_SSH = {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22"}
CUTS = 20
QUANTUM = 128  # frames that a browser hands to its page at a time
PLAYED_RATE = 24_000  # Hz
LETTER = 10  # samples of each letter that `tests.acceptance.speaker` says
PIECE = 960  # bytes of a sound that are sent at a time: 20 ms
NO_TRACKS = "delete globalThis.MediaStreamTrackProcessor"  # as Firefox has none
TIMED = """
async (late, missing, seconds) => {
  const { Timing } = await import("/timing.js");
  const [rate, frames] = [48000, 1200];
  const timing = new Timing(rate);
  for (let block = 1; block * frames <= seconds * rate; block += 1) {
    const at = (block * frames) / rate + (block in late ? late[block] : 0);
    const lost = missing.reduce((sum, [from, count]) => sum + (block >= from ? count : 0), 0);
    timing.take(frames, 100 + at + lost / rate);
  }
  const whole = timing.isWhole(100 + seconds - 0.025);
  if (!whole) timing.giveUp();
  return [timing.dropped, whole];
}
"""
LISTEN = """
async (rate) => {
  globalThis.heard = [];
  const hear = async (context, node) => {
    await context.audioWorklet.addModule("/capture.js");
    const options = { numberOfOutputs: 0, processorOptions: { frames: 512 } };
    const ear = new AudioWorkletNode(context, "capture", options);
    if (globalThis.ear) globalThis.ear.port.onmessage = null; // of a test before
    globalThis.ear = ear;
    ear.port.onmessage = ({ data }) => {
      for (const value of data.chunk) globalThis.heard.push(Math.round(value * 32768));
    };
    node.connect(ear);
  };
  await globalThis.yinfang.loudspeaker.listen(rate, hear);
}
"""


class Take:
    """A take that is made by the tab, as the dashboard orders it.

    Attributes:
        events: all that was said of it but its levels.
        frames: heard so far, by its levels.
    """

    def __init__(self, daemon: RunningDaemon, device: str = "") -> None:
        self.events: list[dict[str, Any]] = []
        self.frames = 0
        self.key = ""
        self._daemon = daemon
        self._device = device or tabs(daemon)[0]["id"]
        self._watching = threading.Thread(target=self._watch)
        self._watching.start()
        until(lambda: self.key, "it is ordered", self._explain)

    def hear(self, seconds: float) -> None:
        """Return when so much of it was recorded."""
        until(lambda: self.frames >= seconds * RATE, f"{seconds} s", self._explain)

    def stop(self) -> None:
        self._daemon.call("sound.stop", key=self.key)

    def card(self) -> dict[str, Any]:
        """What became of it."""
        until(lambda: "card" in (self.events or [{}])[-1], "its card", self._explain, 60)
        self._watching.join()
        card: dict[str, Any] = self.events[-1]["card"]
        return card

    def _watch(self) -> None:
        with self._daemon.client() as client:
            about = {"device": self._device, "speaker": SPEAKER, "prompt": PROMPT}
            for event in client.stream("sound.record", **about):
                self.key = event.get("key", self.key)
                if levels := event.get("levels"):
                    self.frames = round(levels[-1]["at"] * RATE)
                else:
                    self.events.append(event)

    def _explain(self) -> str:
        return f"{self.frames} frames, {str(self.events)[:2000]}, {self._daemon.explain()}"


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd") / "etc").up()
    yield server
    server.down()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path_factory.mktemp("tab") / "workspace", speech=SPEECH).up()
    daemon.call("recordings.open", speaker=SPEAKER)
    yield daemon
    daemon.end()


@pytest.fixture(scope="module")
def tunnel(daemon: RunningDaemon, sshd: Sshd) -> Iterator[Tunnel]:
    tunnel = Tunnel(sshd.environ(), daemon.call("sound.page")["port"]).up()
    yield tunnel
    tunnel.cut()


@pytest.fixture(scope="module")
def browser(
    daemon: RunningDaemon, tunnel: Tunnel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chromium]:
    with chromium(daemon, tunnel, tmp_path_factory.mktemp("browser")) as browser:
        browser.open(daemon.call("sound.page")["url"])
        click(browser, daemon)
        yield browser


@contextmanager
def chromium(daemon: RunningDaemon, tunnel: Tunnel, folder: Path) -> Iterator[Chromium]:
    """A browser that hears the noise."""
    with wave.open(str(folder / "noise.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(FRAME)
        file.setframerate(RATE)
        file.writeframes(NOISE)
    port = daemon.call("sound.page")["port"]
    browser = Chromium(folder / "p", folder / "noise.wav", {port: tunnel.port}).up()
    try:
        yield browser
    finally:
        browser.down()


def tabs(daemon: RunningDaemon) -> list[dict[str, Any]]:
    with daemon.client() as client:
        first: dict[str, Any] = next(iter(client.stream("sound.devices")))
    found: list[dict[str, Any]] = first["devices"]
    return found


def click(browser: Chromium, daemon: RunningDaemon) -> None:
    """Let the page use microphone and loudspeaker, as a person does."""
    browser.wait("globalThis.yinfang?.line.isHere")
    browser.run("document.getElementById('allow').click()")
    until(lambda: attached(daemon), "the tab is a microphone", lambda: str(browser.told))
    browser.wait(SOUND_COMES)


def attached(daemon: RunningDaemon) -> bool:
    return any(tab["microphone"] and tab["loudspeaker"] for tab in tabs(daemon))


def assert_whole(daemon: RunningDaemon, card: dict[str, Any]) -> None:
    """A take is one unbroken piece of what the microphone heard, and as long as it was counted."""
    heard = b"".join(frames_of(daemon, card))
    assert heard in NOISE + NOISE, "it is not what the microphone heard"


def frames_of(daemon: RunningDaemon, card: dict[str, Any]) -> list[bytes]:
    import soundfile

    path = Recordings(daemon.workspace.recordings / SPEAKER).takes / f"{card['take']}.raw.flac"
    samples, rate = soundfile.read(path, dtype="int32")
    assert (rate, len(samples)) == (RATE, card["frames"])
    return [as_played(int(each) >> 8) for each in samples]


def assert_rendered_whole(daemon: RunningDaemon, card: dict[str, Any]) -> None:
    """A take of rendered sound is that but for silences, unless it says what it has lost.

    A browser that is held up has no sound to render in time and gives silence, in whole quanta.
    Behind it the noise goes on where it was, or where it would be.
    """
    place = None
    for silence, piece in heard_pieces(frames_of(daemon, card)):
        if place is None:
            place = NOISE.find(piece[: FRAME * 100])
            assert place >= 0 and place % FRAME == 0, f"no noise: {piece[:40].hex()}"
        ends = [at for at in (place, place + silence) if NOISE.startswith(piece, at)]
        assert ends or card["dropped"], "something is missing in it, and nobody was told"
        place = (ends or [NOISE.find(piece[: FRAME * 100])])[0] + len(piece)


def heard_pieces(frames: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """What was heard between the browser's own silences: bytes of silence before, and sound."""
    silence, piece = 0, b""
    whole = FRAME * QUANTUM
    for quiet, run in itertools.groupby(frames, key=lambda frame: frame == bytes(FRAME)):
        sound = b"".join(run)
        # a take may begin in the middle of such a silence
        if quiet and (len(sound) >= whole or not (piece or silence)):
            if piece:
                yield silence, piece
            silence, piece = len(sound), b""
        else:
            piece += sound
    if piece:
        yield silence, piece


def as_played(sample: int) -> bytes:
    """A sample of 24 bits as it was in the file: Chromium takes 32767 for full scale upwards."""
    full = 32767 if sample > 0 else 32768
    return round(sample * full / 2**23).to_bytes(FRAME, "little", signed=True)


def test_what_the_tab_hears_is_stored_sample_by_sample(
    daemon: RunningDaemon, browser: Chromium
) -> None:
    take = Take(daemon)
    take.hear(1.0)
    assert browser.run("document.getElementById('text').innerText")
    take.stop()
    card = take.card()
    assert (card["dropped"], card["device"]["kind"], card["rate"]) == (0, "browser", RATE)
    assert card["frames"] >= RATE
    assert_whole(daemon, card)


def test_a_browser_that_only_renders_records_too(
    daemon: RunningDaemon, tunnel: Tunnel, tmp_path: Path
) -> None:
    others = {tab["id"] for tab in tabs(daemon)}

    def ours() -> list[str]:
        return [tab["id"] for tab in tabs(daemon) if tab["microphone"] and tab["id"] not in others]

    with chromium(daemon, tunnel, tmp_path) as browser:
        browser.ask("Page.addScriptToEvaluateOnNewDocument", source=NO_TRACKS)
        browser.open(daemon.call("sound.page")["url"])
        click(browser, daemon)
        assert browser.run("typeof MediaStreamTrackProcessor") == "undefined"
        until(ours, "the tab is a microphone", lambda: str(browser.told))
        take = Take(daemon, *ours())
        take.hear(1.0)
        take.stop()
        card = take.card()
        assert card["frames"] >= RATE
        assert_rendered_whole(daemon, card)
    until(lambda: not ours(), "the tab is gone")


@pytest.mark.parametrize(
    ("late", "missing", "dropped", "whole"),
    [
        ({}, [], 0, True),
        ({30: 0.5, 31: 0.475}, [], 0, True),
        ({199: 0.02, 200: 0.04}, [], 1920, False),  # the end has not come in time
        ({}, [(20, 1024)], 1024, True),
        ({}, [(20, 1024), (90, -1024)], 0, True),  # it comes after all
        ({}, [(20, 2048), (195, 1024)], 3072, False),  # in the last second, too
    ],
)  # fmt: skip
def test_what_a_microphone_lost_is_told_by_the_clock(
    browser: Chromium, late: dict[int, float], missing: list[Any], dropped: int, whole: bool
) -> None:
    assert browser.run(f"({TIMED})({late}, {json.dumps(missing)}, 5)") == [dropped, whole]


def test_twenty_cuts_lose_no_sample(
    daemon: RunningDaemon, browser: Chromium, tunnel: Tunnel
) -> None:
    chance = random.Random(11)
    for number in range(CUTS):
        take = Take(daemon)
        at = chance.uniform(0.05, 0.6)
        take.hear(at)
        if number % 2:
            take.stop()  # the line is cut while the rest is on its way
        tunnel.cut()
        tunnel.up()
        if not number % 2:
            until(lambda: attached(daemon), "the tab is back", lambda: str(browser.told))
            take.hear(at + 0.1)
            take.stop()
        card = take.card()
        assert card["frames"] >= at * RATE
        assert_whole(daemon, card)
        assert len(takes_with(daemon, take.key)) == 1
    browser.wait("globalThis.yinfang.shelf.takes().then(takes => takes.length === 0)")


def test_what_was_recorded_while_the_line_was_cut_comes_too(
    daemon: RunningDaemon, browser: Chromium, tunnel: Tunnel
) -> None:
    take = Take(daemon)
    take.hear(0.2)
    tunnel.cut()
    until(lambda: {"here": False} in take.events, "the cut is told")
    browser.wait(f"globalThis.yinfang.shelf.size('{take.key}').then(size => size > {3 * RATE})")
    assert "sent when it is back" in browser.run("document.body.innerText")
    tunnel.up()
    take.hear(1.0)
    take.stop()
    assert_whole(daemon, take.card())


def test_a_reloaded_tab_sends_what_it_had(daemon: RunningDaemon, browser: Chromium) -> None:
    take = Take(daemon)
    take.hear(0.5)
    browser.reload()
    card = take.card()
    assert card["frames"] >= 0.4 * RATE  # the last moments of the page before were not kept yet
    assert_whole(daemon, card)
    click(browser, daemon)


def test_a_killed_daemon_gets_the_rest(daemon: RunningDaemon, browser: Chromium) -> None:
    device = tabs(daemon)[0]["id"]
    with daemon.client() as client:
        about = {"device": device, "speaker": SPEAKER, "prompt": PROMPT}
        events = iter(client.stream("sound.record", **about))
        key = next(events)["key"]
        while next(events).get("levels", [{"at": 0.0}])[-1]["at"] < 0.4:
            continue
        daemon.kill()
    daemon.up()
    # Nobody waits for the take any more: the tab ends it, and what there was is kept.
    until(lambda: takes_with(daemon, key), "the take is there", daemon.explain, 60)
    [card] = takes_with(daemon, key)
    assert card["frames"] >= 0.4 * RATE
    assert_whole(daemon, card)


def test_a_cancelled_take_leaves_nothing(daemon: RunningDaemon, browser: Chromium) -> None:
    until(lambda: attached(daemon), "the tab is a microphone", lambda: str(browser.told))
    take = Take(daemon)
    take.hear(0.3)
    daemon.call("sound.cancel", key=take.key)
    until(lambda: {"cancelled": True} in take.events, "it is cancelled", lambda: str(take.events))
    assert daemon.call("takes.pending") == []
    browser.wait("globalThis.yinfang.shelf.takes().then(takes => takes.length === 0)")


def test_a_take_that_is_refused_holds_up_no_other(daemon: RunningDaemon, browser: Chromium) -> None:
    other = '{ ...take, key: "f".repeat(32), speaker: "nobody", end: null, made: 0, tab: "gone" }'
    take = Take(daemon)
    take.hear(0.1)
    browser.run(
        f"globalThis.yinfang.shelf.take('{take.key}')"
        f".then(take => globalThis.yinfang.shelf.begin({other}))"
    )
    take.stop()
    assert_whole(daemon, take.card())
    ended = "{ wanted: true, dropped: 0, late: 0 }"
    browser.run(f"globalThis.yinfang.shelf.end('{'f' * 32}', {ended})")
    after = Take(daemon)
    after.hear(0.1)
    after.stop()
    assert_whole(daemon, after.card())
    browser.wait(
        "document.getElementById('kept').innerText.includes(\"no recordings of 'nobody'\")"
    )
    browser.run(f"globalThis.yinfang.shelf.remove('{'f' * 32}')")


def test_what_is_played_is_heard_without_gaps(daemon: RunningDaemon, browser: Chromium) -> None:
    listen(browser)
    sound = random.Random(3).randbytes(2 * PLAYED_RATE)
    play(daemon, "first", sound)
    browser.wait(f"globalThis.heard.filter(Boolean).length >= {len(sound) // 2 - 10}")
    heard = what_was_heard(browser)
    begin = heard.find(sound[:100])
    assert begin >= 0, "its beginning was not heard"
    assert heard[begin : begin + len(sound)] == sound


def test_it_is_silent_when_it_is_told_to_be(daemon: RunningDaemon, browser: Chromium) -> None:
    listen(browser)
    sound = random.Random(4).randbytes(2 * PLAYED_RATE * 20)
    device = play(daemon, "long", sound[: PLAYED_RATE * 16], end=False)
    browser.wait("globalThis.heard.filter(Boolean).length >= 2000")
    daemon.call("sound.quiet", device=device, sound="long")
    play(daemon, "long", sound[PLAYED_RATE * 16 :])  # that was on its way: it is not heard either
    play(daemon, "next", b"\x11\x11" * PLAYED_RATE)
    browser.wait("globalThis.heard.slice(-2000).every(each => each === 0x1111)")
    heard = what_was_heard(browser).lstrip(b"\x00")
    assert len(heard) < len(sound) // 2
    assert sound[-2000:] not in heard


def test_the_dashboard_on_the_server_is_heard_from_the_tab(
    daemon: RunningDaemon, browser: Chromium
) -> None:
    """A voice of the page of voices, sample by sample; `space` is silence."""
    until(lambda: attached(daemon), "the tab is a loudspeaker", lambda: str(browser.told))
    listen(browser)
    said = b"".join(spoken(letter).to_bytes(2, "little") * LETTER for letter in SENTENCE)

    async def hear() -> None:
        async with driven(daemon, memory=Memory(page="voices"), environ=OVER_SSH) as seen:
            await seen.until(lambda: bool(seen.table().keys), "voices")
            await seen.press("space")
            await seen.until_said("(browser)", "▶")
            await asyncio.to_thread(until, lambda: said in what_was_heard(browser), "all of it")
            await seen.until(lambda: "▶" not in seen.text(), "it has ended")
            await seen.press("t", "ctrl+u")
            seen.app.screen.query_one("#text").value = "endless"  # type: ignore[attr-defined]
            await seen.press("enter")
            endless = f"globalThis.heard.slice(-480).includes({spoken('长')})"
            await asyncio.to_thread(browser.wait, endless)
            await seen.press("space")
            await seen.until(lambda: "▶" not in seen.text(), "it is told to be silent")
            await asyncio.to_thread(
                browser.wait, "globalThis.heard.slice(-2400).every(each => each === 0)"
            )

    asyncio.run(hear())


def spoken(letter: str) -> int:
    """The sample that `tests.acceptance.speaker` says for a letter."""
    return ord(letter) % 30_000


def takes_with(daemon: RunningDaemon, key: str) -> list[dict[str, Any]]:
    cards = Recordings(daemon.workspace.recordings / SPEAKER).cards().values()
    return [card for card in cards if card["key"] == key]


def play(daemon: RunningDaemon, name: str, sound: bytes, end: bool = True) -> str:
    """Play s16le with the tab; the tab's id."""
    device = str(tabs(daemon)[0]["id"])
    with daemon.client() as client:
        about = {"device": device, "sound": name, "rate": PLAYED_RATE}
        for begin in range(0, len(sound), PIECE):
            data = base64.b64encode(sound[begin : begin + PIECE]).decode()
            client.call("sound.play", **about, data=data)
        if end:
            client.call("sound.play", **about)
    return device


def listen(browser: Chromium) -> None:
    """Have the page note what it plays from now on, as s16 in `globalThis.heard`."""
    browser.run(f"({LISTEN})({PLAYED_RATE})")


def what_was_heard(browser: Chromium) -> bytes:
    heard: list[int] = browser.run("globalThis.heard")
    return b"".join(each.to_bytes(2, "little", signed=True) for each in heard)
