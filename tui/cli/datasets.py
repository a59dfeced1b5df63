"""`yinfang datasets`: what was dropped, what became of it, and checking a folder beforehand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli import session
from tui.cli.output import Exit, JsonOption, print_json, stdout, write_line
from tui.jobs import why
from tui.quantities import ago, size

if TYPE_CHECKING:
    from tui.cli.listing import Row
    from workspace.dataset import DatasetLayout

SHOWN_PROBLEMS = 20

app = typer.Typer(no_args_is_help=True, help="The folders you dropped, and what became of them.")


@app.command("list")
def list_datasets(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the datasets: state, role, size, and why one cannot be used.

    \b
    Examples:
      yinfang datasets list
      yinfang datasets list --json | jq '.[] | select(.state == "unusable")'
    """
    with session.of(ctx).daemon() as client:
        records = client.call("datasets.list")
    if as_json:
        print_json(records)
        return
    if not records:
        write_line("no datasets yet: drop a folder of recordings into datasets/")
        return
    from tui.cli.listing import listing

    rows = [_row(record, time.time()) for record in records]
    headings = ("dataset", "state", "role", "utterances", "size", "changed")
    stdout().print(listing(headings, rows, right=("utterances", "size")))


def _row(record: Mapping[str, Any], now: float) -> Row:
    from rich.text import Text

    from tui.cli.listing import Row

    cells = (
        record["name"], record["state"], record.get("role") or "",
        _count(record.get("utterances")), size(record.get("bytes")),
        ago(record.get("updated"), now),
    )  # fmt: skip
    return Row(tuple(map(Text, cells)), (why(record),))


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the dataset.")],
    as_json: JsonOption = False,
) -> None:
    """Show one dataset with its jobs.

    \b
    Examples:
      yinfang datasets show alice
    """
    with session.of(ctx).daemon() as client:
        record = client.call("datasets.show", name=name)
    if as_json:
        print_json(record)
        return
    for key, value in record.items():
        if value not in (None, "", 0, [], {}) and key != "stamp":
            write_line(f"{key.replace('_', ' '):<14} {_readable(key, value)}")


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder of recordings, anywhere.")],
    as_json: JsonOption = False,
) -> None:
    """Look at a folder before dropping it: what would be used, what would not and why.

    Needs no daemon and changes nothing. Exit code 1 if the folder cannot be a dataset.

    \b
    Examples:
      yinfang datasets check recordings/alice
      yinfang datasets check /data/AISHELL-3 --json
    """
    from workspace.dataset import detect

    layout = detect(folder.expanduser().resolve())
    summary = _summary(layout)
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary)
    if not summary["utterances"]:
        raise typer.Exit(Exit.FAILED)


def _summary(layout: DatasetLayout) -> dict[str, Any]:
    from workspace.dataset import DatasetEntry

    speakers: Counter[str] = Counter()
    problems = []
    for item in layout.items():
        if isinstance(item, DatasetEntry):
            speakers[item.speaker] += 1
        else:
            problems.append({"path": item.path, "reason": item.reason, "fix": item.fix})
    return {
        "folder": str(layout.folder), "role": str(layout.role), "layout": str(layout.kind),
        "voice": layout.voice, "utterances": speakers.total(), "speakers": dict(speakers),
        "problems": problems,
    }  # fmt: skip


def _print_summary(summary: dict[str, Any]) -> None:
    after = "preprocess -> stage 1" if summary["role"] == "generalist" else "preprocess -> stage 2"
    write_line(f"{summary['folder']}: {summary['role']} ({summary['layout']}), {after}")
    speakers = len(summary["speakers"])
    write_line(f"{_count(summary['utterances'])} utterances of {_count(speakers)} speaker(s)")
    problems = summary["problems"]
    for problem in problems[:SHOWN_PROBLEMS]:
        write_line(f"  {problem['path']}: {problem['reason']}\n    fix: {problem['fix']}")
    if len(problems) > SHOWN_PROBLEMS:
        write_line(f"  and {len(problems) - SHOWN_PROBLEMS} more: --json lists them all")


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _readable(key: str, value: Any) -> str:
    if key == "bytes":
        return size(value)
    if key == "updated":
        return ago(value, time.time())
    if key == "problems":
        return "".join(f"\n  {item['path']}: {item['reason']} – {item['fix']}" for item in value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
