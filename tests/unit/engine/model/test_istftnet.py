"""The iSTFTNet decoder: excitation, batches, noise, gradients."""

import pytest
import torch

from engine.model.config import SAMPLE_RATE, ModelConfig
from engine.model.istftnet import Decoder, ShortTimeFourier, harmonic_sines


@pytest.fixture
def decoder(tiny: ModelConfig) -> Decoder:
    torch.manual_seed(0)
    return Decoder(tiny).eval()


def test_sines_lie_at_the_multiples_of_f0() -> None:
    f0 = torch.full((1, 80), 240.0)  # one second
    sines = harmonic_sines(f0, torch.zeros(1, SAMPLE_RATE, 9))
    peaks = torch.fft.rfft(sines[0], dim=0).abs().argmax(dim=0)  # bins of 1 Hz

    assert peaks.tolist() == [240 * k for k in range(1, 10)]
    # Samples need not fall on a crest: with 20 a period they can miss it by 1.2 %.
    peak = sines.abs().amax(dim=(0, 1))
    torch.testing.assert_close(peak, torch.full((9,), 0.1), atol=2e-3, rtol=0)


def test_unvoiced_excitation_is_noise_alone() -> None:
    noise = torch.randn(1, 1200, 9, generator=torch.Generator().manual_seed(0))
    f0 = torch.tensor([[200.0, 200.0, 9.0, 0.0]])
    excitation = harmonic_sines(f0, noise)

    torch.testing.assert_close(excitation[:, 600:], noise[:, 600:] * 0.1 / 3)
    assert (excitation[:, :600] - 0.003 * noise[:, :600]).abs().max() > 0.09


def test_stft_comes_back() -> None:
    transform = ShortTimeFourier(20, 5)
    audio = torch.randn(2, 600, generator=torch.Generator().manual_seed(0))
    magnitude, phase = transform.transform(audio).chunk(2, dim=1)

    assert magnitude.shape == (2, 11, 121)
    torch.testing.assert_close(transform.inverse(magnitude, phase), audio, rtol=1e-4, atol=1e-5)


def test_padding_changes_nothing(tiny: ModelConfig, decoder: Decoder) -> None:
    torch.manual_seed(1)
    frames = torch.tensor([4, 7, 2])
    asr, style = torch.randn(3, tiny.hidden_dim, 7), torch.randn(3, tiny.style_dim)
    f0 = torch.rand(3, 14) * 200
    energy, noise = torch.randn(3, 14), torch.randn(decoder.noise_shape(3, 7))
    with torch.no_grad():
        batched = decoder(asr, f0, energy, style, frames, noise)
        for row, length in enumerate(frames.tolist()):
            one, curve = slice(row, row + 1), slice(0, 2 * length)
            samples = 600 * length
            alone = decoder(
                asr[one, :, :length],
                f0[one, curve],
                energy[one, curve],
                style[one],
                frames[one],
                noise[one, :samples],
            )
            torch.testing.assert_close(batched[one, :samples], alone, rtol=1e-4, atol=1e-5)
            assert (batched[row, samples:] == 0).all()
            assert alone.abs().max() > 1e-3


def test_noise_is_the_only_chance(tiny: ModelConfig, decoder: Decoder) -> None:
    inputs = (
        torch.ones(1, tiny.hidden_dim, 3),
        torch.full((1, 6), 150.0),
        torch.ones(1, 6),
        torch.ones(1, tiny.style_dim),
        torch.tensor([3]),
    )
    noise = torch.randn(decoder.noise_shape(1, 3))

    assert torch.equal(decoder(*inputs, noise), decoder(*inputs, noise))
    assert not torch.equal(decoder(*inputs), decoder(*inputs))


def test_gradients_reach_text_style_and_weights(tiny: ModelConfig, decoder: Decoder) -> None:
    asr = torch.randn(2, tiny.hidden_dim, 4, requires_grad=True)
    style = torch.randn(2, tiny.style_dim, requires_grad=True)
    f0 = torch.full((2, 8), 150.0, requires_grad=True)
    decoder.train()
    audio = decoder(asr, f0, torch.randn(2, 8), style, torch.tensor([4, 3]))
    audio.square().sum().backward()

    assert all(t.grad is not None and t.grad.any() for t in (asr, style, f0))
    idle = [n for n, p in decoder.named_parameters() if p.grad is None]
    # The excitation is computed without a gradient, as in the published training.
    assert idle == ["generator.m_source.l_linear.weight", "generator.m_source.l_linear.bias"]
