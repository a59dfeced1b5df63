"""Which text goes with which audio."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workspace.dataset import (
    DatasetEntry,
    DatasetError,
    LayoutKind,
    Problem,
    Role,
    detect,
)


def fill(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "alice").mkdir()
    return tmp_path / "alice"


def texts(folder: Path) -> dict[str, str]:
    items = detect(folder).items()
    return {item.id: item.read_text() for item in items if isinstance(item, DatasetEntry)}


def speakers(folder: Path) -> dict[str, str]:
    items = detect(folder).items()
    return {item.id: item.speaker for item in items if isinstance(item, DatasetEntry)}


def reasons(folder: Path) -> dict[str, str]:
    items = detect(folder).items()
    return {item.path: item.reason for item in items if isinstance(item, Problem)}


def test_text_files_of_the_same_name(folder: Path) -> None:
    fill(folder, {"1.wav": "", "1.txt": "你好", "b/2.FLAC": "", "b/2.lab": "再见", "3.mp3": ""})
    layout = detect(folder)
    assert (layout.role, layout.kind, layout.voice) == (Role.SPECIALIST, LayoutKind.PAIRED, "alice")
    assert texts(folder) == {"1": "你好", "b/2": "再见"}
    assert reasons(folder) == {"3.mp3": "no text"}
    assert set(speakers(folder).values()) == {"alice"}


def test_txt_is_preferred_to_lab(folder: Path) -> None:
    fill(folder, {"1.wav": "", "1.lab": "b", "1.txt": "a"})
    assert texts(folder) == {"1": "a"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("你好".encode("gbk"), "你好"),
        ("\ufeff你好\r\n".encode(), "你好"),
        ("你好\n".encode("utf-16"), "你好"),
        (b"", ""),
    ],
)
def test_encodings_of_text_files(folder: Path, content: bytes, expected: str) -> None:
    fill(folder, {"1.wav": "", "1.txt": content})
    assert texts(folder) == {"1": expected}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.csv", "a|你好|你好\nb|再见\n"),
        ("metadata.csv", 'file_name,text\na.wav,你好\nwav/b.wav,"再见"\n'),
        ("transcripts.txt", "a.wav 你好\nb.wav 再见\n"),
        ("transcripts.txt", "a\t你好\r\nb\t再见\r\n"),
        ("transcript.tsv", "text\tspeaker\tid\n你好\tx\ta\n再见\ty\t./wav/b\n"),
        ("transcripts.tsv", "wav\\a.wav\t你好\nwav\\b.wav\t再见\n"),
    ],
)
def test_lists(folder: Path, name: str, content: str) -> None:
    fill(folder, {"wav/a.wav": "", "wav/b.wav": "", name: content})
    assert texts(folder) == {"wav/a": "你好", "wav/b": "再见"}
    assert reasons(folder) == {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_of_lists(folder: Path, encoding: str, end: str) -> None:
    lines = ["", "a|你好", " ", "b|一句话", "a|第二次", "c|"]
    fill(folder, {"a.wav": "", "b.wav": "", "c.wav": ""})
    fill(folder, {"metadata.csv": end.join(lines).encode(encoding)})
    assert texts(folder) == {"a": "第二次", "b": "一句话", "c": ""}


def test_a_walk_that_is_given_up_closes_its_lists(folder: Path) -> None:
    fill(folder, {"1.wav": "", "2.wav": "", "metadata.csv": "1|你好\n2|再见\n"})
    items = detect(folder).items()
    next(items)
    del items  # an open file would be a ResourceWarning, and those are errors here


def test_a_list_of_many_lines_is_looked_up_in_any_order(folder: Path) -> None:
    names = [f"{number * 7919 % 1000:03d}" for number in range(1000)]
    fill(folder, {f"{name}.wav": "" for name in names})
    fill(folder, {"transcripts.tsv": "".join(f"{name}.wav\t第{name}句\n" for name in names)})
    assert texts(folder) == {name: f"第{name}句" for name in names}
    assert reasons(folder) == {}


def test_lists_that_do_not_fit_say_so(folder: Path) -> None:
    fill(folder, {"a/1.wav": "", "b/1.wav": "", "c.wav": "", "metadata.csv": "1|你好\n9|没有\n"})
    assert texts(folder) == {"a/1": "你好"}
    found = reasons(folder)
    assert found["b/1.wav"] == "metadata.csv has one line for several files of this name"
    assert found["c.wav"] == "no text: neither c.txt nor a line in metadata.csv"
    assert found["metadata.csv"] == "names 9, and there is no such audio"


def test_the_nearest_text_wins(folder: Path) -> None:
    fill(
        folder,
        {
            "metadata.csv": "1|far\n2|far\n3|far\n",
            "sub/metadata.csv": "1|near\n2|near\n",
            "sub/1.wav": "",
            "sub/1.txt": "beside",
            "sub/2.wav": "",
            "sub/3.wav": "",
        },
    )
    assert texts(folder) == {"sub/1": "beside", "sub/2": "near", "sub/3": "far"}


def test_names_in_a_list_may_be_composed_or_not(folder: Path) -> None:
    fill(folder, {"cafe\u0301.wav": "", "metadata.csv": "caf\u00e9|你好\n"})
    assert texts(folder) == {"cafe\u0301": "你好"}


def test_a_list_that_is_no_text_is_a_problem_and_the_rest_goes_on(folder: Path) -> None:
    fill(folder, {"1.wav": "", "1.txt": "你好", "metadata.csv": b"\x81\xff\xff"})
    assert texts(folder) == {"1": "你好"}
    assert reasons(folder) == {"metadata.csv": "the text is neither UTF-8 nor GB18030"}


def test_aishell3(folder: Path) -> None:
    fill(
        folder,
        {
            "train/content.txt": "SSB00050001.wav\t你 ni2 好 hao3\nSSB00090002.wav\t啊 a5\n",
            "train/wav/SSB0005/SSB00050001.wav": "",
            "train/wav/SSB0009/SSB00090002.wav": "",
            "train/wav/SSB0009/SSB00090003.wav": "",
        },
    )
    layout = detect(folder)
    assert (layout.role, layout.kind) == (Role.GENERALIST, LayoutKind.AISHELL3)
    entries = [item for item in layout.items() if isinstance(item, DatasetEntry)]
    assert [(entry.speaker, entry.text, entry.pinyin) for entry in entries] == [
        ("SSB0005", "你好", ("ni2", "hao3")),
        ("SSB0009", "啊", ("a5",)),
    ]
    assert list(reasons(folder)) == ["train/wav/SSB0009/SSB00090003.wav"]


def test_pinyin_of_a_list_is_known_of_texts_beside_the_audio(folder: Path) -> None:
    fill(
        folder,
        {
            "readings.tsv": "id\ttext\tcitation\n1\t你好\tni3 hao3\n2\t再见\tzai4 jian4\n",
            "sub/metadata.csv": "id,text,pinyin\n3,你好,ni2 hao3\n4,早,\n",
            "1.wav": "", "1.txt": "你好\n", "2.wav": "",
            "sub/3.wav": "", "sub/3.txt": "你好吗", "sub/4.wav": "", "sub/4.txt": "早",
        },
    )  # fmt: skip
    entries = [item for item in detect(folder).items() if isinstance(item, DatasetEntry)]
    assert [(e.id, e.pinyin, e.citation, e.pinyin_of) for e in entries] == [
        ("1", ("ni3", "hao3"), True, "你好"),
        ("2", ("zai4", "jian4"), True, None),
        ("sub/3", ("ni2", "hao3"), False, "你好"),
        ("sub/4", None, False, None),
    ]
    assert reasons(folder) == {}


def test_sub_folders_are_one_speaker_unless_the_file_says_otherwise(folder: Path) -> None:
    fill(folder, {"x/1.wav": "", "x/1.txt": "a", "y/z/2.wav": "", "y/z/2.txt": "b"})
    assert speakers(folder) == {"x/1": "alice", "y/z/2": "alice"}
    fill(folder, {"dataset.toml": 'role = "generalist"'})
    assert detect(folder).role is Role.GENERALIST
    assert speakers(folder) == {"x/1": "x", "y/z/2": "z"}
    fill(folder, {"dataset.toml": 'role = "generalist"\nspeakers = "top-folder"'})
    assert speakers(folder) == {"x/1": "x", "y/z/2": "y"}
    fill(folder, {"dataset.toml": 'speaker = "Bo"\nvoice = "bo"'})
    assert speakers(folder) == {"x/1": "Bo", "y/z/2": "Bo"}
    assert detect(folder).voice == "bo"


def test_speakers_of_a_list_count_for_a_generalist(folder: Path) -> None:
    fill(folder, {"1.wav": "", "metadata.csv": "id,text,speaker\n1,你好,X\n"})
    assert speakers(folder) == {"1": "alice"}
    fill(folder, {"dataset.toml": 'role = "generalist"'})
    assert speakers(folder) == {"1": "X"}


def test_text_in_the_file_name(folder: Path) -> None:
    fill(folder, {"cmn-你好.mp3": "", "cmn-ni3hao3.mp3": "", "cmn-.mp3": ""})
    with pytest.raises(DatasetError, match="without text"):
        detect(folder)
    fill(folder, {"dataset.toml": 'text = "filename"\nprefix = "cmn-"'})
    entries = [item for item in detect(folder).items() if isinstance(item, DatasetEntry)]
    assert [(entry.text, entry.pinyin) for entry in entries] == [
        (None, ("ni3", "hao3")),
        ("你好", None),
    ]
    assert reasons(folder) == {"cmn-.mp3": "its name has no text"}


def test_the_same_name_twice(folder: Path) -> None:
    fill(folder, {"1.flac": "", "1.wav": "", "1.txt": "你好"})
    assert list(texts(folder)) == ["1"]
    assert reasons(folder) == {"1.wav": "the same name as 1.flac"}


def test_text_without_audio_is_told_but_not_of_a_readme(folder: Path) -> None:
    fill(folder, {"1.wav": "", "1.txt": "你好", "2.txt": "再见", "README.txt": "about"})
    assert reasons(folder) == {"2.txt": "a text without audio of the same name"}


@pytest.mark.parametrize(
    ("files", "reason", "fix"),
    [
        ({}, "the folder is empty", "copy audio"),
        ({"a.pdf": ""}, "no audio in it", "copy audio"),
        ({"a.mp4": "", "a.txt": "x"}, "only video", "ffmpeg"),
        ({"a.wav": "", "README.txt": "x"}, "audio without text", "put a .txt"),
        ({"你好.wav": ""}, "hanzi in the file names", 'text = "filename"'),
        ({"dataset.toml": "rol = 1", "a.wav": ""}, "did you mean `role`", "dataset.toml"),
        ({"dataset.toml": "role = 'x'", "a.wav": ""}, "generalist", "dataset.toml"),
        ({"dataset.toml": "voice = '../x'"}, "dataset.voice", "dataset.toml"),
        ({"dataset.toml": "[", "a.wav": ""}, "not valid TOML", "dataset.toml"),
    ],
)
def test_unusable_folders_say_why(
    folder: Path, files: dict[str, str | bytes], reason: str, fix: str
) -> None:
    fill(folder, files)
    with pytest.raises(DatasetError) as caught:
        detect(folder)
    assert reason in caught.value.reason
    assert fix in caught.value.fix
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["new\nline", "-dash", "x" * 81])
def test_folder_names_that_can_be_no_voice(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    fill(folder, {"1.wav": "", "1.txt": "你好"})
    with pytest.raises(DatasetError, match="cannot be a voice's: rename it"):
        detect(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told(folder: Path) -> None:
    fill(folder, {"1.wav": "", "1.txt": "a", "2.wav": "", "2.txt": "b"})
    (folder / "1.wav").chmod(0)
    assert list(texts(folder)) == ["2"]
    assert reasons(folder) == {"1.wav": "cannot be read: permission denied"}


@pytest.mark.shared
def test_the_open_sets_are_read_as_their_documents_say(shared_dir: Path) -> None:
    data = shared_dir / "data"
    assert len(texts(data / "aishell1" / "S0150")) == 260
    aishell3 = list(detect(data / "aishell3").items())
    assert len(aishell3) == 20
    for entry in aishell3:
        assert isinstance(entry, DatasetEntry)
        assert entry.text is not None
        assert entry.pinyin is not None
        assert len(entry.text) == len(entry.pinyin)
        assert entry.speaker == entry.audio.name[:7]
    assert len(texts(data / "speechocean762")) == 1000
