"""`yinfang agent`: this machine's microphone and loudspeaker for a dashboard on a server."""

from __future__ import annotations

import asyncio
import platform
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tui.cli import session
from tui.cli.output import CommandError, JsonOption, print_json_line, write_line

if TYPE_CHECKING:
    from daemon.client.address import Address
    from daemon.client.link import Link
    from tui.sound.agent import Agent
    from tui.sound.device import Device
    from tui.sound.upload import Uploader

LOOK = 0.5  # seconds between two looks at what is still on its way
PARTING = 10.0  # seconds that takes have to be sent before we leave


def agent(
    ctx: typer.Context,
    server: Annotated[
        str | None,
        typer.Argument(
            metavar="[ADDRESS]",
            help=r"The server: ssh://user@gpu[:port]\[/workspace]; else as for every command.",
        ),
    ] = None,
    microphone: Annotated[
        str, typer.Option(help="Part of a device's name; `yinfang doctor audio` lists them.")
    ] = "",
    loudspeaker: Annotated[str, typer.Option(help="Part of a device's name.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Lend this machine's microphone and loudspeaker to the dashboard on a server.

    Leave it running beside the ssh session in which the dashboard is open. Takes are kept here
    until the server has them: a line that breaks loses nothing. Ctrl-C leaves.

    \b
    Examples:
      yinfang agent ssh://me@gpu
      yinfang agent ssh://me@gpu/voices --microphone USB
    """
    from tui.sound.device import devices

    found = devices()
    microphones = [device for device in found if device.microphone]
    loudspeakers = [device for device in found if device.loudspeaker]
    if not microphones and not loudspeakers:
        raise CommandError(
            "this machine has neither a microphone nor a loudspeaker",
            "plug one in; `yinfang doctor audio` says what is found",
        )
    address = session.of(ctx).on(server).address()
    one, other = _pick(microphones, microphone), _pick(loudspeakers, loudspeaker)
    asyncio.run(_attend(address, one, other, Telling(as_json)))


def _pick(devices: list[Device], name: str) -> Device | None:
    """The device that a part of a name means; without one, the system's own."""
    for device in devices:
        if name.casefold() in device.name.casefold():
            return device
    if name:
        names = ", ".join(device.name for device in devices) or "none"
        raise CommandError(f"no device is called {name!r}", f"there are: {names}")
    return None


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
            sys.stdout.write(f"\r\x1b[K{text}")
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
    from daemon.client.link import Link
    from tui.sound.agent import Agent
    from tui.sound.loudspeaker import LocalLoudspeaker
    from tui.sound.microphone import LocalMicrophone
    from tui.sound.spool import Spool
    from tui.sound.upload import Uploader

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
    from daemon.client.linkstate import Refused
    from daemon.errors import HostRefusedError

    for task in tasks:
        if task.done():
            task.result()
    if isinstance(link.state, Refused):
        raise HostRefusedError(link.state.why, link.state.fix)


def _state(link: Link, lent: Agent, uploader: Uploader, offered: str) -> tuple[str, str]:
    """A word for the state, and the line on it."""
    from daemon.client.linkstate import Connected, Waiting

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
    from daemon.client.linkstate import Connected

    for _ in range(round(PARTING / LOOK)):
        unsent = len(uploader.waiting())
        if not unsent or not isinstance(link.state, Connected):
            break
        telling.say("sending", f"{_takes(unsent)} on the way; Ctrl-C leaves now")
        if await _within(hurried, LOOK):
            break
    unsent = len(uploader.waiting())
    kept = f"{_takes(unsent)} kept here, and sent the next time" if unsent else "everything is sent"
    telling.say("left", f"no longer lent to {link.address.label}; {kept}")


def _takes(count: int) -> str:
    return f"{count} {'take is' if count == 1 else 'takes are'}"
