"""Measuring many recordings at once, in processes, with the results in the order of the dataset."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from engine.cores import available_cores
from engine.corpus.measure import Measured, Refusal, measure
from engine.corpus.settings import PreprocessSettings
from engine.corpus.source import content_hash, source_entry
from engine.errors import EngineError, MachineError
from engine.text import Frontend
from workspace.dataset import DatasetEntry
from workspace.datasetfile import AUDIO_SUFFIXES, stem_and_suffix
from workspace.scan import Problem, printable

WORTH_A_POOL = 24  # utterances: fewer are done before the processes have started
AHEAD = 4  # tasks a process: enough that none waits, few enough that memory stays flat


@dataclass(frozen=True)
class Unchanged:
    """An utterance whose features the previous version already has.

    Attributes:
        id, speaker, source: as they are now; a file may have been renamed.
        corrected: the text is a correction by hand, as it is now.
        sha256: finds it in the previous version.
    """

    id: str
    speaker: str
    source: str
    sha256: str
    corrected: bool


Extracted = Measured | Unchanged | Refusal


@dataclass(frozen=True)
class Extraction:
    """How to measure one dataset; sent to each process once.

    Attributes:
        folder: the dataset's folder.
        frontend: text to phonemes.
        settings: limits and levels.
        known: hashes that the previous version has.
    """

    folder: Path
    frontend: Frontend
    settings: PreprocessSettings
    known: frozenset[str]

    def __call__(self, item: DatasetEntry | Problem) -> Extracted:
        if isinstance(item, Problem):
            return Refusal(_utterance(item), item.path, item.reason, item.fix)
        file = printable(item.audio.relative_to(self.folder).as_posix())
        try:
            source = source_entry(item, self.folder.name)
            if self.known:
                sha256 = content_hash(source)
                if sha256 in self.known:
                    return Unchanged(source.id, source.speaker, file, sha256, source.corrected)
            return measure(source, self.frontend, self.settings, file)
        except MachineError:
            raise
        except EngineError as error:
            return Refusal(item.id, file, error.message, error.fix)
        except OSError as error:
            return Refusal(item.id, file, f"{file} cannot be read ({error.strerror})", "check it")


def _utterance(problem: Problem) -> str:
    """The id that the utterance would have, if the problem is one's."""
    stem, suffix = stem_and_suffix(problem.path)
    return stem if suffix in AUDIO_SUFFIXES else problem.path


def extract(
    items: Iterable[DatasetEntry | Problem],
    extraction: Extraction,
    count: int,
    check: Callable[[], None],
) -> Iterator[Extracted]:
    """Each item's result, in order.

    Args:
        items: the dataset's entries and problems.
        extraction: how to measure them.
        count: how many there are.
        check: asked before each; raises when the work is to stop.

    Raises:
        MachineError: a process was killed (mostly for memory), or the disk failed.
    """
    workers = min(extraction.settings.workers or available_cores(), max(1, count // WORTH_A_POOL))
    if workers == 1:
        for item in items:
            check()
            yield extraction(item)
        return
    # spawn: the parent may have torch's threads running, which a fork would leave in any state
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _start, (extraction,))
    try:
        for result in _in_order(pool, items, AHEAD * workers):
            check()
            yield result
    except BrokenProcessPool:
        check()  # a signal to the whole process group ends a process that is just starting
        raise MachineError(
            "a preprocessing process was killed",
            "set [preprocess] workers lower to use less memory",
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, items: Iterable[DatasetEntry | Problem], ahead: int
) -> Iterator[Extracted]:
    pending: deque[Future[Extracted]] = deque()
    for item in items:
        pending.append(pool.submit(_run, item))
        if len(pending) >= ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()


_extraction: Callable[[DatasetEntry | Problem], Extracted]  # of this process, set by `_start`


def _start(extraction: Extraction) -> None:
    global _extraction
    _extraction = extraction
    for number in (signal.SIGTERM, signal.SIGINT):  # the parent decides how the work stops
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()


def _end_with_parent() -> None:
    """A pool's processes would wait for ever for a parent that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _run(item: DatasetEntry | Problem) -> Extracted:
    return _extraction(item)
