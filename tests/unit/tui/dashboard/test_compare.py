"""Runs side by side, without a screen."""

from __future__ import annotations

from typing import Any

from tui.dashboard import compare
from tui.dashboard.compare import Chosen, Line, Run
from tui.dashboard.differences import Setting
from workspace.series import Series

PALETTE = 6  # colours


def job(number: int, kind: str = "stage2", voice: str = "alice", **more: Any) -> dict[str, Any]:
    return {
        "id": f"j{number:05}-{kind}-{voice}", "number": number, "kind": kind, "state": "succeeded",
        "spec": {"voice": voice}, **more,
    }  # fmt: skip


def listed(*jobs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in jobs}


def measured(*values: float, began: float = 1000.0) -> Series:
    series = Series()
    for step, value in enumerate(values):
        series.append(step, began + step, value)
    return series


def run(name: str, colour: int = 0, **series: Series) -> Run:
    return Run(name, name, colour, {k.replace("__", "/"): v for k, v in series.items()}, 1000.0)


JOBS = listed(job(1), job(2, "synthesize"), job(3, "stage1", "base"), job(4, voice="bob"))


def test_what_measures_something_is_listed_the_newest_first() -> None:
    assert [id_[:6] for id_ in compare.runs(JOBS, "")] == ["j00004", "j00003", "j00001"]


def test_words_and_expressions_filter() -> None:
    assert [id_[:6] for id_ in compare.runs(JOBS, "stage2 alice")] == ["j00001"]
    assert [id_[:6] for id_ in compare.runs(JOBS, "-alice")] == ["j00004", "j00003"]
    assert [id_[:6] for id_ in compare.runs(JOBS, "stage[12] (b|c)")] == ["j00004", "j00003"]
    assert [id_[:6] for id_ in compare.runs(JOBS, "^j0000[13]")] == ["j00003", "j00001"]
    assert compare.runs(JOBS, "stage[") == ()  # words, as long as it is no expression yet


def test_no_run_changes_its_colour_when_others_come_and_go() -> None:
    choice = Chosen()
    for name in ("a", "b", "c", "d"):
        choice = choice.marking(name, PALETTE)
    assert len(set(choice.colours.values())) == 4
    back = choice.without(("b", "c")).marking("e", PALETTE).marking("c", PALETTE)
    assert back.ids == ("a", "d", "e", "c")
    assert len({back.colours[name] for name in back.ids}) == 4
    assert (back.colours["a"], back.colours["d"]) == (choice.colours["a"], choice.colours["d"])


def test_a_run_that_comes_back_has_its_old_colour_where_that_is_free() -> None:
    choice = Chosen().marking("a", PALETTE).marking("b", PALETTE)
    back = choice.without(("b",)).marking("b", PALETTE)
    assert back.colours["b"] == choice.colours["b"]


def test_no_two_that_are_seen_share_a_colour_while_there_are_enough() -> None:
    choice = Chosen()
    for name in "abcdefghijkl":
        choice = choice.marking(name, PALETTE)
        seen = [choice.colours[id_] for id_ in choice.ids]
        assert len(set(seen)) == len(seen)
        if len(choice.ids) == PALETTE - 1:
            choice = choice.without(choice.ids[:2])


def test_the_pinned_one_comes_first_until_it_is_let_go() -> None:
    choice = Chosen().marking("a", PALETTE).pinning("b", PALETTE)
    assert choice.order == ("b", "a") and choice.ids == ("a", "b")
    assert choice.pinning("b", PALETTE).order == ("a", "b")
    assert choice.without(("b",)).pinned is None


RUNS = (
    run("a", 2, train__total=measured(3, 1, 2), validation__total=measured(4, 2, 3),
        train__learning_rate=measured(0.1)),
    run("b", 5, train__total=measured(3, 0.5), validation__total=measured(4, 3),
        train__seconds=measured(7, 8)),
)  # fmt: skip


def test_a_chart_has_every_run_in_its_colour() -> None:
    total = compare.panels_of(RUNS)[0]
    assert total.key == "total"
    [one, other] = compare.traces(total, RUNS, "validation")
    assert (one.name, one.colour, one.source) == ("a", 2, ("a", "validation/total"))
    assert (other.name, other.colour, other.noisy) == ("b", 5, False)
    assert [trace.source for trace in compare.traces(total, RUNS, "train")] == [
        ("a", "train/total"), ("b", "train/total"),
    ]  # fmt: skip
    assert [(trace.name, trace.colour) for trace in compare.traces(total, RUNS, "both")] == [
        ("a train", 2), ("a", 2), ("b train", 5), ("b", 5),
    ]  # fmt: skip


def test_what_was_measured_on_training_alone_is_seen_all_the_same() -> None:
    rate = next(panel for panel in compare.panels_of(RUNS) if panel.key == "learning_rate")
    assert [trace.name for trace in compare.traces(rate, RUNS, "validation")] == ["a"]


def test_a_run_that_was_taken_up_again_began_with_its_first_point() -> None:
    assert compare.beginning({"started": 5000.0}, [measured(1, began=4000.0)]) == 4000.0
    assert compare.beginning({"started": 3000.0}, [measured(1, began=4000.0)]) == 3000.0
    assert compare.beginning({}, []) is None


def test_best_figures_side_by_side() -> None:
    assert list(compare.figures(compare.panels_of(RUNS), RUNS, "validation")) == [
        Line("loss, lowest", {"a": "2", "b": "3"}, frozenset({"a"})),
        Line("seconds, train, last", {"b": "8"}),
    ]


def test_how_far_they_are() -> None:
    jobs = [job(1, started=10.0, ended=130.0), job(2, started=100.0)]
    names = [str(one["id"]) for one in jobs]
    found = {line.name: line.values for line in compare.standing(jobs, (), 160.0)}
    assert found == {
        "state": dict.fromkeys(names, "succeeded"), "took": {names[0]: "2:00", names[1]: "1:00"},
    }  # fmt: skip


def test_what_they_were_made_of_is_told_where_it_differs() -> None:
    jobs = [job(1), job(2, voice="bob"), job(3, "clone")]
    for one in jobs:
        one["spec"]["settings"] = {"steps": one["number"]}
    a, b, c = (str(one["id"]) for one in jobs)
    assert list(compare.origins(jobs)) == [
        Line("kind", {a: "stage2", b: "stage2", c: "clone"}),
        Line("voice", {a: "alice", b: "bob", c: "alice"}),
    ]


def test_settings_that_differ() -> None:
    rate, batch, clip = "stage2.learning_rate", "stage2.batch_size", "clone.clip"
    found = {
        "a": [Setting(rate, 0.1, 0.1), Setting(batch, 8, 8)],
        "b": [Setting(rate, 0.2, 0.1), Setting(batch, 8, 8)],
        "c": [Setting(rate, 0.1, 0.1), Setting(batch, 8, 8), Setting(clip, 1, 1)],
    }
    assert list(compare.settings(found)) == [Line(rate, {"a": "0.1", "b": "0.2", "c": "0.1"})]
    found["c"][2] = Setting(clip, 2, 1)
    assert list(compare.settings(found))[1:] == [Line(clip, {"c": "2"})]
    assert list(compare.settings({})) == []
