"""The demo's sentences, and eSpeak NG speaking them."""

from __future__ import annotations

import array
import re
import wave
from pathlib import Path

import pytest

from tui import demo_speech
from tui.demo_speech import Speaker, SpeechError, write_speech


def test_a_hundred_different_sentences_with_a_syllable_for_each_hanzi() -> None:
    sentences = demo_speech.sentences()
    assert len({sentence.text for sentence in sentences}) == len(sentences) == 100
    for sentence in sentences:
        assert len(sentence.hanzi) == len(sentence.pinyin)
        assert all(re.fullmatch(r"[a-z]+[1-5]", syllable) for syllable in sentence.pinyin)


def test_speech_is_loud_whole_and_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    speaker = Speaker("a", "cmn+f2", pitch=60)
    first, second = tmp_path / "1.wav", tmp_path / "2.wav"
    seconds = write_speech(first, "今天天气很好。", speaker)
    write_speech(tmp_path / "other.wav", "别着急。", Speaker("b", "cmn+m3"))
    write_speech(second, "今天天气很好。", speaker)
    assert 1.0 < seconds < 4.0
    with wave.open(str(first)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        assert file.getnframes() / 22050 == pytest.approx(seconds)
        samples = array.array("h", file.readframes(file.getnframes()))
    assert max(samples) > 3000
    assert second.stat().st_size == pytest.approx(first.stat().st_size, rel=0.02)


def test_an_unknown_voice_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    with pytest.raises(SpeechError, match="no voice nobody"):
        write_speech(tmp_path / "x.wav", "好。", Speaker("x", "nobody"))
    assert not (tmp_path / "x.wav").exists()
