"""Who runs next, on what, and why the others wait: a function of its arguments alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from daemon.jobs import Job
from daemon.kinds import KINDS, Need
from daemon.states import ENDED_BADLY, JobState

GIGABYTE = 1e9  # bytes
LIGHT_SLOTS = 4  # light jobs at a time: none waits for a training to end


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One GPU.

    Attributes:
        index: its number in NVML's order.
        uuid: what `CUDA_VISIBLE_DEVICES` names it by, stable over reboots.
        memory: bytes.
    """

    index: int
    uuid: str
    name: str
    memory: int


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What the machine has to offer.

    Attributes:
        gpus: a training job runs on one, or on `gpus_per_training` of them.
        gpus_per_training: how many share one training job's batches.
        training_slots: training jobs at a time on a machine without a GPU.
        cpu_slots: other jobs at a time.
        free_disk: bytes free where the workspace lies.
        required_disk: bytes that must be free for a job to start.
    """

    gpus: tuple[Gpu, ...] = ()
    gpus_per_training: int = 1
    training_slots: int = 1
    cpu_slots: int = 1
    free_disk: int = 1 << 62
    required_disk: int = 0

    def devices(self, need: Need) -> tuple[str, ...]:
        """Names of all that can satisfy a need."""
        if need is Need.CPU:
            return tuple(f"cpu:{slot}" for slot in range(self.cpu_slots))
        if need is Need.LIGHT:
            return tuple(f"light:{slot}" for slot in range(LIGHT_SLOTS))
        if self.gpus:
            return self._gpu_groups()
        return tuple(f"training:{slot}" for slot in range(self.training_slots))

    def _gpu_groups(self) -> tuple[str, ...]:
        """The GPUs in groups of equal size; those that are left over belong to none."""
        size = min(self.gpus_per_training, len(self.gpus))
        names = [gpu.uuid for gpu in self.gpus]
        starts = range(0, len(names) - size + 1, size)
        return tuple(f"gpu:{','.join(names[start : start + size])}" for start in starts)


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What to do now.

    Attributes:
        starts: job id -> device, in the order in which they are to start.
        cancels: job id -> id of the dependency that ended badly.
        reasons: job id -> why it waits, for each job that goes on waiting.
        wake_at: Unix time, seconds, when time alone changes a decision; None if it never does.
    """

    starts: dict[str, str] = field(default_factory=dict)
    cancels: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    wake_at: float | None = None


def schedule(
    jobs: Iterable[Job],
    resources: Resources,
    now: float,
    dependencies: Mapping[str, JobState] | None = None,
) -> Decisions:
    """Decide over all running and waiting jobs.

    Args:
        jobs: jobs in any state; only running and waiting ones matter.
        resources: what the machine offers, the share of running jobs included.
        now: Unix time, seconds.
        dependencies: states of jobs that others depend on and that are not among `jobs`.
    """
    every = list(jobs)
    states = {**(dependencies or {}), **{job.id: job.state for job in every}}
    running = [job for job in every if job.state is JobState.RUNNING]
    free = {need: _free_devices(resources, need, running) for need in Need}
    line: dict[Need, int] = dict.fromkeys(Need, 0)
    starts: dict[str, str] = {}
    cancels: dict[str, str] = {}
    reasons: dict[str, str] = {}
    wakes: list[float] = []
    for job in sorted((job for job in every if job.state is JobState.WAITING), key=line_order):
        need = KINDS[job.kind].need
        lost = next((name for name in job.depends_on if states.get(name) in ENDED_BADLY), None)
        pending = [name for name in job.depends_on if states.get(name) is not JobState.SUCCEEDED]
        if lost is not None:
            cancels[job.id] = lost
        elif pending:
            reasons[job.id] = f"waits for {', '.join(pending)}"
        elif job.not_before > now:
            wakes.append(job.not_before)
            reasons[job.id] = _retry_reason(job, now)
        elif resources.free_disk < resources.required_disk:
            reasons[job.id] = _disk_reason(resources)
        elif free[need]:
            starts[job.id] = free[need].pop(0)
        else:
            line[need] += 1
            reasons[job.id] = _busy_reason(resources, need, running, starts, line[need])
    return Decisions(
        starts=starts, cancels=cancels, reasons=reasons, wake_at=min(wakes, default=None)
    )


def line_order(job: Job) -> tuple[int, float, int]:
    """What waiting jobs are sorted by: who starts first comes first."""
    return (-job.priority, job.position, job.number)


def _free_devices(resources: Resources, need: Need, running: Sequence[Job]) -> list[str]:
    used = [job.device for job in running if KINDS[job.kind].need is need]
    devices = resources.devices(need)
    # A running job may hold a device that is no longer offered (a slot taken away, a GPU lost):
    # it still counts, or a machine made smaller would be overfilled.
    room = max(0, len(devices) - len(used))
    # nor is a group of GPUs free of which one is in use, by a job of when groups were others
    taken = {part for device in used if device for part in _parts(device)}
    return [device for device in devices if taken.isdisjoint(_parts(device))][:room]


def _parts(device: str) -> list[str]:
    pool, _, names = device.partition(":")
    return [f"{pool}:{name}" for name in names.split(",")]


def _retry_reason(job: Job, now: float) -> str:
    wait = job.not_before - now
    again = f"attempt {job.attempt + 1} in {wait:.0f} s"
    return f"{job.reason}; {again}" if job.reason else again


def _disk_reason(resources: Resources) -> str:
    return (
        f"only {resources.free_disk / GIGABYTE:.1f} GB of disk are free and "
        f"{resources.required_disk / GIGABYTE:.1f} GB are needed: free some, "
        "or lower daemon.min_free_disk_gb in config.toml"
    )


def _busy_reason(
    resources: Resources, need: Need, running: Sequence[Job], starts: Mapping[str, str], place: int
) -> str:
    if not resources.devices(need):
        key = "training_slots" if need is Need.TRAINING else "cpu_slots"
        return f"daemon.{key} is 0 in config.toml"
    holders = [job.id for job in running if KINDS[job.kind].need is need]
    devices = set(resources.devices(need))
    holders += [name for name, device in starts.items() if device in devices]
    training = "a GPU" if resources.gpus else "a training slot"
    places = {Need.CPU: "a CPU slot", Need.LIGHT: "a light slot", Need.TRAINING: training}
    shown = ", ".join(holders[:2]) + (f" and {len(holders) - 2} more" if len(holders) > 2 else "")
    first = "next" if place == 1 else f"number {place}"
    return f"waits for {places[need]}: {shown} runs first; {first} in line"
