"""`yinfang record`: reading aloud into a microphone, sentence by sentence."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli import session
from tui.cli.output import CommandError, Exit, JsonOption, note, print_json, stdout
from tui.cli.session import HostOption, Session
from tui.quantities import ago
from tui.recordings import script_of, state_of, tape

if TYPE_CHECKING:
    from tui.cli.listing import Row

TextOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A text of your own, on this machine; UTF-8."),
]
ScriptOption = Annotated[
    str | None,
    typer.Option(help="Sentences that come with it: mandarin-50, mandarin-200, mandarin-1000."),
]


def record(
    ctx: typer.Context,
    speaker: Annotated[str | None, typer.Argument(help="Whose voice; a new name begins.")] = None,
    script: ScriptOption = None,
    text: TextOption = None,
    listed: Annotated[bool, typer.Option("--list", help="Print how far each speaker is.")] = False,
    as_json: JsonOption = False,
    host: HostOption = None,
) -> None:
    """Record a voice: sentences to read, a meter, and after each take what to do better.

    It opens the dashboard on its page. What is recorded is kept where the microphone is until the
    server has it; a session goes on where it stopped.

    \b
    Examples:
      yinfang record
      yinfang record alice --script mandarin-50
      yinfang record alice --text story.txt --host ssh://me@gpu
      yinfang record --list
    """
    own = session.of(ctx).on(host)
    if listed or as_json:
        _print_sessions(own, as_json=as_json)
        return
    if speaker is not None:
        _open(own, speaker, script, text)
    elif script or text:
        raise CommandError("who reads it?", "yinfang record NAME --script ...", Exit.USAGE)
    from tui.cli.dashboard import open_dashboard

    open_dashboard(own, speaker=speaker or "")


def _open(own: Session, speaker: str, script: str | None, text: Path | None) -> None:
    """Begin the session, or see that there is one.

    Raises:
        CommandError: both a script and a text are given, or the text cannot be read.
        DaemonError: the daemon does not open it.
    """
    if script and text:
        raise CommandError("give a script or a text, one after the other", "", Exit.USAGE)
    params: dict[str, Any] = {"speaker": speaker}
    if script:
        params["script"] = script
    if text:
        params["text"] = _read(text)
    with own.daemon() as client:
        client.call("recordings.open", **params)


def _read(path: Path) -> str:
    from tui.dashboard.recording.textfile import TextFileError, read_text

    try:
        return read_text(path)
    except TextFileError as error:
        raise CommandError(error.message, error.fix, Exit.USAGE) from None


def _print_sessions(own: Session, *, as_json: bool) -> None:
    with own.daemon() as client:
        found = client.call("recordings.list")
    if as_json:
        print_json(found)
        return
    from tui.cli.listing import listing

    headings = ("speaker", "reads", "sentences", "speech", "state", "last")
    rows = [_row(each, time.time()) for each in found]
    stdout().print(listing(headings, rows, right=("sentences", "speech")))
    if not found:
        note("nobody has been recorded yet: yinfang record NAME")


def _row(speaker: dict[str, Any], now: float) -> Row:
    from rich.text import Text

    from tui.cli.listing import Row

    cells = (
        speaker["speaker"],
        script_of(speaker),
        f"{speaker['kept']} of {speaker['prompts']}",
        f"{tape(speaker['seconds'])} of {tape(speaker['needed'])}",
        state_of(speaker),
        ago(speaker["updated"], now),
    )
    return Row(tuple(Text(cell) for cell in cells))
