"""From a dataset to its jobs, without a daemon."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.datasets import DatasetRecord, DatasetState
from daemon.jobs import Job
from daemon.plan import Plan, job_key, needs_plan, plan, with_jobs
from daemon.states import JobState, Stop

TEXT = "你好"


def dataset(name: str = "alice", version: str = "v1", **values: Any) -> DatasetRecord:
    defaults: dict[str, Any] = {
        "state": DatasetState.PLANNED,
        "folder": f"datasets/{name}",
        "role": "specialist",
        "voice": name,
    }
    return DatasetRecord(name=name, version=version, **{**defaults, **values})


class Queue:
    """Carries plans out as the daemon does, and lets tests say how jobs end."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def carry_out(self, wanted: Plan) -> list[str]:
        """Ids of what was submitted."""
        ids: list[str] = []
        for planned in wanted.jobs:
            assert planned.key not in {job.key for job in self.jobs.values()}
            number = len(self.jobs) + 1
            ids.append(f"{planned.kind}-{number}")
            self.jobs[ids[-1]] = Job(
                number=number,
                id=ids[-1],
                kind=planned.kind,
                spec=planned.spec,
                depends_on=tuple(
                    ids[each] if isinstance(each, int) else each for each in planned.depends_on
                ),
                key=planned.key,
                priority=0,
                position=number,
                created=0.0,
            )
        for id_ in wanted.cancel:
            self.set(id_, JobState.CANCELLED)
        for id_ in wanted.again:
            self.set(id_, JobState.WAITING)
        return ids

    def plan(self, record: DatasetRecord) -> Plan:
        return plan(record, self.jobs.values(), TEXT)

    def set(self, id_: str, state: JobState, **changes: Any) -> None:
        if state in (JobState.SUCCEEDED, JobState.FAILED) and (
            self.jobs[id_].state is JobState.WAITING
        ):
            self.jobs[id_] = self.jobs[id_].evolve(state=JobState.RUNNING)
        self.jobs[id_] = self.jobs[id_].evolve(state=state, **changes)


@pytest.fixture
def queue() -> Queue:
    return Queue()


def test_a_specialist_is_prepared_trained_and_heard(queue: Queue) -> None:
    preprocess, stage2, synthesize = queue.plan(dataset(base="warm", voice="Alice")).jobs
    assert preprocess.spec == {
        "dataset": "alice",
        "folder": "datasets/alice",
        "role": "specialist",
        "version": "v1",
        "previous": None,
    }
    assert stage2.spec == {
        "dataset": "alice",
        "prepared": "prepared/alice/v1",
        "base": "warm",
        "voice": "Alice",
        "version": "v1",
    }
    assert synthesize.spec == {
        "text": TEXT,
        "voice": "Alice",
        "version": "v1",
        "output": "voices/Alice/v1/previews/preview.wav",
    }
    assert [job.depends_on for job in (preprocess, stage2, synthesize)] == [(), (0,), (1,)]


def test_a_generalist_becomes_a_base(queue: Queue) -> None:
    preprocess, stage1 = queue.plan(dataset(role="generalist", voice="corpus")).jobs
    assert (preprocess.kind, stage1.kind) == ("preprocess", "stage1")
    assert stage1.spec == {
        "dataset": "alice",
        "prepared": "prepared/alice/v1",
        "base": "newest",
        "name": "corpus-v1",
    }


def test_a_grown_corpus_becomes_another_base(queue: Queue) -> None:
    corpus = dataset("corpus", role="generalist")
    for id_ in queue.carry_out(queue.plan(corpus)):
        queue.set(id_, JobState.SUCCEEDED)
    _, again = queue.plan(corpus.evolve(version="v2")).jobs
    assert again.spec["prepared"] == "prepared/corpus/v2"
    assert again.spec["name"] == "corpus-v2"  # stage 1 overwrites no base: v1 is there already


@pytest.mark.parametrize("state", [DatasetState.UNUSABLE, DatasetState.SETTLING])
def test_what_is_not_ready_gets_no_jobs(queue: Queue, state: DatasetState) -> None:
    assert queue.plan(dataset(state=state)) == Plan()


@pytest.mark.parametrize("state", [JobState.WAITING, JobState.RUNNING, JobState.SUCCEEDED])
def test_the_same_content_is_planned_once(queue: Queue, state: JobState) -> None:
    for id_ in queue.carry_out(queue.plan(dataset())):
        if state is not JobState.WAITING:
            queue.set(id_, state)
    assert queue.plan(dataset()) == Plan()
    assert queue.plan(dataset("copy")) == Plan(same_as="alice")


