"""What the machine is doing, from recorded texts of the kernel and recorded answers of NVML."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from daemon.machine import processor, workers
from daemon.machine.container import Allowance, allowance
from daemon.machine.disk import Look, forecast
from daemon.machine.gpus import Gpus

STAT = """\
cpu  200 0 100 1700 0 0 0 0 0 0
cpu0 150 0 50 800 0 0 0 0 0 0
cpu1 50 0 50 850 50 0 0 0 40 0
intr 1 2 3
"""
LATER = """\
cpu  400 0 100 1900 0 0 0 0 0 0
cpu0 250 0 50 800 0 0 0 0 0 0
cpu1 50 0 50 900 100 0 0 0 40 0
cpu2 1 0 1 1 0 0 0 0 0 0
"""
MEMINFO = "MemTotal:       16000 kB\nMemAvailable:    4000 kB\nSwapTotal:       0 kB\n"
GIGABYTE = 10**9


def test_cores_are_busy_by_what_they_did_between_two_looks() -> None:
    before, after = processor.core_times(STAT), processor.core_times(LATER)
    assert processor.use(before, after) == [1.0, 0.0, None]
    assert processor.use(after, after) == [0.0, 0.0, 0.0]


def test_this_machine_can_be_read() -> None:
    assert len(processor.read_core_times()) == os.cpu_count()
    total = processor.read_memory()["total"]
    assert total is not None
    assert total > 2**28


def test_memory_is_told_in_bytes_and_what_is_not_told_is_unknown() -> None:
    assert processor.memory(MEMINFO) == {
        "total": 16_384_000, "available": 4_096_000, "swap_total": 0, "swap_free": None
    }  # fmt: skip


def groups(folder: Path, told: str, files: dict[str, str]) -> Allowance | None:
    """The allowance where the kernel tells these groups and has these files."""
    (folder / "cgroup").write_text(told)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return allowance(folder / "cgroup", folder / "v2", folder / "v1")


def test_the_tightest_limit_around_a_process_counts(tmp_path: Path) -> None:
    files = {
        "v2/memory.max": "max\n",
        "v2/memory.current": "900\n",
        "v2/outer/memory.max": "1000\n",
        "v2/outer/memory.current": "300\n",
        "v2/outer/inner/memory.max": "500\n",
        "v2/outer/inner/memory.current": "100\n",
    }
    assert groups(tmp_path, "0::/outer/inner\n", files) == Allowance(500, 100)
    assert groups(tmp_path, "0::/outer\n", {}) == Allowance(1000, 300)
    assert groups(tmp_path, "0::/\n", {}) is None


def test_in_a_container_with_groups_of_the_older_kind_the_root_counts(tmp_path: Path) -> None:
    told = "9:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n0::/\n"
    limit, usage = "v1/memory.limit_in_bytes", "v1/memory.usage_in_bytes"
    assert groups(tmp_path, told, {limit: "4096\n", usage: "1024\n"}) == Allowance(4096, 1024)
    assert groups(tmp_path, told, {limit: f"{(1 << 63) - 4096}\n"}) is None


def looks(free: Callable[[float], float], seconds: float = 3600.0) -> list[Look]:
    return [Look(second, int(free(second))) for second in range(0, int(seconds) + 1, 30)]


def test_a_disk_that_is_being_filled_is_full_when_nothing_is_left() -> None:
    ahead = forecast(looks(lambda t: 50 * GIGABYTE - 1e6 * t), floor=2 * GIGABYTE)
    assert ahead.pace == pytest.approx(1e6)
    assert ahead.full == pytest.approx(3600 + (48 * GIGABYTE - 3600e6) / 1e6)
    assert ahead.reason == ""


def test_checkpoints_that_come_at_intervals_make_a_pace() -> None:
    ahead = forecast(looks(lambda t: 50 * GIGABYTE - 300e6 * (t // 300)))
    assert ahead.pace == pytest.approx(1e6, rel=0.05)


@pytest.mark.parametrize("size", [-20 * GIGABYTE, 20 * GIGABYTE])
def test_one_great_change_is_no_habit(size: float) -> None:
    ahead = forecast(looks(lambda t: 90 * GIGABYTE - 1e6 * t + (size if t > 3000 else 0)))
    assert ahead.pace == pytest.approx(1e6)


@pytest.mark.parametrize(
    ("free", "seconds", "reason"),
    [
        (lambda t: 50e9 - 1e6 * t, 60, "known after 5 minutes"),
        (lambda t: 50e9, 3600, "nothing fills it"),
        (lambda t: 50e9 + 1e6 * t, 3600, "nothing fills it"),
        (lambda t: 50e12 - 1e4 * t, 3600, "not within 30 days"),
    ],
)
def test_why_there_is_no_forecast(
    free: Callable[[float], float], seconds: float, reason: str
) -> None:
    ahead = forecast(looks(free, seconds))
    assert (ahead.full, ahead.reason) == (None, reason)


def test_without_a_look_nothing_is_known() -> None:
    assert forecast([]).full is None


def test_a_full_disk_is_full_now() -> None:
    ahead = forecast(looks(lambda _: GIGABYTE), floor=2 * GIGABYTE)
    assert ahead.full == 3600


def stat(pid: int, session: int, ticks: int = 0, name: str = "python") -> str:
    times = f"{ticks} 0 0 0"
    fields = f"S 1 {session} {session} 0 -1 0 0 0 0 0 {times} 20 0 3 0 12345 999 10 0"
    return f"{pid} ({name}) {fields}\n"


def test_a_process_may_be_called_anything() -> None:
    process = workers.parse(stat(7, 5, 250, name="a) R 1 (b"))
    assert (process.pid, process.session, process.threads) == (7, 5, 3)
    assert process.cpu == 250 / workers.TICKS
    assert process.memory == 10 * workers.PAGE


def test_a_worker_is_all_that_runs_in_its_session() -> None:
    processes = [
        workers.parse(stat(*fields)) for fields in ((5, 5), (7, 5, 100), (8, 5, 50), (9, 9))
    ]
    [worker] = workers.group(processes, {5: "j1"})
    assert worker.pids == {7, 8}
    assert worker.cpu == 150 / workers.TICKS
    assert worker.report(None)["unknown"] == {"cores": "known from the next report on"}
    assert worker.report(1.5)["cores"] == 1.5


class RecordedNvml:
    """NVML's answers as its documentation gives them; no GPU is needed, and none is tested."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, mig: bool = False) -> None:
        self.opened = 0
        answers: dict[str, Callable[..., Any]] = {
            "nvmlInit": self.open,
            "nvmlShutdown": self.close,
            "nvmlDeviceGetCount": lambda: 1,
            "nvmlDeviceGetHandleByIndex": lambda index: f"gpu {index}",
            "nvmlDeviceGetUUID": lambda handle: f"uuid of {handle}",
            "nvmlDeviceGetName": lambda handle: b"NVIDIA A100",
            "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(total=80 << 30, used=3 << 30),
            "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=87, memory=20),
            "nvmlDeviceGetPowerUsage": lambda handle: 251_400,
            "nvmlDeviceGetEnforcedPowerLimit": self.not_supported,
            "nvmlDeviceGetTemperature": lambda handle, sensor: 61,
            "nvmlDeviceGetComputeRunningProcesses": lambda handle: [
                SimpleNamespace(pid=7, usedGpuMemory=2 << 30),
                SimpleNamespace(pid=99, usedGpuMemory=None),
            ],
            "nvmlDeviceGetMigMode": lambda handle: (int(mig), int(mig)),
            "nvmlDeviceGetMaxMigDeviceCount": lambda handle: 3,
            "nvmlDeviceGetMigDeviceHandleByIndex": self.instance,
        }
        for name, answer in answers.items():
            monkeypatch.setattr(pynvml, name, answer)

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self.opened -= 1

    def not_supported(self, handle: str) -> int:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    def instance(self, handle: str, place: int) -> str:
        if place == 1:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return f"instance {place}"


