"""A folder's version is its content's, and nothing is read twice."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from daemon.fingerprint import (
    SAMPLE_BYTES,
    Fingerprint,
    StillChangingError,
    StoppedError,
    fingerprint,
    observe,
)
from workspace import scan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "alice"
    for name in ("1", "sub/2", "sub/a.b/3", "sub/a/4"):
        path = folder / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 100)
        path.with_suffix(".txt").write_text(f"第{name}句")
    return folder


def read(folder: Path, store: Path | None = None, sample_above_bytes: int = 1 << 40) -> Fingerprint:
    store = store or folder.parent / "store.jsonl"
    return fingerprint(folder, store, sample_above_bytes=sample_above_bytes)


def test_only_what_changed_is_read_again(folder: Path) -> None:
    first = read(folder)
    assert (first.read, len(first.version)) == (8, 16)
    assert read(folder) == Fingerprint(
        version=first.version, bytes=first.bytes, read=0, problems=()
    )
    (folder / "sub" / "2.txt").write_text("另一句")
    second = read(folder)
    assert second.read == 1
    assert second.version != first.version
    (folder / "sub" / "0").mkdir()
    (folder / "sub" / "0" / "new.wav").write_bytes(b"x")
    assert read(folder).read == 1
    shutil.rmtree(folder / "sub" / "0")
    (folder / "sub" / "2.txt").write_text("第sub/2句")
    assert read(folder).version == first.version


def test_touched_renamed_and_copied_folders_are_the_same_version(folder: Path) -> None:
    version = read(folder).version
    os.utime(folder / "1.wav", (1, 1))
    assert read(folder).version == version
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    assert read(copy, folder.parent / "other.jsonl").version == version
    folder.rename(folder.parent / "bob")
    assert read(folder.parent / "bob").version == version


@pytest.mark.parametrize("name", ["note.pdf", "README.txt", ".hidden.wav", "x.wav.part"])
def test_what_is_no_content_does_not_count(folder: Path, name: str) -> None:
    version = read(folder).version
    (folder / name).write_text("x")
    assert read(folder).version == version


@pytest.mark.parametrize("name", ["5.wav", "5.txt", "dataset.toml", "sub/metadata.csv"])
def test_what_is_content_counts(folder: Path, name: str) -> None:
    version = read(folder).version
    (folder / name).write_text("x")
    assert read(folder).version != version


def test_a_moved_file_makes_another_version(folder: Path) -> None:
    version = read(folder).version
    (folder / "1.wav").rename(folder / "sub" / "1.wav")
    assert read(folder).version != version


def test_a_change_that_keeps_size_and_time_is_seen(folder: Path) -> None:
    version = read(folder).version
    file = folder / "1.wav"
    times = file.stat()
    file.write_bytes(b"9" * times.st_size)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert read(folder).version != version


def test_big_datasets_have_their_audio_sampled(folder: Path) -> None:
    file = folder / "long.wav"
    content = bytearray(os.urandom(10 * SAMPLE_BYTES))
    file.write_bytes(content)
    sampled = read(folder, sample_above_bytes=0).version
    assert sampled != read(folder).version
    content[-1] ^= 1
    file.write_bytes(content)
    assert read(folder, sample_above_bytes=0).version != sampled
    content[-1] ^= 1
    content[2 * SAMPLE_BYTES] ^= 1  # between the samples: the price of sampling
    file.write_bytes(content)
    assert read(folder, sample_above_bytes=0).version == sampled


def test_a_file_that_changes_while_it_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "1.wav").write_bytes(b"old")
    stale = list(scan.walk(folder))
    (folder / "1.wav").write_bytes(b"newer")
    monkeypatch.setattr("daemon.fingerprint.walk", lambda _: iter(stale))
    with pytest.raises(StillChangingError, match=r"1\.wav"):
        read(folder)
    (folder / "1.wav").unlink()
    with pytest.raises(StillChangingError, match=r"1\.wav"):
        read(folder)
    assert not list(folder.parent.glob("*store*"))


def test_stopping_leaves_no_store(folder: Path) -> None:
    store = folder.parent / "stamps" / "store.jsonl"
    with pytest.raises(StoppedError):
        fingerprint(folder, store, sample_above_bytes=0, stopped=lambda: True)
    assert list(store.parent.iterdir()) == []


def test_a_damaged_store_is_read_anew(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    version = read(folder).version
    store = folder.parent / "store.jsonl"
    store.write_text(store.read_text()[:-20])
    again = read(folder)
    assert again.version == version
    assert 0 < again.read < 8
    assert "damaged" in caplog.text


def test_a_look_changes_with_names_sizes_times_and_permissions(folder: Path) -> None:
    stamps = [observe(folder).stamp]
    (folder / "note.pdf").write_text("x")
    stamps.append(observe(folder).stamp)
    (folder / "note.pdf").rename(folder / "note2.pdf")
    stamps.append(observe(folder).stamp)
    os.utime(folder / "note2.pdf", (1, 1))
    stamps.append(observe(folder).stamp)
    (folder / "note2.pdf").chmod(0o400)
    stamps.append(observe(folder).stamp)
    (folder / ".x.wav.aBc123").write_text("x")
    stamps.append(observe(folder).stamp)
    assert len(set(stamps)) == len(stamps)
    assert observe(folder).stamp == stamps[-1]
    assert observe(folder).arriving == ".x.wav.aBc123"


def test_the_folder_is_only_read(folder: Path) -> None:
    def state() -> list[tuple[str, int, int]]:
        files = sorted(folder.rglob("*"))
        return [(str(file), file.stat().st_mtime_ns, file.stat().st_ctime_ns) for file in files]

    before = state()
    observe(folder)
    read(folder)
    assert state() == before
