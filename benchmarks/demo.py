"""How long `yinfang demo` takes and how much memory all its processes hold at once.

    python -m benchmarks.demo [--json]

Memory is the sum of the proportional set sizes (PSS) of every process that the demo started,
sampled twice a second: shared pages count once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

INTERVAL = 0.5  # seconds
MARK = "YINFANG_DEMO_BENCHMARK"  # in the environment of every process that the demo starts


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure(Path(folder) / "demo")
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:28}{value:10.1f}")


def _measure(folder: Path) -> dict[str, float]:
    mark = f"{MARK}={os.getpid()}"
    command = [Path(sys.executable).parent / "yinfang", "demo", "--folder", folder]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, MARK: str(os.getpid())}, stdout=sys.stderr
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(_pss, _marked(mark.encode()))))
        time.sleep(INTERVAL)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"the demo failed with exit code {process.returncode}")
    return {"minutes": seconds / 60, "peak memory, MB": peak / 1000}


def _marked(mark: bytes) -> list[Path]:
    """Processes whose environment carries the mark, wherever they were forked from."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(folder)
        except OSError:  # it ended, or is not ours
            continue
    return found


def _pss(process: Path) -> float:
    """Proportional set size, kB; 0 for a process that has just ended."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith("Pss:")), 0.0)


if __name__ == "__main__":
    main()
