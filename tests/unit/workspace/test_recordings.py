"""A recorded speaker's folder: takes are never overwritten, and what is kept is a dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.dataset import DatasetEntry, detect
from workspace.datasetfile import read_dataset_file
from workspace.prompts import Prompt
from workspace.recordings import Recordings
from workspace.script import RecordingsError, Session, own_prompts

PROMPTS = (
    Prompt("zh0001", "今天天气很好。", "jin1 tian1 tian1 qi4 hen3 hao3"),
    Prompt("zh0002", "我们去公园。", "wo3 men5 qu4 gong1 yuan2"),
)


@pytest.fixture
def alice(tmp_path: Path) -> Recordings:
    recordings = Recordings(tmp_path / "alice")
    recordings.hold(True)
    recordings.script.add_prompts(PROMPTS)
    recordings.script.keep_session(Session(script="mandarin-50"))
    return recordings


def made(recordings: Recordings, prompt: str, key: str, sound: bytes = b"sound") -> str:
    """A take as the daemon leaves it."""
    take = recordings.claim(prompt, key)
    (recordings.takes / f"{take}.raw.flac").write_bytes(b"raw " + sound)
    (recordings.takes / f"{take}.flac").write_bytes(sound)
    recordings.keep_card(take, {"take": take, "key": key})
    return take


def seen(recordings: Recordings) -> set[str]:
    return {path.name for path in recordings.folder.iterdir() if not path.name.startswith(".")}


def test_a_retake_is_a_new_take(alice: Recordings) -> None:
    assert [made(alice, "zh0001", key) for key in "ab"] == ["zh0001-1", "zh0001-2"]
    assert made(alice, "zh0002", "c") == "zh0002-1"
    assert list(alice.cards()) == ["zh0001-1", "zh0001-2", "zh0002-1"]


def test_a_name_once_claimed_is_its_keys(alice: Recordings) -> None:
    assert alice.claim("zh0001", "a") == "zh0001-1"  # and then the daemon was killed
    assert alice.claim("zh0001", "b") == "zh0001-2"
    assert alice.claim("zh0001", "a") == "zh0001-1"


def test_a_name_is_not_used_again_while_anything_has_it(alice: Recordings) -> None:
    take = made(alice, "zh0001", "a")
    (alice.takes / f"{take}.json").unlink()
    assert made(alice, "zh0001", "b") == "zh0001-2"


def test_tens_come_behind_nines(alice: Recordings) -> None:
    names = [made(alice, "zh0001", f"k{n}") for n in range(11)]
    assert list(alice.cards()) == names


def test_what_is_kept_is_a_dataset(alice: Recordings) -> None:
    take = made(alice, "zh0001", "a")
    alice.keep(take, PROMPTS[0].text)
    layout = detect(alice.folder)
    assert not layout.file.train
    (entry,) = layout.items()
    assert isinstance(entry, DatasetEntry)
    assert (entry.id, entry.read_text(), entry.speaker) == (take, PROMPTS[0].text, "alice")
    assert entry.audio.read_bytes() == b"sound"


def test_of_a_prompt_one_take_is_kept(alice: Recordings) -> None:
    first, second = made(alice, "zh0001", "a", b"1"), made(alice, "zh0001", "b", b"2")
    alice.keep(first, "一")
    alice.keep(second, "一")
    assert seen(alice) == {"dataset.toml", f"{second}.flac", f"{second}.txt"}
    alice.keep(first, "一")
    assert (alice.folder / f"{first}.flac").read_bytes() == b"1"
    assert (alice.takes / f"{second}.flac").read_bytes() == b"2"


def test_a_prompt_whose_name_begins_alike_is_another(alice: Recordings) -> None:
    one, ten = made(alice, "zh1", "a"), made(alice, "zh1-0", "b")
    alice.keep(ten, "十")
    alice.keep(one, "一")
    assert alice.is_kept(ten)


def test_what_the_user_changed_is_put_aside_and_not_lost(alice: Recordings) -> None:
    take = made(alice, "zh0001", "a")
    alice.keep(take, "今天")
    (alice.folder / f"{take}.txt").write_text("我改了\n")
    (alice.folder / f"{take}.flac").unlink()
    (alice.folder / f"{take}.flac").write_bytes(b"edited elsewhere")
    alice.put_aside(take)
    assert seen(alice) == {"dataset.toml"}
    assert (alice.takes / f"{take}.edited.flac").read_bytes() == b"edited elsewhere"
    assert (alice.takes / f"{take}.flac").read_bytes() == b"sound"
    alice.keep(take, "今天")
    assert (alice.folder / f"{take}.txt").read_text() == "我改了\n"


def readings(recordings: Recordings) -> list[str]:
    path = recordings.folder / "readings.tsv"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_the_pinyin_of_a_kept_take_is_part_of_the_dataset(alice: Recordings) -> None:
    prompt = PROMPTS[0]
    first, second = made(alice, "zh0001", "a"), made(alice, "zh0001", "b")
    alice.keep(first, prompt.text, prompt.pinyin)
    alice.keep(second, prompt.text, prompt.pinyin)
    assert readings(alice)[1:] == [f"{second}\t{prompt.text}\t{prompt.pinyin}"]
    (entry,) = detect(alice.folder).items()
    assert isinstance(entry, DatasetEntry)
    assert (entry.id, entry.read_text(), entry.pinyin_of) == (second, prompt.text, prompt.text)
    assert (entry.pinyin, entry.citation) == (tuple(prompt.pinyin.split()), True)
    alice.put_aside(second)
    assert seen(alice) == {"dataset.toml"}


def test_of_the_readings_only_takes_that_are_gone_go(alice: Recordings) -> None:
    first, second = made(alice, "zh0001", "a"), made(alice, "zh0002", "b")
    alice.keep(first, PROMPTS[0].text, PROMPTS[0].pinyin)
    path = alice.folder / "readings.tsv"
    mine = ["zh0002-1\t我们去公园。\two3 men5 qu4 gong1 yuan5", "voice memo\t早。\tzao3"]
    path.write_text(path.read_text() + "\n".join(mine) + "\n")
    alice.keep(second, PROMPTS[1].text, PROMPTS[1].pinyin)
    assert readings(alice)[2:] == mine
    (alice.folder / f"{first}.flac").unlink()  # by hand
    alice.put_aside(second)
    assert readings(alice)[1:] == mine[1:]


def test_another_list_of_that_name_is_left_alone(alice: Recordings) -> None:
    path = alice.folder / "readings.tsv"
    path.write_text("mine\n")
    with pytest.raises(RecordingsError, match=r"readings.tsv cannot be read: its first line"):
        alice.keep(made(alice, "zh0001", "a"), PROMPTS[0].text, PROMPTS[0].pinyin)
    assert path.read_text() == "mine\n"


def test_dataset_toml_keeps_what_the_user_wrote(alice: Recordings) -> None:
    path = alice.folder / "dataset.toml"
    path.write_text(path.read_text() + 'base = "corpus"  # mine\n')
    alice.hold(True)
    alice.hold(False)
    assert path.read_text() == 'base = "corpus"  # mine\n'
    assert not alice.is_held
    alice.hold(True)
    assert alice.is_held
    assert read_dataset_file(alice.folder).base == "corpus"


def test_prompts_are_added_behind(alice: Recordings) -> None:
    alice.script.add_prompts(
        [Prompt("zh0002", "别的", "bie2 de5"), Prompt("own0001", "你好", "ni3 hao3")]
    )
    assert [prompt.id for prompt in alice.script.prompts()] == ["zh0001", "zh0002", "own0001"]
    assert alice.script.prompts()[1] == PROMPTS[1]


def test_own_sentences_are_asked_for_once() -> None:
    first = own_prompts([("你好。", "ni3 hao3"), ("再见。", "zai4 jian4"), ("你好。", "")], [])
    assert [prompt.id for prompt in first] == ["own0001", "own0002"]
    more = own_prompts([("再见。", "zai4 jian4"), ("早。", "zao3")], first)
    assert more == [Prompt("own0003", "早。", "zao3")]


def test_damaged_files_are_named(alice: Recordings) -> None:
    session = alice.folder / ".session/session.json"
    session.write_text("{")
    with pytest.raises(RecordingsError, match=r"session.json cannot be read"):
        alice.script.session()
    (alice.folder / ".session/prompts.tsv").write_text("zh0001\tno pinyin\n")
    with pytest.raises(RecordingsError, match=r"prompts.tsv cannot be read: line 1"):
        alice.script.prompts()


@pytest.mark.parametrize("name", [".hidden", "-x", "a\nb", "x" * 81])
def test_not_every_word_is_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingsError, match="cannot be a speaker's name"):
        Recordings(tmp_path / name)
