"""`yinfang models` and `yinfang voices import`: what they refuse by themselves, and reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tui.cli.main import app
from tui.cli.models import report_lines

runner = CliRunner()


@pytest.mark.parametrize(
    "command",
    ["models list", "models fetch", "models import", "models check", "voices import"],
)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = runner.invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.stdout and f"yinfang {command}" in result.stdout


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["models", "fetch", "kokoro-v2"], "kokoro-v1.1-zh"),
        (["models", "fetch", "kokoro-v1.0", "--from", "nowhere"], "is no folder"),
        (["models", "import", "nowhere", "--name", "mine"], "is no folder"),
        (["models", "import", ".", "--name", "kokoro-v1.0"], "published base"),
        (["voices", "import", "nowhere.pt"], "is no voice file"),
        (["voices", "import", __file__], "is no voice file"),
    ],
)
def test_wrong_usage_is_exit_code_2(tmp_path: Path, command: list[str], said: str) -> None:
    result = runner.invoke(app, ["-w", str(tmp_path), *command])
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_report_in_lines() -> None:
    names = {"absent": ["a"] * 3, "missing": ["m1"], "unexpected": [f"u{i}" for i in range(25)]}
    report = {
        "subject": "x.pth", "what": "weights", "fits": False, "used": 5, "misshaped": [],
        "mistyped": [], "broken": [], "sha256": "00ff", **names,
    }  # fmt: skip
    lines = report_lines(report)
    assert lines[:2] == ["x.pth: does not fit", "  weights: 5 tensors used"]
    assert "  3 absent, as they may be" in lines and "  1 missing" in lines
    assert "    m1" in lines and "    u19" in lines and "    u20" not in lines
    assert "    and 5 more" in lines and "  sha256: 00ff" in lines


def test_a_report_on_what_cannot_be_read() -> None:
    report = {"subject": "x.pth", "fits": False, "problem": "x.pth is empty", "fix": "copy it"}
    assert report_lines(report) == ["x.pth: does not fit", "  x.pth is empty", "  fix: copy it"]
