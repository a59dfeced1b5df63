"""One speaker's session as the daemon holds it: what was read, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from daemon.client import ClientError
from daemon.client.link import Link
from daemon.client.linkstate import Connected
from tui.dashboard.recording.reading import Reading
from tui.sound.spool import Order
from workspace.recordings import SOUND, TAKES

RECORDINGS = "recordings"  # folder of the workspace


class RecordingSession:
    """Asks the daemon, and holds what it answered.

    Attributes:
        speaker: whose.
        reading: where one is in it; None until it is known.
        pending: takes that the daemon does not have whole yet.
        wordless: why nobody listens whether the words are the prompt's; "" where somebody does.
    """

    def __init__(
        self,
        speaker: str,
        link: Link,
        waiting: Callable[[], list[Order]],
        refused: Callable[[ClientError], None],
    ) -> None:
        """
        Args:
            speaker: whose session there is.
            link: to the daemon.
            waiting: the takes that this machine has not sent yet.
            refused: told what the daemon did not do; the call has no effect then.
        """
        self.speaker = speaker
        self.reading: Reading | None = None
        self.pending = 0
        self.wordless = ""
        self._link, self._waiting, self._refused = link, waiting, refused

    async def open(self) -> None:
        """Learn how it stands; the place is that of before."""
        before = self.reading.prompt if self.reading is not None else None
        shown = await self._ask("recordings.show", speaker=self.speaker)
        if shown is not None:
            self.reading = Reading(shown, str(before["id"]) if before is not None else "")
            await self.look_for_pending()

    async def look_for_pending(self) -> None:
        """See what is still on its way, from here or from a microphone elsewhere."""
        keys = {order.key for order in self._waiting() if order.speaker == self.speaker}
        if isinstance(self._link.state, Connected):
            for arriving in await self._ask("takes.pending") or ():
                if arriving["speaker"] == self.speaker:
                    keys.add(arriving["key"])
        self.pending = len(keys)

    async def keep_and_go_on(self) -> None:
        """Make the take that is shown the dataset's, and go to the next open sentence."""
        card = self.reading.card if self.reading is not None else None
        if self.reading is None or card is None:
            return
        if card["kept"] or await self._keep(str(card["take"]), True):
            self.reading.go_on()

    async def put_aside(self) -> None:
        """Take the take that is shown out of the dataset."""
        if self.reading is not None and self.reading.card is not None:
            await self._keep(str(self.reading.card["take"]), False)

    async def read_on(self) -> None:
        """Take in the next set of sentences; what is read already stays read."""
        more = self.reading.more if self.reading is not None else None
        if more is not None:
            about = {"speaker": self.speaker, "script": more.script}
            shown = await self._ask("recordings.open", **about)
            if shown is not None:
                self.reading = Reading(shown)

    async def skip(self) -> None:
        """Leave the sentence out and go on; or take it in again."""
        prompt = self.reading.prompt if self.reading is not None else None
        if self.reading is None or prompt is None:
            return
        skipped = prompt["state"] != "skipped"
        about = {"speaker": self.speaker, "prompt": prompt["id"], "skipped": skipped}
        answer = await self._ask("recordings.skip", **about)
        if answer is not None:
            self.reading.update(answer)
            if skipped:
                self.reading.go_on()

    async def train(self) -> bool:
        """Let the daemon take the folder as a dataset; whether it does."""
        return await self._ask("recordings.train", speaker=self.speaker) is not None

    async def check_words(self, take: str) -> None:
        """Have a recogniser listen whether a take says its prompt; it takes a moment."""
        if self.wordless:
            return
        try:
            card = await self._link.call("recordings.words", speaker=self.speaker, take=take)
        except ClientError as error:
            self.wordless = error.message
        else:
            if self.reading is not None:
                self.reading.take_in(card)

    async def outline(self, take: str) -> list[list[float]]:
        """The waveform of a take; empty where it cannot be had."""
        card = await self._ask("recordings.take", speaker=self.speaker, take=take)
        return list(card["analysis"].get("outline") or ()) if card is not None else []

    def sound(self, take: str) -> str:
        """The file of a take as it is heard, trimmed: its path from the workspace's root."""
        return f"{RECORDINGS}/{self.speaker}/{TAKES}/{take}{SOUND}"

    async def _keep(self, take: str, kept: bool) -> bool:
        answer = await self._ask("recordings.keep", speaker=self.speaker, take=take, kept=kept)
        if answer is not None and self.reading is not None:
            self.reading.update(answer)
        return answer is not None

    async def _ask(self, method: str, **params: Any) -> Any:
        """What the daemon answers; None when it answers with an error, which is told."""
        try:
            return await self._link.call(method, **params)
        except ClientError as error:
            self._refused(error)
            return None
