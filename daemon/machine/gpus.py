"""GPUs as NVML tells them: memory, use, power, temperature, processes, MIG instances."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pynvml

MILLIWATT = 1e-3  # watts

Value = TypeVar("Value")


class Gpus:
    """The GPUs of the machine; reading takes a few milliseconds, so do it in a thread."""

    def __init__(self) -> None:
        self._open = False
        self._lock = threading.Lock()

    def report(self, jobs: Mapping[int, str]) -> dict[str, Any]:
        """
        Args:
            jobs: job id by the pid of each of its processes.

        Returns:
            {"gpus": [...]}, or null with the reason in "unknown" where there is no driver.
        """
        with self._lock:
            try:
                self._begin()
                count = pynvml.nvmlDeviceGetCount()
                return {"gpus": [_gpu(index, jobs) for index in range(count)], "unknown": {}}
            except pynvml.NVMLError as error:
                self._end()  # a GPU that was lost comes back only to those who ask anew
                return {"gpus": None, "unknown": {"gpus": f"NVML: {error}"}}

    def close(self) -> None:
        with self._lock:
            self._end()

    def _begin(self) -> None:
        if not self._open:
            pynvml.nvmlInit()
            self._open = True

    def _end(self) -> None:
        if self._open:
            self._open = False
            with contextlib.suppress(pynvml.NVMLError):  # what was lost need not be given back
                pynvml.nvmlShutdown()


class _Figures:
    """Figures of one device, each null with its reason when the device does not tell it."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self.values: dict[str, Any] = {}
        self.unknown: dict[str, str] = {}

    def ask(
        self, name: str, question: Callable[[Any], Any], read: Callable[[Any], Any] = lambda it: it
    ) -> None:
        """Put `read` of the answer under a name."""
        try:
            self.values[name] = read(question(self._handle))
        except pynvml.NVMLError_GpuIsLost:
            raise
        except pynvml.NVMLError as error:
            self.values[name] = None
            self.unknown[name] = str(error)

    def to_json(self) -> dict[str, Any]:
        return {**self.values, "unknown": self.unknown}


def _gpu(index: int, jobs: Mapping[int, str]) -> dict[str, Any]:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    figures = _Figures(handle)
    _ask_identity_and_memory(figures)
    figures.ask("use", pynvml.nvmlDeviceGetUtilizationRates, lambda rates: rates.gpu / 100)
    figures.ask("power", pynvml.nvmlDeviceGetPowerUsage, _watts)
    figures.ask("power_limit", pynvml.nvmlDeviceGetEnforcedPowerLimit, _watts)
    figures.ask("temperature", _temperature)
    figures.ask("processes", pynvml.nvmlDeviceGetComputeRunningProcesses, lambda of: _own(of, jobs))
    figures.ask("mig", pynvml.nvmlDeviceGetMigMode, lambda modes: bool(modes[0]))
    instances = _instances(handle, jobs) if figures.values["mig"] else []
    return {"index": index, **figures.to_json(), "instances": instances}


def _instances(handle: Any, jobs: Mapping[int, str]) -> list[dict[str, Any]]:
    """The MIG instances of a GPU, which have memory and processes of their own."""
    instances = []
    for place in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        try:
            instance = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
        except pynvml.NVMLError_NotFound:
            continue  # places need not be taken without holes
        figures = _Figures(instance)
        _ask_identity_and_memory(figures)
        figures.ask(
            "processes", pynvml.nvmlDeviceGetComputeRunningProcesses, lambda of: _own(of, jobs)
        )
        instances.append({"index": place, **figures.to_json()})
    return instances


def _ask_identity_and_memory(figures: _Figures) -> None:
    figures.ask("uuid", pynvml.nvmlDeviceGetUUID, _text)
    figures.ask("name", pynvml.nvmlDeviceGetName, _text)
    figures.ask(
        "memory",
        pynvml.nvmlDeviceGetMemoryInfo,
        lambda info: {"total": int(info.total), "used": int(info.used)},
    )


def _own(processes: list[Any], jobs: Mapping[int, str]) -> list[dict[str, Any]]:
    """Processes with the jobs they belong to; inside a container NVML may hide memory and pids."""
    return [
        {
            "pid": process.pid,
            "memory": None if process.usedGpuMemory is None else int(process.usedGpuMemory),
            "job": jobs.get(process.pid),
        }
        for process in processes
    ]


def _watts(milliwatts: int) -> float:
    return round(milliwatts * MILLIWATT, 1)


def _temperature(handle: Any) -> int:
    return int(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
