"""`yinfang agent`: this machine's microphone and loudspeaker for a dashboard on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tui.cli import session
from tui.cli.output import CommandError, JsonOption

if TYPE_CHECKING:
    from tui.sound.device import Device


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
    from tui.cli.lending import lend  # here, so that other commands do not wait for asyncio

    lend(address, one, other, as_json)


def _pick(devices: list[Device], name: str) -> Device | None:
    """The device that a part of a name means; without one, the system's own."""
    for device in devices:
        if name.casefold() in device.name.casefold():
            return device
    if name:
        names = ", ".join(device.name for device in devices) or "none"
        raise CommandError(f"no device is called {name!r}", f"there are: {names}")
    return None