def test_a_gpu_tells_what_it_can_and_why_not_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = RecordedNvml(monkeypatch)
    gpus = Gpus()
    [gpu] = gpus.report({7: "j1"})["gpus"]
    assert gpu == {
        "index": 0,
        "uuid": "uuid of gpu 0",
        "name": "NVIDIA A100",
        "memory": {"total": 80 << 30, "used": 3 << 30},
        "use": 0.87,
        "power": 251.4,
        "power_limit": None,
        "temperature": 61,
        "processes": [
            {"pid": 7, "memory": 2 << 30, "job": "j1"},
            {"pid": 99, "memory": None, "job": None},
        ],
        "mig": False,
        "unknown": {"power_limit": "Not Supported"},
        "instances": [],
    }
    gpus.report({})
    assert nvml.opened == 1
    gpus.close()
    assert nvml.opened == 0


def test_mig_instances_have_memory_and_processes_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    RecordedNvml(monkeypatch, mig=True)
    [gpu] = Gpus().report({7: "j1"})["gpus"]
    assert [instance["uuid"] for instance in gpu["instances"]] == [
        "uuid of instance 0",
        "uuid of instance 2",
    ]
    assert gpu["instances"][0]["processes"][0]["job"] == "j1"


def test_a_gpu_that_was_lost_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = RecordedNvml(monkeypatch)
    gpus = Gpus()
    gpus.report({})

    def lost(handle: str) -> int:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)

    with monkeypatch.context() as broken:
        broken.setattr(pynvml, "nvmlDeviceGetPowerUsage", lost)
        report = gpus.report({})
    assert report["gpus"] is None
    assert "GPU is lost" in report["unknown"]["gpus"]
    assert nvml.opened == 0
    assert gpus.report({})["gpus"]
