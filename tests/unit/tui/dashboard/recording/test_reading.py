"""The place of a reader among the sentences."""

from __future__ import annotations

from typing import Any

from tui.dashboard.recording.reading import Reading
from tui.dashboard.recording.script import More, more, next_open
from workspace.prompts import read_set


def take(prompt: str, number: int, *, kept: bool = False) -> dict[str, Any]:
    return {"take": f"{prompt}-{number}", "prompt": {"id": prompt}, "kept": kept}


def prompt(number: int, state: str = "open", takes: int = 0) -> dict[str, Any]:
    name = f"zh{number}"
    made = [take(name, n, kept=state == "kept" and n == 1) for n in range(1, takes + 1)]
    return {"id": name, "text": f"第{number}", "pinyin": "di4 yi1", "state": state, "takes": made}


def reading(*prompts: dict[str, Any], at: str = "") -> Reading:
    shown = {"speaker": "alice", "kept": 0, "seconds": 0.0, "needed": 300.0, "held": True,
             "room": None, "prompts": list(prompts)}  # fmt: skip
    return Reading(shown, at)


def test_it_begins_at_the_first_open_sentence_or_where_one_was() -> None:
    prompts = prompt(1, "kept", 1), prompt(2, "skipped"), prompt(3), prompt(4)
    assert reading(*prompts).at == 2
    there = reading(*prompts, at="zh1")
    assert (there.at, there.card) == (0, prompts[0]["takes"][0])
    assert reading(*prompts, at="gone").at == 2


def test_the_next_one_is_behind_and_then_before() -> None:
    prompts = [prompt(1), prompt(2, "kept", 1), prompt(3)]
    assert [next_open(prompts, after) for after in (-1, 0, 1, 2)] == [0, 2, 2, 0]
    assert next_open([prompt(1, "kept", 1)], 0) is None and next_open([], -1) is None
    assert reading(*prompts).following == "第3"


def test_when_all_is_read_there_is_no_sentence_and_one_can_walk_back() -> None:
    done = reading(prompt(1, "kept", 1), prompt(2, "kept", 1))
    assert (done.prompt, done.card, done.following) == (None, None, "")
    done.walk(-1)
    assert done.prompt is not None and done.prompt["id"] == "zh2" and done.card is not None
    done.walk(5)
    assert done.at == 1


def test_the_kept_take_is_shown_else_the_latest() -> None:
    there = reading(prompt(1, "kept", 3), prompt(2, "open", 2))
    assert there.card is not None and there.card["take"] == "zh2-2"
    there.walk(-1)
    assert there.card is not None and there.card["take"] == "zh1-1"
    there.look_at(1)
    assert there.card["take"] == "zh1-2"
    there.look_at(9)
    assert there.card["take"] == "zh1-3"


def test_a_new_take_is_shown_and_one_of_another_sentence_is_not() -> None:
    there = reading(prompt(1), prompt(2))
    there.take_in(take("zh1", 1))
    assert there.card is not None and there.card["take"] == "zh1-1"
    there.take_in(take("zh2", 1))
    assert there.card["take"] == "zh1-1"
    assert len(there.prompts[1]["takes"]) == 1
    there.take_in({**take("zh1", 1), "words": "heard"})
    assert there.card["words"] == "heard" and len(there.prompts[0]["takes"]) == 1


def test_what_was_kept_counts_and_keeps_its_place() -> None:
    there = reading(prompt(1, takes=2), prompt(2))
    there.look_at(-1)
    kept = prompt(1, "kept", 2)
    there.update({"prompt": kept, "kept": 1, "seconds": 3.2, "held": True})
    assert there.session["kept"] == 1 and there.session["seconds"] == 3.2
    assert there.card is not None and there.card["take"] == "zh1-1" and there.card["kept"]
    there.go_on()
    assert there.at == 1


def test_the_smallest_set_with_something_new_is_what_one_goes_on_with() -> None:
    def of(name: str) -> list[dict[str, Any]]:
        return [{"id": each.id} for each in read_set(name)]

    assert more([{"id": "own0001"}]) == More("mandarin-50", 50)
    assert more([*of("mandarin-50"), {"id": "own0001"}]) == More("mandarin-200", 150)
    assert more(of("mandarin-200")) == More("mandarin-1000", 800)
    assert more(of("mandarin-1000")) is None
