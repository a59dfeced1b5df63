"""The doctor's findings, each provoked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tui import doctor
from tui.cli.workspaces import create
from workspace.layout import Workspace

TORCH = {"version": "2.13.0", "cuda": "12.8", "devices": ["H200"], "threads": 2}
TORCH_WITHOUT_CUDA = {**TORCH, "cuda": None, "devices": []}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "voices")
    create(made)
    return made


def test_python() -> None:
    assert doctor.check_python((3, 11, 2)).state == "ok"
    assert doctor.check_python((3, 10, 9)).state == "fail"


def test_torch_is_asked_in_another_process() -> None:
    assert doctor.check_torch("No module named 'torch'").state == "warn"
    assert doctor.check_torch(TORCH).detail == "2.13.0, 2 threads"


def test_a_gpu_that_torch_cannot_use_is_told() -> None:
    assert doctor.check_gpu(["H200"], TORCH).state == "ok"
    assert "without CUDA" in doctor.check_gpu(["H200"], TORCH_WITHOUT_CUDA).detail
    assert doctor.check_gpu("NVML Shared Library Not Found", TORCH).state == "warn"


def test_kernels_are_not_missed_without_a_gpu() -> None:
    assert doctor.check_kernels(TORCH_WITHOUT_CUDA).state == "ok"


def test_disk() -> None:
    states = [doctor.check_disk(Path("/x"), free).state for free in (1e9, 10e9, 100e9)]
    assert states == ["fail", "warn", "ok"]


def test_few_watches(tmp_path: Path) -> None:
    limit = tmp_path / "max_user_watches"
    limit.write_text("100\n")
    assert "sysctl" in doctor.check_inotify(limit).fix
    limit.write_text("524288\n")
    assert doctor.check_inotify(limit).state == "ok"
    assert doctor.check_inotify(tmp_path / "none").state == "warn"


def test_a_new_workspace_is_healthy_but_for_its_daemon(workspace: Workspace) -> None:
    findings = {finding.what: finding for finding in doctor.examine_workspace(workspace)}
    assert findings["settings"].state == "ok"
    assert findings["permissions"].state == "ok"
    assert findings["daemon"].state == "warn"
    assert findings["daemon"].fix == "yinfang up -d"


def test_a_wrong_setting_is_named(workspace: Workspace) -> None:
    workspace.config.write_text("[watch]\nsetle_seconds = 1\n")
    finding = doctor.check_settings(workspace)
    assert finding.state == "fail"
    assert "did you mean `settle_seconds`" in finding.detail


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(workspace: Workspace) -> None:
    workspace.runs.mkdir()
    workspace.runs.chmod(0o500)
    assert doctor.check_permissions(workspace).state == "fail"


def test_a_probe_tells_json_or_the_last_complaint() -> None:
    assert doctor.probe("print('{\"a\": 1}')") == {"a": 1}
    assert doctor.probe("raise RuntimeError('no such thing')") == "RuntimeError: no such thing"
