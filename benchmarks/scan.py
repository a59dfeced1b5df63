"""How long a corpus of 88,000 files takes from the first look to its jobs, and in how much memory.

    python -m benchmarks.scan [--utterances N] [--json] [--folder WHERE]

Makes a folder of AISHELL-3's shape out of tiny files (the real corpus has 88,035 recordings of 218
speakers), and then does what the daemon does: two equal looks, layout, version, survey and plan;
once with nothing known and once more as after a restart. Two figures of memory: the growth of the
process' peak (`ru_maxrss`) during the first pass, and the peak of Python's own allocations
(`tracemalloc`, which slows everything down) in a third pass that is not timed. The same is done for
an eighth of the corpus, so that it can be seen what grows.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Any

from daemon.datasets import take
from daemon.fingerprint import observe
from daemon.plan import plan
from daemon.settle import SettleState, Take, settle
from daemon.watchsettings import WatchSettings
from workspace.layout import Workspace

UTTERANCES = 88_035
SPEAKERS = 218
NAME = "corpus"
LINE = "广 guang3 州 zhou1 女 nv3 大 da4 学 xue2 生 sheng1 登 deng1 山 shan1 失 shi1 联 lian2"


def make_corpus(folder: Path, utterances: int) -> None:
    """Write AISHELL-3's layout with `utterances` files of a few bytes, no two the same."""
    wav = folder / "train" / "wav"
    with (folder / "train" / "content.txt").open("w", encoding="utf-8") as content:
        for number in range(utterances):
            speaker = f"SSB{number * SPEAKERS // utterances:04d}"
            name = f"{speaker}{number:06d}.wav"
            (wav / speaker).mkdir(parents=True, exist_ok=True)
            (wav / speaker / name).write_bytes(b"RIFF%d" % number)
            content.write(f"{name}\t{LINE}\n")


def scan_and_plan(workspace: Workspace) -> dict[str, Any]:
    """One pass of the daemon over the corpus, without its waiting; times in seconds."""
    settings = WatchSettings(settle_seconds=0)
    path = f"{workspace.datasets.name}/{NAME}"
    folder = workspace.root / path
    cpu = time.process_time()
    marks = [time.perf_counter()]
    state, _ = settle(SettleState(), observe(folder), 0.0, settings)
    seen = observe(folder)
    state, decision = settle(state, seen, 1.0, settings)
    assert isinstance(decision, Take), decision
    marks.append(time.perf_counter())
    record = take(
        folder, path, seen=seen, state_folder=workspace.state, settings=settings, now=time.time()
    )
    marks.append(time.perf_counter())
    jobs = plan(record, (), settings.preview_text).jobs
    marks.append(time.perf_counter())
    assert [job.kind for job in jobs] == ["preprocess", "stage1"], jobs
    return {
        "utterances": record.utterances,
        "problems": record.problem_count,
        "speakers": record.speakers,
        "version": record.version,
        "two_looks_s": round(marks[1] - marks[0], 3),
        "take_s": round(marks[2] - marks[1], 3),
        "plan_s": round(marks[3] - marks[2], 6),
        "total_s": round(marks[3] - marks[0], 3),
        "cpu_s": round(time.process_time() - cpu, 3),  # the same where nothing else runs
    }


def measure(utterances: int, where: Path | None) -> dict[str, Any]:
    """Make a corpus, measure it, and remove it."""
    root = Path(tempfile.mkdtemp(prefix="yinfang-scan-", dir=where))
    try:
        workspace = Workspace(root)
        (workspace.datasets / NAME / "train").mkdir(parents=True)
        make_corpus(workspace.datasets / NAME, utterances)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        first = scan_and_plan(workspace)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        again = scan_and_plan(workspace)
        assert again["version"] == first["version"]
        tracemalloc.start()
        scan_and_plan(workspace)
        _, traced = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    finally:
        shutil.rmtree(root)
    return {
        "first": first,
        "after_restart": again,
        "peak_growth_mib": round((after - before) / 1024, 1),  # ru_maxrss is in KiB
        "python_peak_mib": round(traced / 2**20, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--utterances", type=int, default=UTTERANCES)
    parser.add_argument("--folder", type=Path, help="where the corpus is made for a while")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = {
        count: measure(count, arguments.folder)
        for count in (arguments.utterances // 8, arguments.utterances)
    }
    if arguments.json:
        print(json.dumps(result, indent=1))
        return
    for count, found in result.items():
        print(
            f"{count:,} utterances: {found['first']['total_s']:.1f} s at first "
            f"({found['first']['cpu_s']:.1f} s of CPU), "
            f"{found['after_restart']['total_s']:.1f} s after a restart; "
            f"peak memory +{found['peak_growth_mib']:.0f} MiB, "
            f"of Python's objects {found['python_peak_mib']:.0f} MiB"
        )


if __name__ == "__main__":
    main()
