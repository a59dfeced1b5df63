"""What `yinfang doctor` looks at: each finding with its fix."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workspace.layout import Workspace, WorkspaceError
from workspace.settings import SettingsError, read_config

State = Literal["ok", "warn", "fail"]

OLDEST_PYTHON = (3, 11)
LITTLE_DISK, TOO_LITTLE_DISK = 20e9, 2e9  # bytes; a run with its checkpoints takes a few GB
PROBE_TIMEOUT = 120.0  # seconds; importing torch from a cold disk takes its time
# a watched folder takes one inotify watch; a corpus the size of AISHELL-3 has a few hundred
FEW_WATCHES = 8192

# torch is asked in its own process, so that the terminal's side never loads it
TORCH_PROBE = """
import json, torch
devices = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
print(json.dumps({
    "version": torch.__version__,
    "cuda": torch.version.cuda,
    "devices": [torch.cuda.get_device_name(i) for i in devices],
    "threads": torch.get_num_threads(),
}))
"""
KERNEL_PROBE = """
import mamba_ssm.ops.triton.ssd_combined, causal_conv1d, json
print(json.dumps({"version": mamba_ssm.__version__}))
"""


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        what: the thing looked at.
        state: "ok"; "warn", works but not at its best; "fail", something will not work.
        detail: what was found.
        fix: what to do; empty when all is well.
    """

    what: str
    state: State
    detail: str
    fix: str = ""


def examine(folder: Path | None) -> Iterator[Finding]:
    """Look at the machine and at the workspace, finding by finding.

    Args:
        folder: the workspace named by the user, if any.
    """
    yield check_python(sys.version_info[:3])
    torch = probe(TORCH_PROBE)
    yield check_torch(torch)
    yield check_gpu(gpu_names(), torch)
    yield check_kernels(torch)
    yield check_audio()
    yield check_demo()
    yield check_inotify(Path("/proc/sys/fs/inotify/max_user_watches"))
    try:
        workspace = Workspace.find(folder)
    except WorkspaceError as error:
        yield Finding("workspace", "fail", str(error), "yinfang init FOLDER")
        return
    yield from examine_workspace(workspace)


def examine_workspace(workspace: Workspace) -> Iterator[Finding]:
    """Settings, permissions, disk and daemon of one workspace."""
    yield check_settings(workspace)
    yield check_permissions(workspace)
    yield check_disk(workspace.root, shutil.disk_usage(workspace.root).free)
    yield check_daemon(workspace)


def check_python(version: tuple[int, ...]) -> Finding:
    text = ".".join(map(str, version))
    if version[:2] < OLDEST_PYTHON:
        return Finding("python", "fail", text, "install Python 3.11 or newer and make .venv anew")
    return Finding("python", "ok", text)


def check_torch(torch: dict[str, Any] | str) -> Finding:
    """`torch` is what the probe printed, or why it failed."""
    if isinstance(torch, str):
        return Finding(
            "torch", "warn", f"not usable here ({torch}): this machine can attach, not train",
            "to train here: pip install 'yinfang[engine]'",
        )  # fmt: skip
    return Finding("torch", "ok", f"{torch['version']}, {torch['threads']} threads")


def check_gpu(names: list[str] | str, torch: dict[str, Any] | str) -> Finding:
    """`names` as NVML sees them, or why it sees none."""
    if isinstance(names, str):
        return Finding(
            "gpu", "warn", f"none ({names}): training runs on the processor",
            "for the 82M model use a machine with an NVIDIA GPU and its driver",
        )  # fmt: skip
    found = ", ".join(names)
    if isinstance(torch, dict) and not torch["devices"]:
        build = f"CUDA {torch['cuda']}" if torch["cuda"] else "a build without CUDA"
        return Finding(
            "gpu", "warn", f"{found}, but torch ({build}) cannot use it",
            "install a torch build that fits the driver: https://pytorch.org/get-started/locally",
        )  # fmt: skip
    return Finding("gpu", "ok", found)


def check_kernels(torch: dict[str, Any] | str) -> Finding:
    what = "mamba-ssm kernels"
    if isinstance(torch, str) or not torch["devices"]:
        return Finding(what, "ok", "not needed without a GPU: the PyTorch path runs")
    kernels = probe(KERNEL_PROBE)
    if isinstance(kernels, str):
        return Finding(
            what, "warn", f"not usable ({kernels}): the slower PyTorch path runs",
            "pip install 'yinfang[gpu]'",
        )  # fmt: skip
    return Finding(what, "ok", str(kernels["version"]))


