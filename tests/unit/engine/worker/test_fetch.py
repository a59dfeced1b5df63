"""Published bases: from a folder and from a hub over real HTTP, whole, resumed, or refused."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from engine.errors import EngineError, MachineError
from engine.model.base import Base, load_style, read_card
from engine.model.hub import PARTIAL
from engine.model.published import load_kokoro, load_voice
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import load_speaker
from engine.training.align import ALIGNER_FILE, Aligner
from engine.worker import fetch, published_files, stage2, stop
from engine.worker.stop import JobCancelledError
from tests.models import TINY_KOKORO
from tests.published import (
    REPOSITORY,
    REVISION,
    VOICES,
    WEIGHTS,
    HubBehaviour,
    digest,
    hub,
    write_repository,
)
from tests.unit.engine.worker.conftest import PREPARED, Run
from workspace.bases import NEWEST, SHIPPED, named_base
from workspace.catalogue import CATALOGUE, CONFIG_FILE, PublishedBase
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE, read_events


class Repository(NamedTuple):
    folder: Path
    published: PublishedBase


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("published") / "repository"
    return Repository(folder, write_repository(folder))


@pytest.fixture
def repository(written: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository of tiny files, whose pins the catalogue has as the base "tiny"."""
    folder = tmp_path / "repository"
    shutil.copytree(written.folder, folder)
    monkeypatch.setitem(CATALOGUE, "tiny", written.published)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return Repository(folder, written.published)


@pytest.fixture
def behaviour() -> HubBehaviour:
    return HubBehaviour()


@pytest.fixture
def endpoint(repository: Repository, behaviour: HubBehaviour) -> Iterator[str]:
    with hub(repository.folder, behaviour) as address:
        yield address


def events(workspace: Workspace, job: str) -> list[dict[str, Any]]:
    return [event for _, event in read_events(workspace.run(job) / EVENTS_FILE)]


def test_a_folder_becomes_a_base_that_speaks(
    workspace: Workspace, run_job: Run, repository: Repository
) -> None:
    outputs = run_job(fetch, "fetch", "job", name="tiny", **{"from": str(repository.folder)})
    assert (outputs["base"], outputs["voices"], outputs["pinned"]) == ("models/tiny", 2, True)

    base = Base.open(workspace.models / "tiny")
    assert (base.config, base.vocabulary, base.header["size"]) == (
        TINY_KOKORO, "v1.1-zh", "kokoro",
    )  # fmt: skip
    model = base.load()
    expected = load_kokoro(repository.folder / WEIGHTS, TINY_KOKORO).state_dict()
    for name, tensor in model.graph.state_dict().items():
        assert torch.equal(tensor, expected[name]), name
    assert not base.has_style_encoder
    for name in VOICES:
        style = load_style(base.folder / "voices" / f"{name}.safetensors", base.config)
        published = load_voice(repository.folder / "voices" / f"{name}.pt", TINY_KOKORO.style_dim)
        assert torch.equal(style[:, 0], published)
    Aligner.load(base.folder)
    assert digest(base.folder / ALIGNER_FILE) == digest(SHIPPED / "small" / ALIGNER_FILE)

    card = read_card(base.folder)
    assert (card["licence"], card["default_voice"]) == ("Apache-2.0", VOICES[-1])
    source = json.loads((base.folder / "source.json").read_text())
    assert source["pinned"] and source["folder"] == str(repository.folder)
    names = {path.relative_to(repository.folder).as_posix() for path in
             repository.folder.rglob("*.*")}  # fmt: skip
    assert source["sha256"] == {name: digest(repository.folder / name) for name in names}

    speaker = load_speaker(workspace, VOICES[0], SynthesisSettings())
    assert np.isfinite(speaker.whole("你好。")).all()
    again = run_job(fetch, "fetch", "again", name="tiny", **{"from": "gone"})
    assert again == outputs, "it is there already"


