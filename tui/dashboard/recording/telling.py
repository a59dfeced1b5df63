"""What the page of a recording says: head, hints, questions; pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from tui.dashboard import formats
from tui.dashboard.lines import Line, width_of
from tui.dashboard.recording.review import kilohertz
from tui.dashboard.recording.script import ENOUGH, More
from tui.dashboard.widgets.table import Span
from tui.quantities import duration
from tui.recordings import tape
from tui.sound.choose import belonging

Session = Mapping[str, Any]  # as `recordings.show` tells it, its prompts apart

Stage = Literal[
    "deaf",  # there is no microphone
    "room", "listening", "measured",  # the silent room: before, while and after it is measured
    "ready", "counting", "starting", "recording", "sending", "review",  # a take
    "done",  # all is read
]  # fmt: skip

COUNTDOWN = 3
BAR = 18  # cells


def head(session: Session, count: int, device: Line, width: int) -> Line:
    """The line above the sentence: speaker and microphone on the left, how far one is on the right.

    Args:
        session: the totals.
        count: prompts there are.
        device: what is recorded with.
        width: cells.
    """
    share = session["seconds"] / session["needed"] if session["needed"] else 1.0
    left: Line = (Span(str(session["speaker"]), "strong"), Span("  "), *device)
    read = Span(f"{session['kept']} of {count} sentences  ", "dim")
    minutes = Span(f"{tape(session['seconds'])} of {tape(session['needed'])} ")
    bar = formats.bar(min(1.0, share), BAR)
    for right in ((read, minutes, *bar), (minutes, *bar[:2]), (minutes,)):
        gap = width - width_of(left) - width_of(right)
        if gap >= 2:
            return (*left, Span(" " * gap), *right)
    return left


def device_line(kind: str, name: str, rate: int) -> Line:
    """A microphone in words."""
    whose = Span(f" ({belonging(kind)}), {kilohertz(rate)}", "dim")
    return (Span("● ", "good"), Span(f"{name}", ""), whose)


def hints(
    stage: Stage, *, sound: bool = True, kept: bool = False, more: More | None = None
) -> Line:
    """What space and enter do just now, the one that is meant first.

    Args:
        stage: where one is.
        sound: whether nothing speaks against keeping the take.
        kept: whether it is kept already.
        more: what there is to go on with, where everything is read and a voice wants more.
    """
    match stage:
        case "deaf":
            return _hints(("enter", "look again"), ("y", "copy the ssh line"), ("Y", "the address"))
        case "room":
            return _hints(("space", "measure the silent room"), ("enter", "read without"))
        case "listening":
            return _hints(("escape", "leave it"))
        case "measured":
            return _hints(("space", "read"), ("b", "measure once more"))
        case "ready":
            return _hints(("space", "record"), ("s", "skip"))
        case "counting" | "starting":
            return _hints(("escape", "not yet"))
        case "recording":
            return _hints(("space", "stop"), ("escape", "throw it away"))
        case "sending":
            return _hints(("enter", "go on; it is stored meanwhile"))
        case "review":
            keep = ("enter", "next" if kept else "keep, next")
            again = ("space", "read it again")
            both = (keep, again) if sound or kept else (again, ("enter", "keep it all the same"))
            return _hints(*both, ("p", "listen"))
        case "done":
            on = [("a", f"read {_sentences(more)}")] if more is not None else []
            return _hints(*on, ("t", "train"), ("left", "back"), ("escape", "leave"))


def _hints(*found: tuple[str, str]) -> Line:
    """Keys with what they do; the first is the one that is meant."""
    spans: list[Span] = []
    for number, (key, does) in enumerate(found):
        does_span = Span(f"  {does}", "dim" if number else "strong")
        spans += [Span("    " if number else ""), Span(key, "key"), does_span]
    return tuple(spans)


def room_before() -> list[Line]:
    """What is said before the room is measured."""
    return [
        (Span("First the room", "strong"),),
        (),
        (Span("Sit as you will sit, and be silent for three seconds."),),
        (Span("What is heard then is the noise that every take has in it.", "dim"),),
    ]


def room_meanwhile(left: float) -> list[Line]:
    """What is said while the room is measured, with so many seconds to go."""
    if left <= 0:
        return [(Span("Thank you", "strong"),)]
    return [(Span("Silence, please", "strong"),), (), (Span(f"{left:.0f} s", "dim"),)]


def missing(why: str, fix: str, ways: Sequence[tuple[str, str]]) -> list[Line]:
    """What is said where there is no microphone.

    Args:
        why, fix: of the choice, see `tui.sound.choose`.
        ways: what else would bring one: its name, and what to type or to know.
    """
    lines: list[Line] = [(Span(f"{why[:1].upper()}{why[1:]}", "strong"),), ()]
    if fix:
        lines.append((Span(fix),))
    if ways:
        lines += [(), (Span("Any of these brings one, and this page goes on by itself:", "dim"),)]
    for name, said in ways:
        lines += [(), (Span(f"{name}: ", "dim"), Span(said, "accent"))]
    return lines


def training(session: Session) -> tuple[str, str]:
    """What is asked before a training: the question, and what follows from it."""
    seconds, needed = session["seconds"], session["needed"]
    kept = session["kept"]
    what = f"{kept} sentence{'' if kept == 1 else 's'}, {tape(seconds)} of speech"
    question = f"Train a voice from {session['speaker']}? It has {what}."
    follows = "The folder is prepared and trained like any dataset; the page of jobs shows it."
    if seconds < needed * ENOUGH:
        return question, (
            f"That is little: a voice needs about {tape(needed)}. From less it will sound alike, "
            f"but not speak like {session['speaker']}. {follows}"
        )
    if seconds < needed:
        return question, f"A little less than the {tape(needed)} that a voice needs. {follows}"
    return question, f"{follows} What is recorded afterwards trains it anew when you say so."


def _sentences(more: More) -> str:
    return f"{more.sentences:,} more sentence{'' if more.sentences == 1 else 's'}"


def done(session: Session, more: More | None) -> list[Line]:
    """What is said when everything has been read.

    Args:
        session: the totals.
        more: what there is to go on with.
    """
    seconds, needed = session["seconds"], session["needed"]
    lines: list[Line] = [
        (Span("Everything is read.", "good"),),
        (),
        (Span(f"{session['kept']} sentences, {tape(seconds)} of speech", "strong"),),
    ]
    left = f"{duration(needed - seconds)} more make a voice"
    enough = seconds >= needed
    lines.append((Span("enough for a voice" if enough else left, "dim"),))
    if more is None:
        adds = "a, in the list of speakers, takes a text of your own"
    else:
        pace = seconds / session["kept"] if session["kept"] else 0.0
        length = f", about {more.sentences * pace / 60:.0f} minutes of speech" if pace else ""
        adds = f"a: {_sentences(more)}{length}; none comes twice"
    lines += [(), (Span(adds, "dim" if enough else ""),)]
    return lines


def cut_off() -> Line:
    """What is said while the daemon cannot be reached and a take is made."""
    return (Span("○ the line is away; the take is kept here, and sent when it is back", "warn"),)


def sending(stored: int, of: int) -> Line:
    """How much of a take the daemon has."""
    share = f" {stored / of:.0%}" if of else ""
    return (Span(f"is stored …{share}", "dim"),)


def away(*, here: bool) -> Line:
    """What is said while the line to an attached microphone is cut."""
    if here:
        return ()
    return (Span("○ recording goes on at the microphone; its line is away", "warn"),)


def pending(count: int) -> Line:
    """Takes that the daemon does not have whole yet."""
    if not count:
        return ()
    takes = "1 take is" if count == 1 else f"{count} takes are"
    return (Span(f"○ {takes} still on the way to the server", "warn"),)
