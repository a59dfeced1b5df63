"""The demo's folders are what the dataset rules take them for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.demo_folders import CORPUS_SPEAKERS, TARGET_SENTENCES, make_corpus, make_target
from workspace.dataset import DatasetEntry, Role, detect

pytest.importorskip("espeakng_loader")


def test_the_corpus_is_taken_for_a_generalist_with_pinyin(tmp_path: Path) -> None:
    reports: list[tuple[int, int]] = []
    seconds = make_corpus(tmp_path / "corpus", lambda done, total: reports.append((done, total)))
    layout = detect(tmp_path / "corpus")
    entries = [item for item in layout.items() if isinstance(item, DatasetEntry)]
    assert layout.role is Role.GENERALIST
    assert reports == [(done, 75) for done in range(1, 76)]
    assert len(entries) == len(list(layout.items())) == 75
    assert {entry.speaker for entry in entries} == {speaker.name for speaker in CORPUS_SPEAKERS}
    assert all(entry.pinyin for entry in entries)
    assert 200 < seconds < 500


def test_the_target_is_taken_for_one_speaker(tmp_path: Path) -> None:
    seconds = make_target(tmp_path / "xiaoyin", lambda done, total: None)
    layout = detect(tmp_path / "xiaoyin")
    items = list(layout.items())
    assert (layout.role, layout.voice) == (Role.SPECIALIST, "xiaoyin")
    assert len(items) == TARGET_SENTENCES
    assert all(isinstance(item, DatasetEntry) and item.read_text().strip() for item in items)
    assert 100 < seconds < 300