def test_a_voice_on_a_fetched_base_starts_from_its_voices(
    workspace: Workspace, run_job: Run, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_job(fetch, "fetch", "job", name="tiny", **{"from": str(repository.folder)})
    base = Base.open(workspace.models / "tiny")
    begun: list[torch.Tensor] = []

    def stopped(task: Any, *_: object, **__: object) -> None:
        begun.append(task.voice.detach().clone())
        raise JobCancelledError

    monkeypatch.setattr(stage2, "train", stopped)
    settings = {"train_kokoro": ["voice"], "validation_utterances": 1, "threads": 1}
    spec = {"prepared": PREPARED, "voice": "alice", "version": "v1", "settings": settings}
    with pytest.raises(JobCancelledError):
        run_job(stage2, "stage2", "voice", base="tiny", **spec)
    assert torch.allclose(begun[0], base.mean_style(), atol=1e-6)

    monkeypatch.setattr(Base, "vocabulary", "v1.0")
    with pytest.raises(EngineError, match=r"reads phonemes v1\.0, prepared data has v1\.1-zh"):
        run_job(stage2, "stage2", "other", base="tiny", **spec)
    with pytest.raises(EngineError, match="no base is called") as error:
        run_job(stage2, "stage2", "third", base="kokoro-v1.1-zh", **spec)
    assert "yinfang models fetch kokoro-v1.1-zh" in error.value.fix


def test_a_fetched_base_wants_to_be_named(
    workspace: Workspace, run_job: Run, repository: Repository
) -> None:
    run_job(fetch, "fetch", "job", name="tiny", **{"from": str(repository.folder)})
    newest = named_base(workspace.models, NEWEST)
    assert newest == workspace.models / "base", "training does not change to it by itself"
    assert named_base(workspace.models, "tiny") == workspace.models / "tiny"


def test_from_a_hub(
    workspace: Workspace, run_job: Run, repository: Repository, endpoint: str,
    behaviour: HubBehaviour,
) -> None:  # fmt: skip
    (repository.folder / "README.md").write_text("not wanted")
    outputs = run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)
    assert outputs["voices"] == len(VOICES)
    assert {name for name, _ in behaviour.requests} == {
        CONFIG_FILE, WEIGHTS, *(f"voices/{name}.pt" for name in VOICES),
    }  # fmt: skip
    source = json.loads((workspace.models / "tiny" / "source.json").read_text())
    assert (source["repository"], source["revision"]) == (REPOSITORY, REVISION)
    last = [e for e in events(workspace, "job") if e.get("stage") == "downloading"][-1]
    assert last["done"] == last["total"] == repository.published.download
    assert last["unit"] == "bytes"
    assert not any(workspace.downloads.iterdir()), "nothing is kept twice"


def test_a_broken_connection_goes_on_where_it_was(
    workspace: Workspace, run_job: Run, repository: Repository, endpoint: str,
    behaviour: HubBehaviour,
) -> None:  # fmt: skip
    size = (repository.folder / WEIGHTS).stat().st_size
    behaviour.break_at = size // 2
    run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)
    ranges = [wanted for name, wanted in behaviour.requests if name == WEIGHTS]
    assert ranges == [None, f"bytes={size // 2}-"]
    assert behaviour.served == repository.published.download, "nothing came twice"


def test_a_stopped_job_goes_on_in_another(
    workspace: Workspace, run_job: Run, repository: Repository, endpoint: str,
    behaviour: HubBehaviour, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    came = fetch._ByteReport.came

    def stop_half_way(report: Any, count: int) -> None:
        if report._done > repository.published.download // 4:
            monkeypatch.setattr(stop, "_requested", True)
        came(report, count)

    monkeypatch.setattr(fetch._ByteReport, "came", stop_half_way)
    with pytest.raises(JobCancelledError):
        run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)
    monkeypatch.setattr(stop, "_requested", False)
    monkeypatch.setattr(fetch._ByteReport, "came", came)
    (partial,) = workspace.downloads.rglob(f"*{PARTIAL}")
    begun = partial.stat().st_size
    assert begun > 0
    assert not (workspace.models / "tiny").exists()

    run_job(fetch, "fetch", "another", name="tiny", endpoint=endpoint)
    resumed = [wanted for _, wanted in behaviour.requests if wanted]
    assert resumed == [f"bytes={begun}-"]
    last = [e for e in events(workspace, "another") if e.get("stage") == "downloading"][-1]
    assert last["done"] == last["total"], "what was there counts"


def test_a_hub_without_ranges_begins_anew(
    run_job: Run, repository: Repository, endpoint: str, behaviour: HubBehaviour
) -> None:
    behaviour.knows_ranges = False
    behaviour.break_at = 1000
    assert run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)["pinned"]


def test_a_damaged_download_is_not_built_on(
    workspace: Workspace, run_job: Run, endpoint: str, behaviour: HubBehaviour
) -> None:
    behaviour.spoils = True
    with pytest.raises(MachineError, match=r"config\.json arrived damaged"):
        run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)
    assert not [path for path in workspace.downloads.rglob("*") if path.is_file()]
    assert not (workspace.models / "tiny").exists()
    behaviour.spoils = False
    assert run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)["pinned"]


