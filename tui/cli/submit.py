"""`yinfang preprocess` and `yinfang train`: by hand what dropping a folder does."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tui.cli import session
from tui.cli.output import CommandError, Exit, JsonOption, print_json, write_line

if TYPE_CHECKING:
    from daemon.client import SyncClient

DatasetArgument = Annotated[str, typer.Argument(help="Name of the dataset; see `datasets list`.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Stay and show the progress.")]

ON_DATASET = "dataset"


class DatasetFirst(TyperGroup):
    """`train NAME` is `train dataset NAME`, which is what people mean most of the time."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = [ON_DATASET, *args]
        return super().parse_args(ctx, args)


train = typer.Typer(
    cls=DatasetFirst,
    no_args_is_help=True,
    help="""Train by hand: on a prepared dataset (`train NAME`), or from text alone.

    \b
    Examples:
      yinfang train alice
      yinfang train distil --base kokoro-v1.1-zh
    """,
)


def preprocess(
    ctx: typer.Context,
    dataset: DatasetArgument,
    follow: FollowOption = False,
    as_json: JsonOption = False,
) -> None:
    """Prepare a dataset: decode, clean, phonemise, measure, align.

    Dropping a folder does this by itself; by hand it is for trying again after changing the
    preprocess settings. Utterances that have not changed are taken over.

    \b
    Examples:
      yinfang preprocess alice --follow
    """
    with session.of(ctx).daemon() as client:
        record = taken(client, dataset)
        spec = {
            "dataset": dataset, "folder": record["folder"], "role": record["role"],
            "version": hand_version(record["version"], time.time()), "previous": record["version"],
        }  # fmt: skip
        job = client.call("jobs.submit", kind="preprocess", spec=spec)
        _told(client, job, follow, as_json)


@train.command(ON_DATASET)
def train_dataset(
    ctx: typer.Context,
    dataset: DatasetArgument,
    base: Annotated[str, typer.Option(help='A base in models/, a corpus, or "newest".')] = "newest",
    voice: Annotated[
        str | None, typer.Option(help="Name of the voice or base; the dataset's own unless given.")
    ] = None,
    follow: FollowOption = False,
    as_json: JsonOption = False,
) -> None:
    """Train on a prepared dataset once more: stage 1 on a corpus, stage 2 on one speaker.

    Dropping a folder does this by itself; by hand it is for trying other settings or another base.
    The result is a new version; the older ones stay.

    \b
    Examples:
      yinfang train alice
      YINFANG_WORKSPACE=~/voices yinfang train alice --base small --voice alice-again --follow
    """
    with session.of(ctx).daemon() as client:
        record = taken(client, dataset)
        prepared = newest_prepared(client.call("jobs.list"), dataset)
        name = voice or record.get("voice") or dataset
        kind, spec = training(record, prepared, base, name, time.time())
        _told(client, client.call("jobs.submit", kind=kind, spec=spec), follow, as_json)


@train.command()
def distil(
    ctx: typer.Context,
    base: Annotated[str, typer.Option(help="A base with LSTMs; see `models list`.")],
    layers: Annotated[
        str, typer.Option(help="Of the duration encoder: all, first, or numbers, as in 0,2.")
    ] = "all",
    texts: Annotated[
        Path | None,
        typer.Option(help="Sentences, one a line or a column of a TSV; else a set of our own."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="Of the new base; BASE-mamba unless given.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Instead of the steps in config.toml.")
    ] = None,
    follow: FollowOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put Mamba blocks in the place of a base's LSTMs, and teach them to speak as it does.

    They learn from text and the base's voices alone, no recordings needed. The new base says in
    its card how near it came. Settings: the table `distil` of config.toml.

    \b
    Examples:
      yinfang train distil --base kokoro-v1.1-zh --follow
      yinfang train distil --base kokoro-v1.1-zh --layers first --name one
    """
    spec: dict[str, Any] = {"base": base, "layers": layer_choice(layers)}
    spec["name"] = name or f"{base}-mamba"
    if texts is not None:
        if not texts.is_file():
            raise CommandError(f"{texts}: no such file", "name a file of sentences", Exit.USAGE)
        spec["texts"] = str(texts.resolve())
    if steps is not None:
        spec["settings"] = {"steps": steps}
    with session.of(ctx).daemon() as client:
        here = {model["name"] for model in client.call("models.list")}
        if spec["name"] in here:
            problem = f"a base called {spec['name']} is there already"
            raise CommandError(problem, "give the new one another --name", Exit.USAGE)
        _told(client, client.call("jobs.submit", kind="distil", spec=spec), follow, as_json)


def layer_choice(text: str) -> str | list[int]:
    """What `--layers` says, as the job takes it.

    Raises:
        CommandError: it is neither all, first, nor numbers.
    """
    if text in ("all", "first"):
        return text
    numbers = text.split(",")
    if not all(number.strip().isdecimal() for number in numbers):
        fix = "say all, first, or numbers from 0 on, as in --layers 0,2"
        raise CommandError(f"--layers {text} cannot be read", fix, Exit.USAGE)
    return sorted({int(number) for number in numbers})


def taken(client: SyncClient, dataset: str) -> dict[str, Any]:
    """The record of a dataset that is known well enough to be worked on.

    Raises:
        CommandError: it is still arriving, or cannot be used.
    """
    record: dict[str, Any] = client.call("datasets.show", name=dataset)
    if not record.get("version"):
        message = f"{dataset} cannot be worked on: it is {record['state']}"
        reason = record.get("reason")
        raise CommandError(f"{message} ({reason})" if reason else message, record.get("fix") or "")
    return record


def newest_prepared(jobs: Iterable[Mapping[str, Any]], dataset: str) -> str:
    """What the latest preprocess job of a dataset made: a path from the workspace's root.

    Raises:
        CommandError: none has succeeded yet.
    """
    made = [
        job
        for job in jobs
        if (job["kind"], job["state"]) == ("preprocess", "succeeded")
        and job["spec"].get("dataset") == dataset
        and job["outputs"].get("prepared")
    ]
    if not made:
        fix = f"`yinfang jobs list` shows whether it is on its way; yinfang preprocess {dataset}"
        raise CommandError(f"{dataset} is not prepared yet", fix)
    latest = max(made, key=lambda job: float(job["ended"]))
    return str(latest["outputs"]["prepared"])


def training(
    record: Mapping[str, Any], prepared: str, base: str, name: str, now: float
) -> tuple[str, dict[str, Any]]:
    """Kind and spec of the job that trains on a prepared dataset.

    Args:
        record: the dataset's.
        prepared: path of what is trained on, from the workspace's root.
        base: what to start from.
        name: of the voice or base that is made.
        now: Unix time, seconds; it makes the result's version a new one.
    """
    spec = {"dataset": record["name"], "prepared": prepared, "base": base}
    if record["role"] == "generalist":
        return "stage1", {**spec, "name": hand_version(name, now)}
    version = hand_version(prepared.rpartition("/")[2], now)
    return "stage2", {**spec, "voice": name, "version": version}


def hand_version(version: str, now: float) -> str:
    """A further version of the same content: versions are never overwritten."""
    return version + time.strftime("-%Y%m%d-%H%M%S", time.gmtime(now))


def _told(client: SyncClient, job: dict[str, Any], follow: bool, as_json: bool) -> None:
    if follow:
        from tui.cli.follow import follow_jobs

        follow_jobs(client, [job["id"]], as_json)
    elif as_json:
        print_json(job)
    else:
        write_line(f"{job['id']} is {job['state']}")
        write_line(f"next: yinfang jobs watch {job['id']}")
