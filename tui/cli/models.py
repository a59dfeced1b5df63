"""`yinfang models`: bases that are here, bases that can be fetched, and whether one is sound."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli import session
from tui.cli.output import CommandError, Exit, JsonOption, print_json, stdout, write_line
from tui.quantities import size
from workspace.catalogue import CATALOGUE

if TYPE_CHECKING:
    from daemon.client import SyncClient

HEADINGS = ("base", "state", "size", "voices", "licence", "from")
NAMED_AT_MOST = 20  # tensors of a group that `check` lists

app = typer.Typer(no_args_is_help=True, help="Bases: here, shipped, and to be fetched.")

DetachOption = Annotated[
    bool, typer.Option("--detach", "-d", help="Leave it to the daemon; `jobs watch` shows it.")
]


@app.command("list")
def list_models(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the bases: those in models/, the shipped one, and what can be fetched.

    \b
    Examples:
      yinfang models list
    """
    with session.of(ctx).daemon() as client:
        models = client.call("models.list")
    if as_json:
        print_json(models)
        return
    from rich.text import Text

    from tui.cli.listing import Row, listing

    rows = []
    for model in models:
        cells = (
            model["name"], model["state"], size(model["bytes"]), str(model["voices"]),
            model.get("licence") or "", model["origin"],
        )  # fmt: skip
        rows.append(Row(tuple(map(Text, cells)), (_below(model),)))
    stdout().print(listing(HEADINGS, rows, right=("size", "voices")))


@app.command()
def fetch(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A base that `models list` calls fetchable.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="A folder with the published files.")
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(envvar="HF_ENDPOINT", help="Address of the model hub or of its mirror."),
    ] = None,
    detach: DetachOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch a published base, check it and make it ready: voices, training, synthesis.

    What has come before an interruption is kept: the same command goes on from there.

    \b
    Examples:
      yinfang models fetch kokoro-v1.1-zh
      HF_ENDPOINT=https://mirror.example yinfang models fetch kokoro-v1.1-zh
      yinfang models fetch kokoro-v1.1-zh --from /media/usb/Kokoro-82M-v1.1-zh
    """
    if name not in CATALOGUE:
        raise CommandError(
            f"no published base is called {name!r}", f"one of: {', '.join(CATALOGUE)}", Exit.USAGE
        )
    spec: dict[str, Any] = {"name": name}
    if source is not None:
        session.of(ctx).require_here()
        spec["from"] = str(_folder(source))
    if endpoint:
        spec["endpoint"] = endpoint
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        spec["offline"] = True
    _fetch(ctx, spec, detach, as_json)


@app.command("import")
def import_weights(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Holds config.json, one *.pth, and voices/*.pt.")],
    name: Annotated[str, typer.Option("--name", "-n", help="What the base is to be called.")],
    detach: DetachOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a base of weights of your own in Kokoro's published format, such as a fine-tune.

    \b
    Examples:
      yinfang models import ~/kokoro-finetuned --name kokoro-mine
    """
    if name in CATALOGUE:
        raise CommandError(
            f"{name} is the name of a published base", "give another --name", Exit.USAGE
        )
    session.of(ctx).require_here()
    spec = {"name": name, "from": str(_folder(folder)), "pinned": False}
    _fetch(ctx, spec, detach, as_json)


@app.command()
def check(
    ctx: typer.Context,
    base: Annotated[
        str, typer.Argument(metavar="NAME|PATH", help="A base, or a file of published weights.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Account for every tensor of a base or a file: used, allowed absent, missing, unexpected.

    Ends with 1 when it does not fit.

    \b
    Examples:
      yinfang models check kokoro-v1.1-zh
      yinfang models check ~/Downloads/kokoro-v1_0.pth
    """
    path = Path(base).expanduser()
    is_path = path.exists() or path.suffix or len(path.parts) > 1
    known = base in CATALOGUE
    if is_path and not known:
        session.of(ctx).require_here()
    spec = {"path": str(path.resolve())} if is_path and not known else {"base": base}
    with session.of(ctx).daemon() as client:
        report = outcome(client, client.call("jobs.submit", kind="check", spec=spec))
    if as_json:
        print_json(report)
    else:
        for line in report_lines(report):
            write_line(line)
    if not report["fits"]:
        raise typer.Exit(Exit.FAILED)


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """What `check` found, in lines for a person."""
    lines = [f"{report['subject']}: {'fits' if report['fits'] else 'does not fit'}"]
    if "used" not in report:
        fix = [f"  fix: {report['fix']}"] if report["fix"] else []
        return [*lines, f"  {report['problem']}", *fix]
    lines.append(f"  {report['what']}: {report['used']} tensors used")
    for group in ("absent", "missing", "unexpected", "misshaped", "mistyped", "broken"):
        names = report[group]
        what = "absent, as they may be" if group == "absent" else group
        if names:
            lines.append(f"  {len(names)} {what}")
        if group != "absent":
            lines += [f"    {name}" for name in names[:NAMED_AT_MOST]]
            left = len(names) - NAMED_AT_MOST
            lines += [f"    and {left} more"] if left > 0 else []
    facts = (
        ("sha256", "sha256"), ("published_as", "published as"), ("vocabulary", "phonemes"),
        ("voices", "voices"),
    )  # fmt: skip
    lines += [f"  {label}: {report[key]}" for key, label in facts if report.get(key) is not None]
    if report.get("aligner") is False:
        lines.append("  no aligner: it speaks, but no dataset can be prepared with it")
    return lines


def outcome(client: SyncClient, job: Mapping[str, Any]) -> dict[str, Any]:
    """Wait for a short job; its outputs.

    Raises:
        CommandError: it failed, with its own reason.
    """
    for _ in client.stream("run.events", id=job["id"], follow=True):
        continue  # it ends with the job
    ended: dict[str, Any] = client.call("jobs.show", id=job["id"])
    if ended["state"] != "succeeded":
        raise CommandError(str(ended["reason"]), str(ended.get("fix") or ""))
    outputs: dict[str, Any] = ended["outputs"]
    return outputs


def _fetch(ctx: typer.Context, spec: dict[str, Any], detach: bool, as_json: bool) -> None:
    with session.of(ctx).daemon() as client:
        job = _unfinished(client, spec) or client.call("jobs.submit", kind="fetch", spec=spec)
        if detach:
            if as_json:
                print_json(job)
            else:
                write_line(f"{job['id']} is {job['state']}")
                write_line(f"next: yinfang jobs watch {job['id']}")
            return
        from tui.cli.follow import follow_jobs

        follow_jobs(client, [job["id"]], as_json)
        made = client.call("jobs.show", id=job["id"])["outputs"]
        if not as_json:
            write_line(f"{made['base']}  {size(made['bytes'])}, {made['voices']} voices")
            write_line(f"next: yinfang train DATASET --base {spec['name']}")


def _unfinished(client: SyncClient, spec: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fetch of the same base that is on its way already."""
    jobs = client.call("jobs.list", states=["waiting", "running", "paused"])
    same = (job for job in jobs if job["kind"] == "fetch" and job["spec"] == spec)
    return next(same, None)


def _folder(path: Path) -> Path:
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        raise CommandError(f"{path} is no folder", "name the folder with the files", Exit.USAGE)
    return folder


def _below(model: Mapping[str, Any]) -> str:
    if model["state"] in ("here", "shipped"):
        return ""
    came = f", {size(model['arrived'])} have come" if model["arrived"] else ""
    return f"{model['about']}; yinfang models fetch {model['name']}{came}"