def check_audio() -> Finding:
    """Microphone and loudspeaker as PortAudio sees them."""
    what = "audio devices"
    try:
        import sounddevice
    except OSError as error:
        fix = "apt install libportaudio2 (only needed to play or record on this machine)"
        return Finding(what, "warn", str(error), fix)
    devices = sounddevice.query_devices()
    inputs = sum(device["max_input_channels"] > 0 for device in devices)
    outputs = sum(device["max_output_channels"] > 0 for device in devices)
    detail = f"{inputs} in, {outputs} out"
    if not inputs or not outputs:
        fix = "none needed on a server: play and record where you sit"
        return Finding(what, "warn", detail, fix)
    return Finding(what, "ok", detail)


def check_demo() -> Finding:
    if importlib.util.find_spec("espeakng_loader") is None:
        fix = "only `yinfang demo` needs it: pip install 'yinfang[demo]'"
        return Finding("demo speech", "warn", "espeakng-loader is not installed", fix)
    return Finding("demo speech", "ok", "eSpeak NG")


def check_inotify(limit_file: Path) -> Finding:
    """Whether the kernel lets us watch large corpora."""
    what = "folder events"
    try:
        limit = int(limit_file.read_text())
    except OSError:
        return Finding(what, "warn", "no inotify here", "folders are polled: nothing to do")
    if limit < FEW_WATCHES:
        fix = "sudo sysctl fs.inotify.max_user_watches=524288"
        return Finding(what, "warn", f"at most {limit} watches", fix)
    return Finding(what, "ok", f"up to {limit} watches")


def check_settings(workspace: Workspace) -> Finding:
    from tui.settings import resolved

    try:
        resolved(workspace.config, read_config(workspace.config), os.environ)
    except SettingsError as error:
        return Finding("settings", "fail", str(error), f"edit {workspace.config}")
    return Finding("settings", "ok", str(workspace.config))


def check_permissions(workspace: Workspace) -> Finding:
    """Whether this user may write where the daemon writes."""
    folders = (
        workspace.root, workspace.state, workspace.runs, workspace.prepared, workspace.models,
        workspace.voices,
    )  # fmt: skip
    closed = [str(path) for path in folders if path.exists() and not os.access(path, os.W_OK)]
    if closed:
        return Finding("permissions", "fail", f"cannot write {closed[0]}", f"chown it: {closed[0]}")
    hidden = [str(path) for path in _subfolders(workspace.datasets) if not _readable(path)]
    if hidden:
        return Finding("permissions", "warn", f"cannot read {hidden[0]}", f"chmod +rx {hidden[0]}")
    return Finding("permissions", "ok", f"{workspace.root} can be written")


def _subfolders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _readable(folder: Path) -> bool:
    return os.access(folder, os.R_OK | os.X_OK)


def check_disk(root: Path, free: float) -> Finding:
    """`free` in bytes on the file system of `root`."""
    detail = f"{free / 1e9:.1f} GB free"
    if free < LITTLE_DISK:
        state: State = "fail" if free < TOO_LITTLE_DISK else "warn"
        return Finding("disk", state, detail, f"make room on the file system of {root}")
    return Finding("disk", "ok", detail)


def check_daemon(workspace: Workspace) -> Finding:
    from daemon.client import connect
    from daemon.errors import DaemonError

    what = "daemon"
    if workspace.socket.exists() and workspace.socket.stat().st_mode & 0o077:
        return Finding(what, "fail", f"others may open {workspace.socket}", "yinfang down, then up")
    try:
        with connect(workspace) as client:
            status = client.call("status")
    except DaemonError as error:
        return Finding(what, "warn", f"not running: {error}", "yinfang up -d")
    return Finding(what, "ok", f"answers at {workspace.socket} (process {status.get('pid')})")


def probe(script: str) -> dict[str, Any] | str:
    """What `script` prints as JSON in a fresh interpreter, or its last line of complaint."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True,
            timeout=PROBE_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"no answer in {PROBE_TIMEOUT:.0f} s"
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def gpu_names() -> list[str] | str:
    """Names of the GPUs that NVML sees, or why it sees none."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return str(error)
    try:
        handle: Callable[[int], Any] = pynvml.nvmlDeviceGetHandleByIndex
        return [pynvml.nvmlDeviceGetName(handle(i)) for i in range(pynvml.nvmlDeviceGetCount())]
    finally:
        pynvml.nvmlShutdown()
