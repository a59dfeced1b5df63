"""Transforms without complex numbers are those with them."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from engine.model.config import SAMPLE_RATE
from engine.model.istftnet import ShortTimeFourier, harmonic_sines
from engine.model.source_filter import SourceFilterDecoder, pulse_train
from engine.synthesis.exportable import RealSourceFilter, precise_sines, real_pulse_train
from engine.synthesis.real_fourier import (
    RealShortTimeFourier,
    angle,
    inverse_matrices,
    upsample_linear,
)
from tests.models import TINY


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_short_time_transform_and_back() -> None:
    real, usual = RealShortTimeFourier(20, 5), ShortTimeFourier(20, 5)
    audio = draw(1, 600)
    magnitude, phase = real.transform(audio).chunk(2, dim=1)
    wanted, turned = usual.transform(audio).chunk(2, dim=1)
    torch.testing.assert_close(magnitude, wanted, rtol=0, atol=1e-5)
    # behind the first frame, whose phases of pi are a matter of rounding
    torch.testing.assert_close(phase[..., 1:].cos(), turned[..., 1:].cos(), rtol=0, atol=1e-3)
    torch.testing.assert_close(phase[..., 1:].sin(), turned[..., 1:].sin(), rtol=0, atol=1e-3)
    torch.testing.assert_close(real.inverse(magnitude, phase), audio, rtol=0, atol=1e-5)
    free = draw(1, 11, 50), draw(1, 11, 50) * 3
    torch.testing.assert_close(
        real.inverse(free[0].exp(), free[1]), usual.inverse(free[0].exp(), free[1])
    )


def test_a_mirrored_frame_has_no_imaginary_part() -> None:
    """Or rounding would choose between pi and -pi, each runtime for itself."""
    for seed in range(5):
        audio = torch.randn(1, 100, generator=torch.Generator().manual_seed(seed))
        phase = RealShortTimeFourier(20, 5).transform(audio)[0, 11:, 0]
        nearest = torch.where(phase > 1, math.pi, 0.0)
        assert torch.equal(phase, nearest.float())


def test_only_windows_of_four_hops() -> None:
    with pytest.raises(ValueError, match="not four hops"):
        RealShortTimeFourier(20, 4)


def test_angles_are_those_of_complex_numbers() -> None:
    real, imaginary = draw(1000), torch.randn(1000, generator=torch.Generator().manual_seed(1))
    wanted = torch.complex(real, imaginary).angle()
    torch.testing.assert_close(angle(real, imaginary), wanted, rtol=0, atol=1e-6)
    zero = torch.tensor([0.0, -0.0])
    for value, expected in ((1.0, 0.0), (-1.0, math.pi), (0.0, 0.0)):
        turned = angle(torch.full((2,), value), zero)
        torch.testing.assert_close(turned, torch.full((2,), expected), rtol=0, atol=1e-6)


@pytest.mark.parametrize("n_fft", [20, 1024])
def test_inverse_matrices_are_the_inverse_transform(n_fft: int) -> None:
    spectrum = torch.fft.rfft(draw(3, n_fft))
    real, imaginary = inverse_matrices(n_fft)
    back = spectrum.real @ real + spectrum.imag @ imaginary
    torch.testing.assert_close(back, draw(3, n_fft), rtol=0, atol=1e-4)


def test_upsampling_is_linear_between_centres() -> None:
    curve = draw(2, 9)
    wanted = F.interpolate(curve[:, None], scale_factor=300, mode="linear")[:, 0]
    torch.testing.assert_close(upsample_linear(curve, 300), wanted, rtol=0, atol=1e-4)


def test_sources_are_the_models_own_but_for_rounding() -> None:
    f0 = 180 + 60 * torch.sin(torch.arange(80) / 7)[None]
    f0[:, 30:40] = 0
    noise = draw(1, 24_000, 9)
    torch.testing.assert_close(
        precise_sines(f0, noise), harmonic_sines(f0, noise), rtol=0, atol=1e-3
    )
    ours, theirs = real_pulse_train(f0, 300), pulse_train(f0, 300)
    assert ours.shape == (1, SAMPLE_RATE)
    assert (ours - theirs).square().mean() < 1e-4 * theirs.square().mean()


def test_the_source_filter_without_complex_numbers_speaks_the_same() -> None:
    torch.manual_seed(0)
    usual = SourceFilterDecoder(TINY).eval()
    torch.nn.init.normal_(usual.head.weight, std=0.3)
    real = RealSourceFilter(TINY).eval()
    real.load_state_dict(usual.state_dict())
    f0 = torch.full((1, 24), 193.0)  # of 200, rounding decides how many harmonics there are
    f0[:, 8:12] = 0
    inputs = (
        draw(1, TINY.hidden_dim, 12), f0, draw(1, 24), draw(1, TINY.style_dim),
        torch.tensor([12]), draw(1, 7200),
    )  # fmt: skip
    with torch.no_grad():
        ours, theirs = real(*inputs), usual(*inputs)
    assert theirs.abs().max() > 0.1
    assert (ours - theirs).square().mean() < 1e-4 * theirs.square().mean()
