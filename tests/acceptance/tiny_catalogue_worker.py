"""The engine's worker with one more published base: `tiny_catalogue_worker.py PINS.json RUN`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from engine.worker.__main__ import main
from workspace.catalogue import CATALOGUE, PublishedBase

if __name__ == "__main__":
    base = PublishedBase(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    CATALOGUE[base.name] = base
    sys.exit(main(sys.argv[2:]))
