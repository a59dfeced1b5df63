"""Waiting for whichever comes first."""

from __future__ import annotations

import asyncio


async def first_of(*events: asyncio.Event, within: float | None) -> None:
    """Return when one of the events is set, or after so many seconds."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
