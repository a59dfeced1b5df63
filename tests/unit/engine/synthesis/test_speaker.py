"""A voice speaks whole texts of any length, and says what it cannot."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.audio.mel import SAMPLE_RATE
from engine.errors import EngineError
from engine.model.base import (
    CARD_FILE,
    MODEL_FILE,
    STYLE_FILE,
    WEIGHTS_FILE,
    difference,
    load_style,
    save_style,
    save_voice_weights,
)
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import SPEED_RANGE, Speaker, cut, load_speaker
from engine.text import Frontend
from tests.models import BASE_VOICE, TINY, tiny_base
from workspace.files import TEMPORARY_PREFIX, write_json
from workspace.layout import Workspace

SETTINGS = SynthesisSettings()  # type: ignore[call-arg, unused-ignore]
CONTEXT = TINY.plbert.max_position_embeddings
SPELLED = "XKCD-" * 60  # one piece of text for `split`, many times the model's context


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with one base."""
    found = Workspace(tmp_path)
    tiny_base(found.models / "base")
    return found


@pytest.fixture
def speaker(workspace: Workspace) -> Speaker:
    return load_speaker(workspace, BASE_VOICE, SETTINGS)


def make_voice(workspace: Workspace, name: str, version: str, shift: float = 0.5) -> Path:
    """A finished version of a voice on the workspace's newest base."""
    base = tiny_base(workspace.models / "base")
    model = base.load()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with torch.no_grad():
        model.graph.predictor.duration_proj.linear_layer.bias.add_(shift)
    folder = workspace.voices / name / version
    save_voice_weights(folder / WEIGHTS_FILE, difference(model, before), base, half=False)
    save_style(folder / STYLE_FILE, torch.zeros(2 * TINY.style_dim))
    write_json(folder / CARD_FILE, {"kind": "voice"})
    return folder


