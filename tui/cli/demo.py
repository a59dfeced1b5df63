"""`yinfang demo`: the whole path on this machine, in minutes, with nothing but this package."""

from __future__ import annotations

import shutil
import time
import wave
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli.output import CommandError, Exit, stdout, write_line
from tui.quantities import duration
from workspace.layout import Workspace

if TYPE_CHECKING:
    from daemon.client import SyncClient

CORPUS, TARGET = "synthetic-corpus", "xiaoyin"
SENTENCE = "大家好，这是我刚刚学会的声音。"
MAKING = "making"  # folder beside datasets/, so that dropping is one rename
MARK = ".yinfang-demo"  # says that the folder is ours to throw away
DEADLINE = 1800.0  # seconds until a step is given up; it takes a few minutes
STOP_TIMEOUT = 60.0  # seconds; a training job writes its checkpoint first
WAVEFORM_SIZE = 72, 6  # characters

# The stages are short: enough to hear that they work, not to sound like somebody.
CONFIG = """\
# A throw-away workspace of `yinfang demo`. Tables and keys left out take their defaults.

[watch]
settle_seconds = 2.0

[aligner]
adaptation_steps = 40

[stage1]
steps = 40
checkpoint_every = 20
validation_utterances = 6

[stage2]
steps = 150
checkpoint_every = 50
validation_utterances = 4
"""


def demo(
    folder: Annotated[
        Path, typer.Option("--folder", help="Throw-away workspace; made anew each time.")
    ] = Path("demo"),
) -> None:
    """Show the whole path: drop a corpus and a speaker's folder, train, hear the voice.

    No GPU, no network. The speech is made on the spot by eSpeak NG. Takes about five minutes on two
    cores, and ends with a WAV file of a sentence that nobody recorded.

    \b
    Examples:
      yinfang demo
      yinfang demo --folder /tmp/try
    """
    began = time.monotonic()
    workspace = fresh_workspace(folder.expanduser().resolve())
    _step(1, f"a fresh workspace in {folder}, and its daemon")
    with running_daemon(workspace) as client:
        _step(2, "a corpus of three synthetic speakers is dropped into datasets/: stage 1")
        _drop_and_wait(client, workspace, CORPUS, "stage1")
        _step(3, "one speaker's folder is dropped into datasets/: stage 2")
        jobs = _drop_and_wait(client, workspace, TARGET, "synthesize")
        _step(4, f"the new voice says: {SENTENCE}")
        output = folder / "hello.wav"
        seconds = _say(client, output)
        _show_result(client, jobs, output, seconds)
    write_line(
        f"\n{output}  ({seconds:.1f} s of speech, {duration(time.monotonic() - began)} in all)"
    )
    for line in whats_next(folder, _training(jobs)["number"]):
        write_line(line)


def fresh_workspace(root: Path) -> Workspace:
    """An empty workspace with the demo's settings; an earlier demo's is thrown away.

    Raises:
        CommandError: the folder holds something else.
    """
    from workspace.files import write_atomic

    if root.exists() and any(root.iterdir()):
        if not (root / MARK).exists():
            fix = "name another with --folder"
            raise CommandError(f"{root} is not empty and not a demo's", fix, Exit.USAGE)
        _stop_leftover(Workspace(root))
        shutil.rmtree(root)
    workspace = Workspace(root)
    for path in (workspace.datasets, workspace.recordings, root / MAKING):
        path.mkdir(parents=True)
    (root / MARK).touch()
    write_atomic(workspace.config, CONFIG)
    return workspace


def _stop_leftover(workspace: Workspace) -> None:
    """Stop the daemon of a demo that was killed."""
    from daemon.client import connect
    from daemon.errors import DaemonUnreachableError
    from tui.cli.daemon import wait_until_gone

    try:
        with connect(workspace) as client:
            client.call("shutdown", stop_workers=True)
    except DaemonUnreachableError:
        return
    wait_until_gone(workspace.socket.exists, STOP_TIMEOUT)


