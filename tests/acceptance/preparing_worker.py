"""A worker that really prepares datasets, and only pretends to do the rest."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.worker.__main__ import main as work
from tests.acceptance.payload import main as pretend
from workspace.run import JobFile

if __name__ == "__main__":
    run = Path(sys.argv[1])
    sys.exit(work([str(run)]) if JobFile.read(run).kind == "preprocess" else pretend(run))
