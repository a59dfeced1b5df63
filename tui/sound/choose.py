"""Which microphone and which loudspeaker are meant: found by itself, told with its reason.

    ways = local_ways() + attached_ways(devices)
    choice = choose(ways, "microphone", over_ssh=True)
    choice.way, choice.why, choice.fix

A person sits where the terminal is. Under plain ssh that is not this machine: its own devices would
be a server's, so they are taken only when they are asked for by name.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from daemon.client.link import Link
from tui.sound.attached import AttachedLoudspeaker, AttachedMicrophone
from tui.sound.device import Device, DeviceError, devices, kind_of_devices
from tui.sound.loudspeaker import LocalLoudspeaker, Loudspeaker
from tui.sound.microphone import LocalMicrophone, Microphone
from tui.sound.upload import Uploader

ANYWHERE = "ssh://YOU@SERVER"
End = Literal["microphone", "loudspeaker"]

HERE = ("local", "pulse", "agent", "browser")  # the order of choice where a person sits here
OVER_SSH = ("agent", "browser", "pulse")  # and on a server: what came with the person
REASONS = {
    "local": "it belongs to this machine",
    "pulse": "PULSE_SERVER forwards it to this machine",
    "agent": "an agent has brought it",
    "browser": "a browser's tab has brought it",
}


@dataclass(frozen=True)
class Way:
    """A microphone, a loudspeaker or both, and the way there.

    Attributes:
        id: what a person's choice is remembered by.
        kind: "local", "pulse", "agent" or "browser".
        name: for people.
        microphone, loudspeaker: which of both it is.
        device: of this machine, or as the daemon tells of it.
    """

    id: str
    kind: str
    name: str
    microphone: bool
    loudspeaker: bool
    device: Device | Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """What is taken.

    Attributes:
        way: None when there is nothing.
        why: one line on the reason.
        fix: one line on what to do where there is nothing; else "".
    """

    way: Way | None
    why: str
    fix: str = ""


def choose(
    ways: Sequence[Way], end: End, *, over_ssh: bool, wanted: str = "", address: str = ANYWHERE
) -> Choice:
    """The way that is taken.

    Args:
        ways: all there are, in each kind the best first.
        end: which end of the sound it is for.
        over_ssh: whether the terminal is on another machine than this.
        wanted: id of the way that the person has chosen; "" leaves it to us.
        address: how this machine is reached from where the person sits; see `own_address`.
    """
    able = [way for way in ways if getattr(way, end)]
    for way in able:
        if way.id == wanted:
            return Choice(way, "you have chosen it")
    gone = "what you have chosen is not here; " if wanted else ""
    for kind in OVER_SSH if over_ssh else HERE:
        for way in able:
            if way.kind == kind:
                return Choice(way, gone + REASONS[kind])
    return Choice(None, f"{gone}there is no {end}", _fix(end, over_ssh, address))


def is_over_ssh(*, attached: bool, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal is on another machine.

    Args:
        attached: whether the daemon is elsewhere: then this is where the person sits.
        environ: where ssh tells of itself.
    """
    return not attached and bool(environ.get("SSH_CONNECTION"))


def local_ways() -> list[Way]:
    """The devices of this machine; none where there is no PortAudio."""
    try:
        found = devices()
    except DeviceError:
        return []  # `choose` says what to do; `yinfang doctor audio` says why
    kind = kind_of_devices()
    return [
        Way(f"{kind}:{each.name}", kind, each.name, each.microphone, each.loudspeaker, each)
        for each in found
    ]


def attached_ways(attached: Iterable[Mapping[str, Any]]) -> list[Way]:
    """The devices of `sound.devices`, those that came last first."""
    return [
        Way(
            id=f"{each['kind']}:{each['name']}",
            kind=str(each["kind"]),
            name=str(each["name"]),
            microphone=bool(each["microphone"]),
            loudspeaker=bool(each["loudspeaker"]),
            device=each,
        )
        for each in reversed(list(attached))
    ]


def belonging(kind: str) -> str:
    """Whose a device of a kind is, in a word or two."""
    return {"local": "of this machine", "pulse": "forwarded"}.get(kind, kind)


def microphone_of(way: Way, link: Link, uploader: Uploader) -> Microphone:
    """The microphone at the end of a way.

    Raises:
        DeviceError: it cannot be recorded from.
    """
    if isinstance(way.device, Device):
        return LocalMicrophone(way.device, uploader)
    return AttachedMicrophone(way.device, link)


def loudspeaker_of(way: Way, link: Link) -> Loudspeaker:
    """The loudspeaker at the end of a way."""
    if isinstance(way.device, Device):
        return LocalLoudspeaker(way.device)
    return AttachedLoudspeaker(way.device, link)


def own_address(workspace: str, environ: Mapping[str, str] = os.environ) -> str:
    """What a person types where they sit to reach a workspace here: as good as can be told.

    Args:
        workspace: its path.
        environ: where ssh tells by which address it was reached.
    """
    reached = environ.get("SSH_CONNECTION", "").split()
    host = reached[2] if len(reached) == 4 else platform.node()
    user = environ.get("USER") or environ.get("LOGNAME")
    name = f"[{host}]" if ":" in host else host
    return f"ssh://{f'{user}@' if user else ''}{name}{workspace}"


def _fix(end: End, over_ssh: bool, address: str) -> str:
    if over_ssh:
        return f"on the machine where you sit: yinfang agent {address}   (or a browser's tab)"
    return f"plug in a {end}, and see that this machine's own sound settings know it"