def test_new_content_supersedes_what_has_not_started(queue: Queue) -> None:
    preprocess, stage2, synthesize = queue.carry_out(queue.plan(dataset()))
    queue.set(preprocess, JobState.SUCCEEDED)
    new = queue.plan(dataset(version="v2"))
    assert new.cancel == (stage2,)  # and the preview with it, as its dependant
    assert new.jobs[0].spec["previous"] == "v1"
    queue.set(stage2, JobState.RUNNING)
    assert queue.plan(dataset(version="v2")).cancel == ()
    assert queue.jobs[synthesize].state is JobState.WAITING


def test_a_running_preprocess_of_old_content_is_cancelled(queue: Queue) -> None:
    preprocess, stage2, _ = queue.carry_out(queue.plan(dataset()))
    queue.set(preprocess, JobState.RUNNING)
    assert queue.plan(dataset(version="v2")).cancel == (preprocess, stage2)
    assert queue.plan(dataset("bob", "v2")).cancel == ()


def test_only_what_was_prepared_last_is_built_upon(queue: Queue) -> None:
    for version in ("v1", "v2", "v3"):
        ids = queue.carry_out(queue.plan(dataset(version=version)))
        queue.set(ids[0], JobState.FAILED if version == "v3" else JobState.SUCCEEDED)
    assert queue.plan(dataset(version="v4")).jobs[0].spec["previous"] == "v2"
    assert queue.plan(dataset("bob", "v5")).jobs[0].spec["previous"] is None


def test_content_that_comes_back_gets_its_cancelled_jobs_back(queue: Queue) -> None:
    first = queue.carry_out(queue.plan(dataset()))
    queue.carry_out(queue.plan(dataset(version="v2")))
    assert queue.jobs[first[0]].state is JobState.CANCELLED
    queue.set(first[2], JobState.CANCELLED, cancelled_for=first[1])
    back = queue.plan(dataset())
    assert back.again == tuple(first)
    assert not back.jobs
    assert set(back.cancel) == {"preprocess-4", "stage2-5"}


def test_what_failed_is_left_to_the_user(queue: Queue) -> None:
    preprocess, stage2, _ = queue.carry_out(queue.plan(dataset()))
    queue.set(preprocess, JobState.FAILED)
    queue.set(stage2, JobState.CANCELLED, cancelled_for=preprocess)
    assert queue.plan(dataset()) == Plan()


def test_a_folder_that_is_gone_takes_its_jobs_along(queue: Queue) -> None:
    preprocess, stage2, _ = queue.carry_out(queue.plan(dataset()))
    queue.carry_out(queue.plan(dataset("bob", "v2")))
    gone = dataset(state=DatasetState.REMOVED)
    assert queue.plan(gone).cancel == (preprocess, stage2)
    queue.set(preprocess, JobState.RUNNING)
    assert queue.plan(gone).cancel == (preprocess, stage2)
    queue.set(preprocess, JobState.SUCCEEDED)
    queue.set(stage2, JobState.RUNNING)
    assert queue.plan(gone).cancel == ()


def test_a_folder_renamed_before_its_jobs_began_is_planned_under_its_new_name(
    queue: Queue,
) -> None:
    ids = queue.carry_out(queue.plan(dataset()))
    queue.carry_out(queue.plan(dataset(state=DatasetState.REMOVED)))
    queue.set(ids[2], JobState.CANCELLED, cancelled_for=ids[1])
    renamed = queue.plan(dataset("bob"))
    assert [job.kind for job in renamed.jobs] == ["preprocess", "stage2", "synthesize"]
    assert renamed.jobs[0].spec["folder"] == "datasets/bob"
    assert renamed.jobs[2].spec["voice"] == "bob"
    assert not renamed.again
    queue.carry_out(renamed)
    assert queue.plan(dataset("bob")) == Plan()


def test_a_folder_renamed_after_it_was_prepared_is_not_prepared_again(queue: Queue) -> None:
    ids = queue.carry_out(queue.plan(dataset()))
    queue.set(ids[0], JobState.SUCCEEDED)
    queue.carry_out(queue.plan(dataset(state=DatasetState.REMOVED)))
    queue.set(ids[2], JobState.CANCELLED, cancelled_for=ids[1])
    renamed = queue.plan(dataset("bob"))
    assert [job.kind for job in renamed.jobs] == ["stage2", "synthesize"]
    assert renamed.jobs[0].spec["prepared"] == "prepared/alice/v1"
    assert renamed.jobs[0].spec["voice"] == "bob"
    assert renamed.jobs[0].depends_on == (ids[0],)
    assert renamed.jobs[1].depends_on == (0,)