def watch_tokens(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The ids of every call of the graph, in order, as they come."""
    calls: list[list[int]] = []
    synthesize = speaker.graph.synthesize

    def watched(tokens: torch.Tensor, *arguments: object) -> object:
        calls.append(tokens[0].tolist())
        return synthesize(tokens, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(speaker.graph, "synthesize", watched)
    return calls


def test_a_text_is_spoken_whole(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = watch_tokens(speaker, monkeypatch)
    text = "你好。" * 40
    chunks = list(speaker.speak(text))
    assert "".join(chunk.text for chunk in chunks) == text
    pieces = [chunk for chunk in chunks if chunk.text]
    assert len(pieces) > 1
    for chunk in chunks:
        assert chunk.audio.dtype == np.float32
        assert np.isfinite(chunk.audio).all()
        assert np.abs(chunk.audio).max() <= 1
    said = [token for call in calls for token in call[1:-1]]
    wanted = [i for chunk in pieces for i in speaker.frontend.phonemize(chunk.text).ids]
    assert said == wanted
    pause = SETTINGS.pause_ms * SAMPLE_RATE // 1000
    assert not pieces[1].audio[:pause].any()
    assert pieces[0].audio[:pause].any()
    assert np.array_equal(speaker.whole(text), np.concatenate([c.audio for c in chunks]))


def test_no_call_exceeds_the_context_and_nothing_is_lost(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = watch_tokens(speaker, monkeypatch)
    first, *others = speaker.speak(SPELLED)
    assert len(calls) == 1 + len(others) > 1
    assert max(map(len, calls)) <= CONTEXT
    assert [i for call in calls for i in call[1:-1]] == list(
        speaker.frontend.phonemize(SPELLED).ids
    )
    assert first.text == SPELLED
    assert {(note.kind, note.text) for note in first.notes} == {("spelled", "XKCD")}
    assert {(chunk.text, chunk.notes) for chunk in others} == {("", ())}
    pause = SETTINGS.pause_ms * SAMPLE_RATE // 1000
    assert all(chunk.audio[:pause].any() for chunk in others), "no pause inside a word"


@pytest.mark.parametrize("longest", [12, 13, 30, 62, 510])
def test_runs_end_where_words_do(longest: int) -> None:
    phonemes = Frontend("v1.1-zh").phonemize(SPELLED + "今天天气很好,我们去公园散步。")
    runs = cut(phonemes, longest)
    assert sum(runs, ()) == phonemes.ids
    assert max(map(len, runs)) <= longest
    word = max(syllable.end - syllable.start for syllable in phonemes.syllables)
    if longest > word + 1:  # and the mark behind it
        begins = {syllable.start for syllable in phonemes.syllables}
        ends = np.cumsum([len(run) for run in runs])[:-1]
        assert begins.issuperset(int(end) for end in ends)
        assert min(map(len, runs)) > longest // 4, "no crumbs at the end"


def test_a_seed_gives_the_same_samples(speaker: Speaker) -> None:
    first = speaker.whole("你好", seed=3)
    assert np.array_equal(speaker.whole("你好", seed=3), first)
    assert not np.array_equal(speaker.whole("你好", seed=4), first)


def test_speed_has_limits(speaker: Speaker) -> None:
    slow, fast = (len(speaker.whole("今天天气很好", speed)) for speed in SPEED_RANGE)
    assert slow > fast
    for speed in (SPEED_RANGE[0] - 0.1, SPEED_RANGE[1] + 0.1, float("nan")):
        with pytest.raises(EngineError, match="speed"):
            next(speaker.speak("你好", speed))


def test_what_has_no_sound_is_noted_and_the_rest_is_said(speaker: Speaker) -> None:
    speaker.settings = SETTINGS.model_copy(update={"chunk_phonemes": 40})
    chunks = list(speaker.speak("Доброе утро, мир. " * 4 + "今天天气很好。" * 4))
    silent = [chunk for chunk in chunks if not chunk.phonemes]
    assert {note.kind for chunk in silent for note in chunk.notes} == {"dropped"}
    assert any(chunk.phonemes for chunk in chunks)
    for nothing in ("", " \n", "★★★"):
        with pytest.raises(EngineError):
            list(speaker.speak(nothing))


def test_the_workspace_lexicon_is_heard(workspace: Workspace) -> None:
    plain = load_speaker(workspace, BASE_VOICE, SETTINGS)
    workspace.lexicon.write_text("好\tma1\n", encoding="utf-8")
    own = load_speaker(workspace, BASE_VOICE, SETTINGS)
    assert own.frontend.phonemize("好").ids == plain.frontend.phonemize("妈").ids
    assert plain.frontend.phonemize("好").ids != plain.frontend.phonemize("妈").ids


def test_the_newest_finished_version_speaks(workspace: Workspace) -> None:
    make_voice(workspace, "alice", "v1")
    writing = make_voice(workspace, "alice", f"{TEMPORARY_PREFIX}v2.0a1b2c3d", shift=1.5)
    text = "今天天气很好"
    first = load_speaker(workspace, "alice", SETTINGS).whole(text)
    assert np.array_equal(load_speaker(workspace, "alice", SETTINGS, "v1").whole(text), first)
    writing.rename(workspace.voices / "alice" / "v2")
    assert len(load_speaker(workspace, "alice", SETTINGS).whole(text)) != len(first)
    with pytest.raises(EngineError, match="no version 'v3'") as error:
        load_speaker(workspace, "alice", SETTINGS, "v3")
    assert error.value.fix == "choose one of: v2, v1"


def test_unknown_voices_are_told_which_there_are(workspace: Workspace) -> None:
    make_voice(workspace, "alice", "v1")
    make_voice(workspace, "bob", f"{TEMPORARY_PREFIX}v1.0a1b2c3d")
    with pytest.raises(EngineError, match="no voice is called 'alcie'") as error:
        load_speaker(workspace, "alcie", SETTINGS)
    assert error.value.fix == f"choose one of: alice, {BASE_VOICE}, chen, s0252, yue"


def test_a_voice_whose_base_is_gone_is_refused(workspace: Workspace) -> None:
    make_voice(workspace, "alice", "v1")
    tiny_base(workspace.models / "base", seed=9)
    with pytest.raises(EngineError, match=r"v1/weights.safetensors: made on base 'base'"):
        load_speaker(workspace, "alice", SETTINGS)


def test_voices_of_all_bases_speak_the_newest_base_first(workspace: Workspace) -> None:
    """A voice that came with the program is still there when a base has been made."""
    assert load_speaker(workspace, "yue", SETTINGS).graph.config != TINY
    assert np.isfinite(load_speaker(workspace, BASE_VOICE, SETTINGS).whole("你好")).all()
    newer = tiny_base(workspace.models / "newer", seed=3)
    older = workspace.models / "base" / MODEL_FILE
    os.utime(older, ns=(1, 1))
    style = load_speaker(workspace, BASE_VOICE, SETTINGS).style
    assert torch.equal(style, load_style(newer.voices()[BASE_VOICE], TINY))


@pytest.mark.gpu
def test_speech_is_made_on_the_gpu(speaker: Speaker) -> None:
    assert speaker.device.type == "cuda"
    assert np.isfinite(speaker.whole("今天天气很好")).all()
