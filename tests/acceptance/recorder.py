"""A process that records from its microphone, as the dashboard does; it is there to be killed.

    recorder.py WORKSPACE SPOOL      then a prompt's id a line: begins a take; "stop" ends it

Prints {"heard": frames} while it records and {"card": ...} when the daemon has the take.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import aclosing
from pathlib import Path

from daemon.client.link import Link
from daemon.client.linkstate import Backoff
from tui.sound.device import devices
from tui.sound.microphone import Heard, LocalMicrophone, Taken
from tui.sound.spool import Spool
from tui.sound.upload import Uploader
from workspace.layout import Workspace

SPEAKER = "alice"


async def main(workspace: Path, spool: Path) -> None:
    async with Link(Workspace(workspace), backoff=Backoff(first=0.02, longest=0.1)) as link:
        uploader = Uploader(link, Spool(spool))
        sending = asyncio.create_task(uploader.run())
        device = next(device for device in devices() if device.microphone)
        microphone = LocalMicrophone(device, uploader)
        lines = await _standard_input()
        tell({"ready": microphone.rate})
        while line := await lines.readline():
            await record(microphone, line.decode().strip(), lines)
        sending.cancel()


async def record(microphone: LocalMicrophone, prompt: str, lines: asyncio.StreamReader) -> None:
    async def stop() -> None:
        await lines.readline()
        await microphone.stop()

    stopping = asyncio.create_task(stop())
    async with aclosing(microphone.record(SPEAKER, prompt)) as events:
        async for event in events:
            if isinstance(event, Heard):
                tell({"heard": round(event.levels[-1].at * microphone.rate)})
            if isinstance(event, Taken):
                tell({"card": dict(event.card)})
    await stopping


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def tell(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
