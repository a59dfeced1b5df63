"""A small speech worker for tests: it "speaks" each character as ten samples of its code point.

`speaker.py WORKSPACE`. A text "die" ends it in the middle of its answer, "refuse" is refused,
"endless" is spoken until it is cancelled, which its log then says, and a workspace with a file
`broken` cannot be loaded. At its end an answer says which checkpoint was asked for, and where an
empty file lies in place of what was to be kept.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.worker.requests import Requests
from workspace.layout import Workspace

PATIENCE = 20.0  # seconds of "endless": a test that forgets it fails, and does not hang
LETTER = 0.002  # seconds a letter of it takes


def say(**values: Any) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def main(root: Path) -> int:
    if (root / "broken").exists():
        say(error="no base in models/", fix="train one")
        return 1
    say(ready={"pid": os.getpid()})
    requests = Requests(sys.stdin)
    for request in requests:
        number, text = request["id"], request["text"]
        if text == "refuse":
            say(id=number, error=f"no voice {request['voice']!r}", fix="train it")
            continue
        for letter in endless(requests, number) if text == "endless" else text:
            samples = struct.pack("<10h", *[ord(letter) % 30000] * 10)
            say(id=number, pcm=base64.b64encode(samples).decode(), rate=24000)
            if text == "die":
                os._exit(9)
        done = {"seconds": len(text) * 10 / 24000, "phonemes": len(text), "notes": []}
        kept = keep(root) if request["keep"] else ""
        say(id=number, done={**done, "checkpoint": request["checkpoint"], "kept": kept})
    return 0


def keep(root: Path) -> str:
    path = Workspace(root).auditions / "kept.wav"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return str(path.relative_to(root))


def endless(requests: Requests, number: int) -> Iterator[str]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if requests.is_cancelled(number):
            sys.stderr.write(f"cancelled {number}\n")
            sys.stderr.flush()
            return
        time.sleep(LETTER)
        yield "长"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
