"""What the machine has: GPUs by NVML, CPU slots by configuration, disk by the file system."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pynvml

from daemon.config import DaemonSettings
from daemon.schedule import Gpu, Resources

log = logging.getLogger(__name__)


def gpus() -> tuple[Gpu, ...]:
    """All GPUs of the machine; none where there is no NVIDIA driver."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        log.debug("no GPU: %s", error)
        return ()
    try:
        return tuple(_gpu(index) for index in range(pynvml.nvmlDeviceGetCount()))
    except pynvml.NVMLError as error:
        log.warning("the GPUs cannot be listed, jobs run on the CPU: %s", error)
        return ()
    finally:
        pynvml.nvmlShutdown()


def _gpu(index: int) -> Gpu:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    return Gpu(
        index=index,
        uuid=_text(pynvml.nvmlDeviceGetUUID(handle)),
        name=_text(pynvml.nvmlDeviceGetName(handle)),
        memory=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


class Machine:
    """Looks at the machine; the GPUs once, and again when `rescan` is called."""

    def __init__(self, root: Path, settings: DaemonSettings) -> None:
        self._root = root
        self._settings = settings
        self._gpus = gpus()

    def rescan(self) -> None:
        """Count the GPUs again, after one may have been lost or come back."""
        self._gpus = gpus()

    def resources(self) -> Resources:
        return Resources(
            gpus=self._gpus,
            gpus_per_training=self._settings.gpus_per_training,
            training_slots=self._settings.training_slots,
            cpu_slots=self._settings.cpu_slots,
            free_disk=shutil.disk_usage(self._root).free,
            required_disk=self._settings.required_disk,
        )
