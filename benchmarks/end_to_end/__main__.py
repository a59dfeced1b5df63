"""A voice is recorded, trained and heard over ssh, by keys alone, from the first to the last.

    python -m benchmarks.end_to_end --way local|tab|agent [--json] [--size 120x40]

A real sshd, a fresh workspace with a real daemon behind it, and a laptop whose microphone and
loudspeaker are null sinks of PulseAudio. The dashboard runs in a pseudo-terminal: on the laptop
(`local`), or on the server in an ssh; sound then comes from a tab of Chromium through `ssh -L`
(`tab`) or from `yinfang agent` (`agent`). What is pressed are keys; when, is decided by what stands
on the screen. A voice of the base that comes with the program says each sentence that the page
shows into the microphone. The voice that is trained from it says another one, which is then sought
in what the loudspeaker has played.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.end_to_end.journey import Outcome, Plan, travel
from benchmarks.end_to_end.ways import WAYS
from tests.acceptance.sshd import why_no_sshd
from tests.chromium import why_no_chromium
from tests.pulse import why_no_pulse


def main() -> None:
    plan, as_json = _asked()
    missing = why_no_sshd() or why_no_pulse() or (plan.way == "tab" and why_no_chromium())
    if missing:
        sys.exit(missing)
    if plan.pictures is not None:
        plan.pictures.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # and so leaves nothing running
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        outcome = travel(plan, Path(folder))
    told = json.dumps(outcome.told(), ensure_ascii=False) if as_json else report(outcome)
    print(told)
    if outcome.faults:
        sys.exit("; ".join(outcome.faults))


def _asked() -> tuple[Plan, bool]:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--way", choices=WAYS, default="local")
    parser.add_argument("--size", default="120x40", help="of the terminal, in cells")
    parser.add_argument("--sentences", type=int, default=5, help="how many are read")
    parser.add_argument("--steps", type=int, default=20, help="of stage 2")
    parser.add_argument("--misread", action="store_true", help="say something else at first")
    parser.add_argument("--cut", action="store_true", help="cut the laptop's ssh twice")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="keep SVGs of the screen")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    columns, rows = (int(each) for each in given.size.split("x"))
    plan = Plan(
        way=given.way, size=(columns, rows), sentences=given.sentences, steps=given.steps,
        misread=given.misread, cut=given.cut, pictures=given.pictures,
    )  # fmt: skip
    return plan, given.json


def report(outcome: Outcome) -> str:
    lines = [f"{phase:24}{seconds:6.1f} s" for phase, seconds in outcome.seconds.items()]
    lines += ["", f"room      {outcome.room}"]
    for take in outcome.takes:
        lines.append(f"take      {take.sentence}  likeness {take.found.likeness:.3f}")
        lines += [f"          {told}" for told in take.told]
    voice = outcome.voice
    lines += [
        f"lost      {outcome.lost} samples of the {len(outcome.kept)} takes that were kept",
        f"voice     {voice['name']} {voice['version']} on {voice['base']['name']}",
        f"heard     like the new voice {outcome.own.likeness:.3f},"
        f" like another {outcome.other.likeness:.3f}",
    ]
    lines += [f"cut       {said}" for said in outcome.cuts]
    return "\n".join([*lines, f"load      {outcome.load:.1f}"])


if __name__ == "__main__":
    main()