def test_without_a_hub_the_error_says_what_to_do(run_job: Run, repository: Repository) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(MachineError, match=r"127\.0\.0\.1:\d+ cannot be reached") as error:
            run_job(fetch, "fetch", "job", name="tiny", endpoint=address)
    assert "HF_ENDPOINT" in error.value.fix
    assert "yinfang models fetch tiny --from FOLDER" in error.value.fix
    assert "`small` works without it" in error.value.fix


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"status": 503}, MachineError, "answers 503"),
        ({"status": 429}, MachineError, "answers 429"),
        ({"status": 403}, EngineError, "answers 403"),
        ({"page": "<html>Log in</html>"}, EngineError, "not as a model hub does"),
        ({"revision": "f" * 40}, EngineError, "gives revision ffff"),
    ],
)
def test_what_a_hub_may_answer(
    run_job: Run, repository: Repository, endpoint: str, behaviour: HubBehaviour,
    change: dict[str, Any], kind: type[EngineError], reason: str,
) -> None:  # fmt: skip
    for name, value in change.items():
        setattr(behaviour, name, value)
    with pytest.raises(kind, match=reason) as error:
        run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)
    assert type(error.value) is kind
    assert "--from" in error.value.fix


def test_other_weights_than_the_pinned_are_refused_unfetched(
    run_job: Run, repository: Repository, endpoint: str, behaviour: HubBehaviour,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(CATALOGUE, "tiny", replace(repository.published, weights_sha256="0" * 64))
    with pytest.raises(EngineError, match="has another file under tiny"):
        run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)
    assert not behaviour.requests


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG_FILE])
def test_a_changed_file_is_refused_with_both_hashes(
    workspace: Workspace, run_job: Run, repository: Repository, name: str
) -> None:
    path = repository.folder / name
    before = digest(path)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(EngineError, match="not the published file") as error:
        run_job(fetch, "fetch", "job", name="tiny", **{"from": str(repository.folder)})
    assert before in error.value.message and digest(path) in error.value.message
    assert not (workspace.models / "tiny").exists()


def test_a_git_lfs_pointer_is_called_so(run_job: Run, repository: Repository) -> None:
    (repository.folder / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(EngineError, match="git-lfs pointer"):
        run_job(fetch, "fetch", "job", name="tiny", **{"from": str(repository.folder)})


def test_weights_of_ones_own(workspace: Workspace, run_job: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    write_repository(folder, seed=3)
    spec = {"from": str(folder), "pinned": False}
    assert run_job(fetch, "fetch", "job", name="mine", **spec)["pinned"] is False
    card = read_card(workspace.models / "mine")
    assert (card["licence"], card["default_voice"]) == (None, VOICES[0])

    values = json.loads((folder / CONFIG_FILE).read_text())
    values["vocab"]["ü"] = 29
    (folder / CONFIG_FILE).write_text(json.dumps(values))
    with pytest.raises(EngineError, match="phonemes are those of no vocabulary"):
        run_job(fetch, "fetch", "other", name="other", **spec)
    (folder / CONFIG_FILE).write_text('{"hidden": 3}')
    with pytest.raises(EngineError, match="not a configuration of Kokoro"):
        run_job(fetch, "fetch", "third", name="other", **spec)
    (folder / CONFIG_FILE).unlink()
    with pytest.raises(EngineError, match=r"needs config\.json"):
        run_job(fetch, "fetch", "fourth", name="other", **spec)


def test_names_that_cannot_be(workspace: Workspace, run_job: Run) -> None:
    with pytest.raises(EngineError, match="no published base is called 'kokoro-v2'") as error:
        run_job(fetch, "fetch", "job", name="kokoro-v2")
    assert "kokoro-v1.1-zh" in error.value.fix
    for name in ("../elsewhere", ".hidden", "", "a/b"):
        with pytest.raises(EngineError, match="cannot be a name"):
            run_job(fetch, "fetch", "job", name=name)
    (workspace.models / "kokoro-v1.0").mkdir()
    with pytest.raises(EngineError, match="there already, and not fetched"):
        run_job(fetch, "fetch", "job", name="kokoro-v1.0")


def test_a_small_disk_is_noticed_before_anything_comes(
    run_job: Run, repository: Repository, endpoint: str, behaviour: HubBehaviour,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(
        published_files.shutil, "disk_usage", lambda place: usage._replace(free=1000)
    )
    with pytest.raises(MachineError, match="are needed") as error:
        run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)
    assert "free space" in error.value.fix
    assert not behaviour.requests


def test_offline_takes_what_the_shared_cache_has(
    workspace: Workspace, run_job: Run, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = {"name": "tiny", "offline": True, "endpoint": "http://127.0.0.1:1"}
    with pytest.raises(EngineError, match="offline mode is on, and its cache has no") as error:
        run_job(fetch, "fetch", "job", **spec)
    assert "--from" in error.value.fix
    monkeypatch.setattr(fetch, "cached_folder", lambda *arguments: repository.folder)
    assert run_job(fetch, "fetch", "job", **spec)["base"] == "models/tiny"


def test_two_jobs_do_not_write_the_same_file(
    workspace: Workspace, run_job: Run, repository: Repository, endpoint: str
) -> None:
    folder = workspace.downloads / repository.published.download_folder
    with fetch._held(folder), pytest.raises(EngineError, match="another job is fetching"):
        run_job(fetch, "fetch", "job", name="tiny", endpoint=endpoint)