@contextmanager
def running_daemon(workspace: Workspace) -> Iterator[SyncClient]:
    """A daemon for the time of the block; its workers go with it."""
    from daemon.client import connect, start_in_background
    from tui.cli.daemon import wait_until_gone

    start_in_background(workspace)
    with connect(workspace) as client:
        try:
            yield client
        finally:
            client.call("shutdown", stop_workers=True)
            wait_until_gone(workspace.socket.exists, STOP_TIMEOUT)


def _drop_and_wait(
    client: SyncClient, workspace: Workspace, name: str, last_kind: str
) -> list[dict[str, Any]]:
    """Make a folder of speech, drop it by a rename and show its jobs until the last has ended.

    Raises:
        CommandError: one of them did not succeed.
    """
    from tui.cli.follow import follow
    from tui.demo_folders import make_corpus, make_target

    making = workspace.root / MAKING / name
    make = make_corpus if name == CORPUS else make_target
    seconds = make(making, lambda done, total: None)
    making.rename(workspace.datasets / name)
    write_line(f"     {duration(seconds)} of speech, as datasets/{name}")
    jobs = follow(client, lambda all_jobs: about(all_jobs, name), _ended(client, name, last_kind))
    for job in jobs:
        if job["state"] != "succeeded":
            message = f"{job['id']} {job['state']}: {job.get('reason')}"
            log = f"see {workspace.run(job['id']) / 'log.txt'}"
            raise CommandError(message, job.get("fix") or log)
    return jobs


def about(jobs: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The jobs of a dataset and of the voice that has its name."""
    return [job for job in jobs if name in (job["spec"].get("dataset"), job["spec"].get("voice"))]


def _ended(client: SyncClient, name: str, last_kind: str) -> Callable[[list[dict[str, Any]]], bool]:
    """Whether a dataset's jobs came to their end, good or bad."""
    deadline = time.monotonic() + DEADLINE

    def done(jobs: list[dict[str, Any]]) -> bool:
        if time.monotonic() > deadline:
            raise CommandError(f"{name} is not ready after {duration(DEADLINE)}", "yinfang doctor")
        records = {record["name"]: record for record in client.call("datasets.list")}
        record = records.get(name, {})
        if record.get("state") == "unusable":
            raise CommandError(f"{name}: {record['reason']}", record["fix"])
        states = {job["kind"]: job["state"] for job in jobs}
        bad = {"failed", "cancelled"} & set(states.values())
        return bool(bad) or states.get(last_kind) == "succeeded"

    return done


def _say(client: SyncClient, output: Path) -> float:
    from tui.speech import deliver, pcm_blocks

    stream = client.stream("speak", text=SENTENCE, voice=TARGET, speed=1.0)
    return deliver(pcm_blocks(stream, {}), output, play=False)


def _show_result(
    client: SyncClient, jobs: list[dict[str, Any]], output: Path, seconds: float
) -> None:
    """Draw the loss of stage 2 and the waveform."""
    from tui.cli.job_page import chosen, curve_plot
    from tui.curves.rows import curve
    from tui.jobs import run_curves

    training = _training(jobs)
    console = stdout()
    curves = run_curves(client, training["id"])
    for name in chosen(curves.series):
        console.print(curve_plot(name, curves.series[name]))
    with wave.open(str(output), "rb") as file:
        samples = array("h", file.readframes(file.getnframes()))
    peak = max(1, max(map(abs, samples)))
    console.print(f"\n{output.name}, {seconds:.1f} s", style="bold")
    for row in curve(samples, *WAVEFORM_SIZE, low=-peak, high=peak):
        console.print(row, style="green")


def _training(jobs: list[dict[str, Any]]) -> dict[str, Any]:
    return next(job for job in jobs if job["kind"] == "stage2")


def whats_next(folder: Path, training: int) -> list[str]:
    """What to try after the demo; `training` is the number of the job that made the voice."""
    return [
        "what to try next:",
        f"  yinfang -w {folder} up -d",
        f'  yinfang -w {folder} say "你好，世界。" --voice {TARGET} -o {folder}/world.wav',
        f"  yinfang -w {folder} jobs show {training}      # its training: curve, checkpoints",
        "  yinfang init ~/voices          # your own: drop a folder into its datasets/",
    ]


def _step(number: int, text: str) -> None:
    write_line(f"\n{number}/4  {text}")