def test_a_folder_renamed_after_its_training_only_misses_what_is_missing(queue: Queue) -> None:
    ids = queue.carry_out(queue.plan(dataset()))
    queue.set(ids[0], JobState.SUCCEEDED)
    queue.set(ids[1], JobState.SUCCEEDED)
    queue.set(ids[2], JobState.CANCELLED)
    renamed = queue.plan(dataset("bob"))
    assert renamed.again == (ids[2],)  # the voice is alice's
    assert not renamed.jobs


@pytest.mark.parametrize("begun", [False, True])
def test_a_copy_does_what_its_removed_original_did_not(queue: Queue, begun: bool) -> None:
    preprocess, stage2, synthesize = queue.carry_out(queue.plan(dataset()))
    if begun:
        queue.set(preprocess, JobState.RUNNING)
    assert queue.plan(dataset("copy")) == Plan(same_as="alice")
    gone = queue.plan(dataset(state=DatasetState.REMOVED))
    assert gone.cancel == (preprocess, stage2)
    queue.set(stage2, JobState.CANCELLED)
    if begun:  # told to stop, as the dispatcher does it
        queue.set(preprocess, JobState.RUNNING, stop=Stop.CANCEL)
    else:
        queue.set(preprocess, JobState.CANCELLED)
    assert queue.jobs[synthesize].state is JobState.WAITING  # the dispatcher has not come to it yet
    instead = queue.plan(dataset("copy"))
    assert [job.kind for job in instead.jobs] == ["preprocess", "stage2", "synthesize"]
    assert {job.spec.get("dataset", "copy") for job in instead.jobs} == {"copy"}
    assert not instead.again
    ids = queue.carry_out(instead)
    assert queue.plan(dataset("copy")) == Plan()
    assert queue.plan(dataset("third")) == Plan(same_as="copy")  # one folder does it, not each
    queue.set(ids[0], JobState.RUNNING)
    assert with_jobs(dataset("third"), queue.jobs.values()).state is DatasetState.PREPARING


def test_when_a_change_is_news() -> None:
    record = dataset()
    settling = record.evolve(state=DatasetState.SETTLING)
    assert needs_plan(None, record)
    assert not needs_plan(record, record.evolve(stamp="touched"))
    assert not needs_plan(record, settling)
    assert not needs_plan(settling, record)
    assert needs_plan(settling, record.evolve(version="v2"))
    assert needs_plan(record, record.evolve(state=DatasetState.REMOVED))
    assert needs_plan(record.evolve(state=DatasetState.REMOVED), record)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ((JobState.WAITING, JobState.WAITING), DatasetState.PLANNED),
        ((JobState.RUNNING, JobState.WAITING), DatasetState.PREPARING),
        ((JobState.FAILED, JobState.CANCELLED), DatasetState.FAILED),
        ((JobState.SUCCEEDED, JobState.WAITING), DatasetState.PLANNED),
        ((JobState.SUCCEEDED, JobState.RUNNING), DatasetState.TRAINING),
        ((JobState.SUCCEEDED, JobState.PAUSED), DatasetState.PLANNED),
        ((JobState.SUCCEEDED, JobState.FAILED), DatasetState.FAILED),
        ((JobState.SUCCEEDED, JobState.SUCCEEDED), DatasetState.READY),
    ],
)
def test_the_jobs_say_how_far_a_dataset_is(
    queue: Queue, states: tuple[JobState, JobState], expected: DatasetState
) -> None:
    ids = queue.carry_out(queue.plan(dataset()))
    for id_, state in zip(ids, states, strict=False):
        if state is not JobState.WAITING:
            queue.set(id_, state, reason=f"{id_} is {state}")
    seen = with_jobs(dataset(), queue.jobs.values())
    assert seen.state is expected
    if expected is DatasetState.FAILED:
        assert seen.reason.endswith("is failed")
    assert with_jobs(dataset(version="v2"), queue.jobs.values()).state is DatasetState.PLANNED
    assert with_jobs(dataset("copy"), queue.jobs.values()).state is (
        DatasetState.PLANNED if expected is DatasetState.FAILED else expected
    )


def test_a_key_names_the_work_and_not_the_folder() -> None:
    assert job_key("stage2", "v1") == job_key("stage2", "v1")
    assert len({job_key("stage2", "v1"), job_key("stage2", "v2"), job_key("stage1", "v1")}) == 3
