"""Which way sound takes, and what is said where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from tui.sound.choose import (
    Way,
    attached_ways,
    choose,
    is_over_ssh,
    loudspeaker_of,
    own_address,
)
from tui.sound.device import Device


def way(kind: str, name: str = "one", *, microphone: bool = True, loudspeaker: bool = True) -> Way:
    device = Device(0, name, microphone, loudspeaker, 48_000, True)
    return Way(f"{kind}:{name}", kind, name, microphone, loudspeaker, device)


ALL = [way(kind) for kind in ("browser", "agent", "pulse", "local")]


@pytest.mark.parametrize(
    ("over_ssh", "kinds"),
    [
        (False, ["local", "pulse", "agent", "browser"]),
        (True, ["agent", "browser", "pulse"]),
    ],
)
def test_what_is_with_the_person_goes_first(over_ssh: bool, kinds: list[str]) -> None:
    left = list(ALL)
    for kind in kinds:
        chosen = choose(left, "microphone", over_ssh=over_ssh).way
        assert chosen is not None and chosen.kind == kind
        left.remove(chosen)
    assert choose(left, "microphone", over_ssh=over_ssh).way is None


def test_a_server_s_own_devices_are_taken_only_when_they_are_wanted() -> None:
    server = [way("local", "sound card of the server")]
    nothing = choose(server, "microphone", over_ssh=True, address="ssh://me@gpu/voices")
    assert nothing.way is None
    assert "yinfang agent ssh://me@gpu/voices" in nothing.fix
    wanted = choose(server, "microphone", over_ssh=True, wanted=server[0].id)
    assert wanted.way is server[0]
    assert wanted.why == "you have chosen it"


def test_what_was_chosen_and_is_gone_is_told() -> None:
    choice = choose(ALL, "microphone", over_ssh=False, wanted="local:the good one")
    assert choice.way is not None and choice.way.kind == "local"
    assert choice.why.startswith("what you have chosen is not here")


def test_a_loudspeaker_is_no_microphone() -> None:
    ways = [way("local", "ear", microphone=False), way("agent", "mouth", loudspeaker=False)]
    microphone = choose(ways, "microphone", over_ssh=False).way
    loudspeaker = choose(ways, "loudspeaker", over_ssh=False).way
    assert (microphone, loudspeaker) == (ways[1], ways[0])
    none = choose([], "loudspeaker", over_ssh=False)
    assert (none.way, none.why) == (None, "there is no loudspeaker")
    assert "plug in a loudspeaker" in none.fix


@pytest.mark.parametrize(
    ("attached", "environ", "over"),
    [
        (False, {"SSH_CONNECTION": "10.0.0.2 51000 10.0.0.7 22"}, True),
        (True, {"SSH_CONNECTION": "10.0.0.2 51000 10.0.0.7 22"}, False),
        (False, {}, False),
    ],
)
def test_where_the_person_sits(attached: bool, environ: dict[str, str], over: bool) -> None:
    assert is_over_ssh(attached=attached, environ=environ) is over


def test_the_address_is_the_one_that_ssh_was_given() -> None:
    environ = {"SSH_CONNECTION": "10.0.0.2 51000 10.0.0.7 22", "USER": "me"}
    assert own_address("/voices", environ) == "ssh://me@10.0.0.7/voices"
    environ["SSH_CONNECTION"] = "fe80::1 51000 fe80::7 22"
    assert own_address("", environ) == "ssh://me@[fe80::7]"


def test_what_came_last_is_meant() -> None:
    def attached(name: str) -> dict[str, Any]:
        return {
            "id": f"id of {name}", "kind": "agent", "name": name, "rate": 48_000,
            "microphone": True, "loudspeaker": True,
        }  # fmt: skip

    ways = attached_ways([attached("old"), attached("new")])
    chosen = choose(ways, "microphone", over_ssh=True).way
    assert chosen is not None and chosen.name == "new"
    assert loudspeaker_of(chosen, None).name == "new"  # type: ignore[arg-type]
