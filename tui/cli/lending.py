"""What `yinfang agent` does until it is told to leave, and the line that it says about it."""

from __future__ import annotations

import asyncio
import platform
import shutil
import signal
import sys

from daemon.client.address import Address
from daemon.client.link import Link
from daemon.client.linkstate import Connected, Refused, Waiting
from daemon.errors import HostRefusedError
from tui.cli.output import print_json_line, write_line
from tui.sound.agent import Agent
from tui.sound.device import Device
from tui.sound.loudspeaker import LocalLoudspeaker
from tui.sound.microphone import LocalMicrophone
from tui.sound.spool import Spool
from tui.sound.upload import Uploader

LOOK = 0.5  # seconds between two looks at what is still on its way
PARTING = 10.0  # seconds that takes have to be sent before we leave


def lend(
    address: Address, microphone: Device | None, loudspeaker: Device | None, as_json: bool
) -> None:
    """Lend devices to the daemon at an address until Ctrl-C.

    Raises:
        DeviceError: the microphone cannot be recorded from.
        DaemonError: the daemon does not want them, or somebody has to act first.
    """
    asyncio.run(_attend(address, microphone, loudspeaker, Telling(as_json)))


class Telling:
    """One line about the state: rewritten on a terminal, written anew in a pipe."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._live = sys.stdout.isatty() and not as_json
        self._said: object = None

    def say(self, state: str, text: str) -> None:
        """Show a line if it says something new."""
        said = (state, text) if self._as_json else text
        if self._said == said:
            return
        self._said = said
        if self._as_json:
            print_json_line({"state": state, "text": text})
        elif self._live:
            columns = shutil.get_terminal_size().columns - 1  # a line that wraps is not rewritten
            sys.stdout.write(f"\r\x1b[K{text[:columns]}")
            sys.stdout.flush()
        else:
            write_line(text)

    def end(self) -> None:
        """Leave the line standing."""
        if self._live and self._said:
            write_line()


async def _attend(
    address: Address, microphone: Device | None, loudspeaker: Device | None, telling: Telling
) -> None:
    async with Link(address, "agent") as link:
        uploader = Uploader(link, Spool())
        lent = Agent(
            link,
            platform.node() or "a laptop",
            LocalMicrophone(microphone, uploader) if microphone else None,
            LocalLoudspeaker(loudspeaker) if loudspeaker else None,
        )
        tasks = [asyncio.create_task(lent.attend()), asyncio.create_task(uploader.run())]
        leaving = _leaving()
        try:
            while not await _within(leaving, LOOK):
                _look(link, tasks)
                telling.say(*_state(link, lent, uploader, _offered(microphone, loudspeaker)))
            await lent.leave()
            leaving.clear()
            await _part(link, uploader, telling, leaving)
        finally:
            telling.end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _leaving() -> asyncio.Event:
    """Set by Ctrl-C, and by whoever ends us."""
    leaving = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)
    return leaving


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether an event is set within a time."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _look(link: Link, tasks: list[asyncio.Task[None]]) -> None:
    """
    Raises:
        HostRefusedError: somebody has to act before the server takes us.
        DaemonError: the daemon does not want us.
    """
    for task in tasks:
        if task.done():
            task.result()
    if isinstance(link.state, Refused):
        raise HostRefusedError(link.state.why, link.state.fix)


def _state(link: Link, lent: Agent, uploader: Uploader, offered: str) -> tuple[str, str]:
    """A word for the state, and the line on it."""
    where = link.address.label
    if lent.recording is not None:
        return "recording", f"recording {lent.recording} for {where}"
    unsent = len(uploader.waiting())
    rest = f"; {_takes(unsent)} on the way" if unsent else ""
    if isinstance(link.state, Waiting):
        return "waiting", f"{link.state.why}: trying again{rest}"
    if not isinstance(link.state, Connected):
        return "connecting", f"reaching {where}{rest}"
    for refused in uploader.refused.values():
        rest = f"; a take is kept here, {where} says: {refused.message}"
    if lent.problem:
        rest = f"; {lent.problem}"
    return ("playing" if lent.playing else "attached"), f"lent to {where}: {offered}{rest}"


def _offered(microphone: Device | None, loudspeaker: Device | None) -> str:
    parts = [("microphone", microphone), ("loudspeaker", loudspeaker)]
    return ", ".join(f"{what} {device.name}" for what, device in parts if device)


async def _part(link: Link, uploader: Uploader, telling: Telling, hurried: asyncio.Event) -> None:
    """Send what is still here, as long as that makes sense; say what stays."""
    for _ in range(round(PARTING / LOOK)):
        unsent = len(uploader.waiting())
        if not unsent or not isinstance(link.state, Connected):
            break
        telling.say("sending", f"{_takes(unsent)} on the way; Ctrl-C leaves now")
        if await _within(hurried, LOOK):
            break
    unsent = len(uploader.waiting())
    kept = (
        f"{_takes(unsent)} kept here, and sent the next time"
        if unsent
        else "nothing is left to send"
    )
    telling.say("left", f"no longer lent to {link.address.label}; {kept}")


def _takes(count: int) -> str:
    return f"{count} {'take is' if count == 1 else 'takes are'}"
