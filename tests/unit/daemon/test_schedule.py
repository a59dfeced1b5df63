"""Who runs next and why the others wait."""

from __future__ import annotations

from typing import Any

from daemon.jobs import Job
from daemon.schedule import LIGHT_SLOTS, Gpu, Resources, schedule
from daemon.states import JobState

NOW = 1000.0
GPUS = tuple(Gpu(index=i, uuid=f"GPU-{i}", name="H200", memory=1 << 37) for i in range(2))


def job(number: int, kind: str = "stage2", **values: Any) -> Job:
    known = {"priority": 0, "position": float(number), "created": 0.0, "spec": {}, **values}
    return Job(number=number, id=f"j{number}", kind=kind, **known)


def running(number: int, device: str, kind: str = "stage2") -> Job:
    return job(number, kind, state=JobState.RUNNING, claim="c", device=device)


def test_priority_then_position_then_number() -> None:
    jobs = [job(1), job(2, position=0.5), job(3, priority=5), job(4, priority=5)]
    starts = schedule(jobs, Resources(training_slots=4), NOW).starts
    assert list(starts) == ["j3", "j4", "j2", "j1"]


def test_one_training_job_a_gpu() -> None:
    decisions = schedule([running(1, "gpu:GPU-0"), job(2), job(3)], Resources(gpus=GPUS), NOW)
    assert decisions.starts == {"j2": "gpu:GPU-1"}
    assert decisions.reasons == {"j3": "waits for a GPU: j1, j2 runs first; next in line"}


def test_gpus_in_groups_share_a_training_job() -> None:
    gpus = tuple(Gpu(index=i, uuid=f"GPU-{i}", name="H200", memory=1 << 37) for i in range(5))
    pairs = Resources(gpus=gpus, gpus_per_training=2)
    decisions = schedule([job(1), job(2), job(3)], pairs, NOW)
    assert decisions.starts == {"j1": "gpu:GPU-0,GPU-1", "j2": "gpu:GPU-2,GPU-3"}
    assert set(decisions.reasons) == {"j3"}  # the fifth GPU belongs to no pair

    # a job of when each had its own GPU holds one of a pair
    decisions = schedule([running(1, "gpu:GPU-2"), job(2), job(3)], pairs, NOW)
    assert decisions.starts == {"j2": "gpu:GPU-0,GPU-1"}

    few = Resources(gpus=gpus[:1], gpus_per_training=2)
    assert schedule([job(1)], few, NOW).starts == {"j1": "gpu:GPU-0"}


def test_preparation_does_not_wait_for_a_gpu_and_takes_none() -> None:
    jobs = [running(1, "gpu:GPU-0"), running(2, "gpu:GPU-1"), job(3), job(4, "preprocess")]
    assert schedule(jobs, Resources(gpus=GPUS), NOW).starts == {"j4": "cpu:0"}


def test_without_a_gpu_training_takes_a_slot() -> None:
    jobs = [job(1), job(2), job(3, "synthesize"), job(4, "preprocess")]
    decisions = schedule(jobs, Resources(training_slots=1, cpu_slots=1), NOW)
    assert decisions.starts == {"j1": "training:0", "j3": "cpu:0"}
    assert set(decisions.reasons) == {"j2", "j4"}


def test_light_jobs_run_beside_everything_but_not_without_end() -> None:
    busy = [running(1, "training:0"), running(2, "cpu:0", "preprocess")]
    light = [job(3 + i, "fetch") for i in range(LIGHT_SLOTS + 1)]
    decisions = schedule([*busy, *light], Resources(), NOW)
    assert len(decisions.starts) == LIGHT_SLOTS
    (reason,) = decisions.reasons.values()
    assert reason.startswith("waits for a light slot: j3, j4 and")


def test_a_device_that_is_no_longer_offered_still_counts() -> None:
    jobs = [running(1, "training:1"), job(2)]
    decisions = schedule(jobs, Resources(training_slots=1), NOW)
    assert decisions.starts == {}
    assert "j1 runs first" in decisions.reasons["j2"]


def test_a_lost_gpu_does_not_stop_the_other() -> None:
    jobs = [running(1, "gpu:GPU-9"), job(2), job(3)]
    assert schedule(jobs, Resources(gpus=GPUS), NOW).starts == {"j2": "gpu:GPU-0"}


def test_dependencies_hold_back_until_they_have_succeeded() -> None:
    jobs = [job(2, depends_on=("j1",)), job(3, depends_on=("j0",))]
    states = {"j1": JobState.RUNNING, "j0": JobState.SUCCEEDED}
    decisions = schedule(jobs, Resources(training_slots=2), NOW, states)
    assert decisions.starts == {"j3": "training:0"}
    assert decisions.reasons == {"j2": "waits for j1"}


def test_a_dependency_that_ended_badly_takes_the_job_along() -> None:
    jobs = [job(2, depends_on=("j0", "j1")), job(3, depends_on=("j2",))]
    states = {"j0": JobState.RUNNING, "j1": JobState.FAILED}
    decisions = schedule(jobs, Resources(), NOW, states)
    assert decisions.cancels == {"j2": "j1"}
    assert decisions.starts == {}


def test_a_dependency_nobody_knows_is_waited_for() -> None:
    assert schedule([job(1, depends_on=("gone",))], Resources(), NOW).reasons == {
        "j1": "waits for gone"
    }


def test_backoff_wakes_at_the_first_that_is_due() -> None:
    jobs = [
        job(1, not_before=NOW + 30, reason="the GPU is lost", attempt=1),
        job(2, not_before=NOW + 10),
        job(3, not_before=NOW),
    ]
    decisions = schedule(jobs, Resources(), NOW)
    assert decisions.wake_at == NOW + 10
    assert decisions.starts == {"j3": "training:0"}
    assert decisions.reasons["j1"] == "the GPU is lost; attempt 2 in 30 s"


def test_a_full_disk_starts_nothing_and_says_so() -> None:
    decisions = schedule([job(1)], Resources(free_disk=int(4e8), required_disk=int(2e9)), NOW)
    assert decisions.starts == {}
    assert "only 0.4 GB of disk are free and 2.0 GB are needed" in decisions.reasons["j1"]


def test_no_slots_at_all_names_the_setting() -> None:
    decisions = schedule([job(1), job(2, "preprocess")], Resources(training_slots=0), NOW)
    assert decisions.reasons == {"j1": "daemon.training_slots is 0 in config.toml"}
    assert decisions.starts == {"j2": "cpu:0"}


def test_paused_and_ended_jobs_are_left_alone() -> None:
    ended = [job(n, state=state) for n, state in enumerate(JobState) if state.value != "waiting"]
    ended = [each for each in ended if each.state is not JobState.RUNNING]
    decisions = schedule(ended, Resources(), NOW)
    assert not (decisions.starts or decisions.cancels or decisions.reasons)
