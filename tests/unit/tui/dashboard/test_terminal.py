"""A program that draws on standard error, beside libraries that write there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import os, sys
from pathlib import Path
from tui.dashboard.terminal import screen_apart
print("before", file=sys.stderr, flush=True)
with screen_apart(Path(sys.argv[1])):
    os.write(2, b"a library complains\\n")
    print("drawn", file=sys.__stderr__)
    print("a traceback", file=sys.stderr)
print("after", file=sys.stderr, flush=True)
os.write(2, b"a library again\\n")
"""


def test_the_screen_has_what_is_drawn_and_the_file_the_rest(
    tmp_path: Path, repository: Path
) -> None:
    log = tmp_path / "state" / "libraries.log"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, log], stderr=subprocess.PIPE, text=True, cwd=repository,
        check=True,
    )  # fmt: skip
    assert done.stderr == "before\ndrawn\na traceback\nafter\na library again\n"
    assert log.read_text() == "a library complains\n"
