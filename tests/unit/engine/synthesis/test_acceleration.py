"""Faster ways to compute say the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.utils import parametrize

from engine.audio.mel import log_mel
from engine.model.graph import Kokoro, Speech
from engine.model.istftnet import Decoder
from engine.model.layers import InstanceAffine
from engine.synthesis import acceleration
from engine.synthesis.acceleration import accelerate, batch_size, decoder_dtype, speaking_threads
from engine.synthesis.channels_last import ChannelsLastDecoder
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import Speaker
from engine.text import Frontend
from tests.models import TINY, TINY_KOKORO

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
DEFAULTS = SynthesisSettings()  # type: ignore[call-arg, unused-ignore]
TEXT = "今天天气很好。我们去公园散步吧!你看,那边的花开了。" * 4


def settings(**changes: object) -> SynthesisSettings:
    return DEFAULTS.model_copy(update=changes)


@pytest.fixture
def graph() -> Kokoro:
    """Kokoro's graph with random weights that are all heard: voiced, and no gain of one."""
    torch.manual_seed(0)
    made = Kokoro(TINY_KOKORO).eval()
    with torch.no_grad():
        for tensor in made.parameters():
            tensor.add_(0.1 * torch.randn_like(tensor))
        for module in made.modules():
            if isinstance(module, InstanceAffine):
                module.weight.add_(0.3 * torch.randn_like(module.weight))
                module.bias.add_(0.3 * torch.randn_like(module.bias))
        pitch = made.predictor.F0_proj
        pitch.weight.mul_(50)
        assert pitch.bias is not None
        pitch.bias.fill_(60.0)
    return made


def speak(graph: Kokoro) -> Speech:
    """Two utterances of different lengths, in one batch, with the same noise every time."""
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(1, 40, (2, 12), generator=generator)
    style = torch.randn(2, 2 * TINY_KOKORO.style_dim, generator=generator)

    def noise(frames: torch.Tensor) -> torch.Tensor:
        shape = Decoder.noise_shape(2, int(frames.max()))
        return torch.randn(shape, generator=torch.Generator().manual_seed(2))

    return graph.synthesize(tokens, torch.tensor([12, 7]), style, noise=noise)


def test_folding_changes_no_bit_and_leaves_no_norm(graph: Kokoro) -> None:
    before = speak(graph)
    graph = accelerate(graph, CPU, settings(precision="exact"))
    assert isinstance(graph.decoder, Decoder)
    assert not any(parametrize.is_parametrized(module) for module in graph.modules())
    assert torch.equal(speak(graph).audio, before.audio)


@pytest.mark.parametrize(("precision", "nearness"), [("float32", 1e-5), ("bfloat16", 0.02)])
def test_the_fast_decoder_says_the_same(graph: Kokoro, precision: str, nearness: float) -> None:
    exact = speak(graph)
    fast = speak(accelerate(graph, CPU, settings(precision=precision)))
    assert isinstance(graph.decoder, ChannelsLastDecoder)
    for name in ("durations", "f0", "energy", "sample_lengths"):
        assert torch.equal(getattr(fast, name), getattr(exact, name)), name
    assert exact.audio.abs().max() > 0.01
    assert 0.2 < (exact.f0 > 10).float().mean() < 1
    for ours, theirs in zip(fast.utterances(), exact.utterances(), strict=True):
        assert (log_mel(ours) - log_mel(theirs)).abs().mean() < nearness
    if precision == "float32":
        torch.testing.assert_close(fast.audio, exact.audio, rtol=0, atol=1e-4)
    else:
        assert not torch.equal(fast.audio, exact.audio)


def test_the_fast_decoder_draws_noise_of_its_own(graph: Kokoro) -> None:
    decoder = ChannelsLastDecoder(graph.decoder, torch.float32)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(1)
    asr = torch.randn(1, TINY_KOKORO.hidden_dim, 3, generator=generator)
    curve, style = torch.zeros(1, 6), torch.zeros(1, TINY_KOKORO.style_dim)
    first, second = (decoder(asr, curve, curve, style, torch.tensor([3])) for _ in range(2))
    assert first.shape == (1, 1800)
    assert not torch.equal(first, second)


def test_auto_takes_what_is_native(monkeypatch: pytest.MonkeyPatch) -> None:
    for native, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(acceleration, "native_bfloat16", lambda native=native: native)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda _, native=native: native)
        for device in (CPU, CUDA):
            assert decoder_dtype(device, DEFAULTS) is dtype
            assert decoder_dtype(device, settings(precision="float32")) is torch.float32
            assert decoder_dtype(device, settings(precision="bfloat16")) is torch.bfloat16


def test_what_is_given_goes_before_what_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceleration, "available_cores", lambda: 6)
    assert speaking_threads(Kokoro(TINY), DEFAULTS) == 1
    assert speaking_threads(Kokoro(TINY_KOKORO), DEFAULTS) == 6
    assert speaking_threads(Kokoro(TINY), settings(threads=3)) == 3
    assert batch_size(CPU, DEFAULTS) == 1
    assert batch_size(CUDA, DEFAULTS) > 1
    assert batch_size(CPU, settings(batch=5)) == 5


@pytest.mark.parametrize("config", [TINY, TINY_KOKORO], ids=["small", "kokoro"])
def test_a_seed_gives_the_same_sound_in_any_batch(config: object) -> None:
    sounds = []
    for batch in (1, 3, 64):
        own = settings(batch=batch, chunk_phonemes=40, precision="float32")
        torch.manual_seed(0)
        graph = accelerate(Kokoro(config).eval(), CPU, own)  # type: ignore[arg-type]
        style = 0.1 * torch.randn(1, 1, 2 * TINY.style_dim)
        speaker = Speaker(graph, style, Frontend("v1.1-zh"), own)
        chunks = list(speaker.speak(TEXT, seed=5))
        assert len(chunks) > 3
        sounds.append(np.concatenate([chunk.audio for chunk in chunks]))
    for sound in sounds[1:]:
        assert len(sound) == len(sounds[0])
        assert np.abs(sound - sounds[0]).mean() < 1e-3 * np.abs(sounds[0]).mean()


def test_the_first_chunk_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = Kokoro(TINY).eval()
    own = settings(batch=3, chunk_phonemes=40)
    speaker = Speaker(graph, torch.zeros(1, 1, 2 * TINY.style_dim), Frontend("v1.1-zh"), own)
    sizes = []
    synthesize = graph.synthesize

    def watched(tokens: torch.Tensor, *arguments: object) -> Speech:
        sizes.append(len(tokens))
        return synthesize(tokens, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(graph, "synthesize", watched)
    text = TEXT + "Доброе утро, мир. " * 4 + TEXT
    chunks = speaker.speak(text)
    first = next(chunks)
    assert sizes == [1]
    others = list(chunks)
    assert "".join(chunk.text for chunk in (first, *others)) == text
    assert any(not chunk.phonemes for chunk in others)
    assert sizes[1:-1] == [3] * (len(sizes) - 2)
    assert 1 <= sizes[-1] <= 3
