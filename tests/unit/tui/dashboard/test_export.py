"""Names of the files that charts are written to."""

from __future__ import annotations

from pathlib import Path

from tui.dashboard.export import free_path, name_of


def test_names_are_free_of_what_a_shell_minds() -> None:
    assert name_of("j00012", "f0_rmse") == "j00012-f0_rmse"
    assert name_of("j00012", "a b/c") == "j00012-a-b-c"
    assert name_of("小明", "total") == "小明-total"


def test_what_lies_there_already_is_left_alone(tmp_path: Path) -> None:
    assert free_path(tmp_path, "loss", "svg") == tmp_path / "loss.svg"
    (tmp_path / "loss.svg").touch()
    (tmp_path / "loss-2.svg").touch()
    assert free_path(tmp_path, "loss", "svg") == tmp_path / "loss-3.svg"
    assert free_path(tmp_path, "loss", "csv") == tmp_path / "loss.csv"
