"""A workspace with a tiny base and a prepared corpus, and jobs to run in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.model.aligner import AlignerNetwork
from engine.text import VOCABULARIES
from engine.training.align import ALIGNER_FILE, VOCABULARY, Aligner
from tests.corpora import pack
from tests.models import tiny_base
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile

PREPARED = "prepared/two/v1"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A base called "base", and a corpus of two speakers in `PREPARED`."""
    found = Workspace(tmp_path)
    base = tiny_base(found.models / "base")
    aligner = Aligner(AlignerNetwork(VOCABULARIES[VOCABULARY].size))
    folder = found.root / PREPARED
    folder.mkdir(parents=True)
    pack(folder)
    for place in (base.folder, folder):
        aligner.save(place / ALIGNER_FILE)
    return found


@pytest.fixture
def run_job(workspace: Workspace) -> Run:
    """`run_job(module, kind, id, /, **spec)`: one attempt of a job; its outputs."""

    def run(module: Any, kind: str, id_: str, /, **spec: Any) -> dict[str, Any]:
        folder = workspace.run(id_)
        folder.mkdir(parents=True, exist_ok=True)
        job = JobFile(id=id_, kind=kind, spec=spec, workspace=str(workspace.root), seed=7)
        job.write(folder)
        events = EventLog(folder)
        try:
            outputs: dict[str, Any] = module.run(job, folder, events)
            return outputs
        finally:
            events.close()

    return run
