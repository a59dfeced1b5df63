"""`yinfang voices mix`: a voice between other voices."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from tui.cli import session
from tui.cli.clone import require_voice_name
from tui.cli.models import outcome
from tui.cli.output import CommandError, Exit, JsonOption, print_json, write_line


def mix(
    ctx: typer.Context,
    parts: Annotated[
        list[str], typer.Argument(help="VOICE=SHARE, two or more; shares are made to sum to 1.")
    ],
    name: Annotated[str, typer.Option("--name", "-n", help="What to call the mixture.")],
    as_json: JsonOption = False,
) -> None:
    """Mix voices of one base into a new one: styles, and the weights of those that have their own.

    \b
    Examples:
      yinfang voices mix alice=0.7 bob=0.3 --name carol
      yinfang voices mix yue=1 chen=1 --name between
    """
    require_voice_name(name)
    spec = {
        "voice": name, "version": time.strftime("%Y%m%d-%H%M%S", time.gmtime()),
        "shares": shares_of(parts),
    }  # fmt: skip
    with session.of(ctx).daemon() as client:
        made = outcome(client, client.call("jobs.submit", kind="mix", spec=spec))
    if as_json:
        print_json(made)
        return
    write_line(f"{made['voice']}")
    write_line(f"next: yinfang say TEXT --voice {name} -o out.wav")


def shares_of(parts: Sequence[str]) -> dict[str, float]:
    """Shares by voice, summing to 1.

    Raises:
        CommandError: one cannot be read, comes twice, is not above 0, or is alone.
    """
    shares: dict[str, float] = {}
    for part in parts:
        voice, _, number = part.rpartition("=")
        try:
            share = float(number)
        except ValueError:
            share = math.nan
        if not voice or not math.isfinite(share) or share <= 0:
            fix = "give VOICE=SHARE with a share above 0, as in alice=0.7"
            raise CommandError(f"{part!r} is no share of a voice", fix, Exit.USAGE)
        if voice in shares:
            raise CommandError(f"{voice} is given twice", "give its share once", Exit.USAGE)
        shares[voice] = share
    if len(shares) < 2:
        fix = "name two voices or more, as in alice=0.7 bob=0.3"
        raise CommandError("one voice alone is no mixture", fix, Exit.USAGE)
    total = sum(shares.values())
    return {voice: share / total for voice, share in shares.items()}
