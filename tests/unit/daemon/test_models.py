"""The bases that are listed: here, shipped, and to be fetched, with how much of them has come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daemon.models import ARRIVING, FETCHABLE, HERE, SHIPPED, models
from workspace import bases
from workspace.catalogue import CATALOGUE
from workspace.layout import Workspace

V1 = CATALOGUE["kokoro-v1.0"]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace; the program brings the base "small"."""
    monkeypatch.setattr(bases, "SHIPPED", tmp_path / "program")
    write_base(tmp_path / "program" / "small", voices=("yue",))
    return Workspace(tmp_path / "workspace")


def write_base(folder: Path, voices: tuple[str, ...] = (), **card: object) -> None:
    (folder / "voices").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"w" * 1000)
    for name in voices:
        (folder / "voices" / f"{name}.safetensors").touch()
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")


def states(workspace: Workspace) -> dict[str, str]:
    return {model["name"]: model["state"] for model in models(workspace)}


def test_a_fresh_workspace_has_the_shipped_base_and_can_fetch(workspace: Workspace) -> None:
    assert states(workspace) == {"small": SHIPPED} | dict.fromkeys(CATALOGUE, FETCHABLE)
    small, *fetchable = models(workspace)
    assert (small["bytes"], small["voices"]) == (1000, 1)
    for model in fetchable:
        assert model["bytes"] > 300_000_000 and model["licence"] == "Apache-2.0"
        assert CATALOGUE[model["name"]].repository in model["origin"]


def test_what_is_here_says_where_it_is_from(workspace: Workspace) -> None:
    source = {"repository": V1.repository, "revision": V1.revision}
    write_base(workspace.models / V1.name, source=source, licence="Apache-2.0")
    write_base(workspace.models / "mine", source={"folder": "/media/mine"})
    write_base(workspace.models / "grown", base="small")
    write_base(workspace.models / ".tmp-late.0123abcd")
    found = {model["name"]: model for model in models(workspace)}
    assert {name for name, model in found.items() if model["state"] == HERE} == {
        V1.name, "mine", "grown",
    }  # fmt: skip
    assert found[V1.name]["origin"] == f"{V1.repository}@{V1.revision[:8]}"
    assert found["mine"]["origin"] == "/media/mine"
    assert found["grown"]["origin"] == "made here on small"
    assert found["small"]["origin"] == "comes with the program"


def test_what_has_come_is_counted(workspace: Workspace) -> None:
    folder = workspace.downloads / V1.download_folder
    (folder / "voices").mkdir(parents=True)
    (folder / "config.json").write_bytes(b"1" * 20)
    (folder / "voices" / "zf_xiaobei.pt.partial").write_bytes(b"1" * 300)
    found = {model["name"]: model for model in models(workspace)}
    assert (found[V1.name]["state"], found[V1.name]["arrived"]) == (ARRIVING, 320)
    assert found["kokoro-v1.1-zh"]["arrived"] == 0


def test_a_damaged_card_hides_no_base(workspace: Workspace) -> None:
    write_base(workspace.models / "mine")
    (workspace.models / "mine" / "card.json").write_text("{", encoding="utf-8")
    assert states(workspace)["mine"] == HERE
