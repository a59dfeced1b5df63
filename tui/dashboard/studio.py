"""What the dashboard hears with and is heard by: what there is, what is meant, what is unsent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from daemon.client import ClientError
from daemon.client.address import LocalSocket
from daemon.client.link import Link
from tui.sound.choose import (
    Choice,
    End,
    Way,
    attached_ways,
    choose,
    is_over_ssh,
    local_ways,
    loudspeaker_of,
    microphone_of,
    own_address,
)
from tui.sound.device import DeviceError, look_again
from tui.sound.loudspeaker import Loudspeaker
from tui.sound.microphone import Microphone
from tui.sound.spool import Order, Spool
from tui.sound.upload import Uploader

UNKNOWN = Choice(None, "looking for microphones …")


class Studio:
    """Follows microphones and loudspeakers as they come and go; run it as a task.

    Attributes:
        looked: whether it is known what there is.
        choice: the microphone that is taken, or why there is none.
        microphone: the same, ready to record; None where there is none.
        loudspeaker: None where there is none.
        unheard: what would bring one.
        page: a browser's way in ("url", "ssh"), once it was asked for.
        trouble: why it is not known what is attached to the daemon; "" where it is.
    """

    def __init__(self, link: Link, environ: Mapping[str, str], wanted: str = "") -> None:
        """
        Args:
            wanted: id of the microphone that the person has chosen.
            link: to the daemon.
            environ: says whether the person sits on the far side of an ssh.
        """
        self.choice = UNKNOWN
        self.microphone: Microphone | None = None
        self.loudspeaker: Loudspeaker | None = None
        self.unheard = ""
        self.page: Mapping[str, Any] = {}
        self.trouble = ""
        self.looked = False
        self._wanted = wanted
        self._link = link
        self._uploader = Uploader(link, Spool())
        attached = not isinstance(link.address, LocalSocket)
        self._own_address = own_address(link.address.label, environ)
        self._over_ssh = is_over_ssh(attached=attached, environ=environ)
        self._local: list[Way] = []
        self._attached: list[Way] = []
        self._listeners: list[Callable[[], None]] = []
        self._here, self._there = asyncio.Event(), asyncio.Event()  # what there is: is it known?

    async def run(self) -> None:
        """Follow what comes and goes, and send the takes that are left of before; for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._uploader.run(), name="uploader")
            tasks.create_task(self._follow(), name="sound-devices")
            tasks.create_task(self._look(local_ways), name="local-devices")

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Tell a function whenever something came or went; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def settled(self) -> None:
        """Wait until it is known what there is, here and at the daemon."""
        await self._here.wait()
        await self._there.wait()

    def waiting(self) -> list[Order]:
        """Takes that are kept on this machine until the daemon has them."""
        return self._uploader.waiting()

    async def look_again(self) -> None:
        """See what was plugged in since; only while nothing is recorded or played."""

        def found() -> list[Way]:
            look_again()
            return local_ways()

        await self._look(found)

    async def take_next_microphone(self) -> str:
        """Take the one behind the present one; its id, to be remembered."""
        able = [way for way in (*self._local, *self._attached) if way.microphone]
        if len(able) > 1:
            place = able.index(self.choice.way) if self.choice.way in able else -1
            self._wanted = able[(place + 1) % len(able)].id
            await self._choose()
        return self._wanted

    async def open_page(self) -> None:
        """Have the daemon open a browser's way in.

        Raises:
            ClientError: it cannot.
        """
        self.page = await self._link.call("sound.page")
        self._tell()

    def ways_in(self) -> list[tuple[str, str]]:
        """What would bring a microphone: its name, and what to type or to know."""
        ways = []
        if self.page:
            ways += [("a browser, first", str(self.page["ssh"])), ("then", str(self.page["url"]))]
        if self.trouble:
            ways.append(("what is attached is not known", self.trouble))
        return ways

    async def _look(self, local: Callable[[], list[Way]]) -> None:
        try:
            self._local = await asyncio.to_thread(local)
        except DeviceError:
            self._local = []  # `choose` says what to do
        self.looked = True
        await self._choose()
        self._here.set()

    async def _follow(self) -> None:
        try:
            async for event in self._link.follow("sound.devices"):
                self._attached = attached_ways(event.value["devices"])
                await self._choose()
                self._there.set()
        except ClientError as error:
            self.trouble = error.message
            self._there.set()
            self._tell()

    async def _choose(self) -> None:
        before, found = self.choice, self._chosen("microphone", self._wanted)
        self.choice = found if found.way is not None or self.looked else UNKNOWN
        heard = self._chosen("loudspeaker")
        speaking, self.unheard = heard.way, heard.fix
        self.loudspeaker = loudspeaker_of(speaking, self._link) if speaking else None
        if self.choice.way != before.way:
            self.microphone = await self._microphone_of(self.choice.way)
        self._tell()

    def _chosen(self, end: End, wanted: str = "") -> Choice:
        return choose(
            [*self._local, *self._attached], end,
            over_ssh=self._over_ssh, wanted=wanted, address=self._own_address,
        )  # fmt: skip

    async def _microphone_of(self, way: Way | None) -> Microphone | None:
        if way is None:
            return None
        try:
            return await asyncio.to_thread(microphone_of, way, self._link, self._uploader)
        except DeviceError as error:
            self.choice = Choice(None, str(error), error.fix)
            return None

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()
