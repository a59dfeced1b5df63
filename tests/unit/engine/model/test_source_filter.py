"""The source is in tune and even in power, the filter is causal with the magnitude asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.model.config import SMALL
from engine.model.source_filter import (
    SAMPLE_RATE,
    SourceFilterDecoder,
    band_basis,
    minimum_phase,
    pulse_train,
)

HOP = 300


@pytest.mark.parametrize("hertz", [70.0, 133.7, 240.0, 511.0])
def test_pulses_have_the_pitch_asked_for_and_unit_power(hertz: float) -> None:
    pulses = pulse_train(torch.full((1, 160), hertz), HOP)[0].numpy()
    spectrum = np.abs(np.fft.rfft(pulses * np.hanning(len(pulses))))
    peaks = [spectrum[round(k * hertz * len(pulses) / SAMPLE_RATE)] for k in range(1, 10)]
    between = [spectrum[round((k + 0.5) * hertz * len(pulses) / SAMPLE_RATE)] for k in range(1, 10)]
    assert min(peaks) > 100 * max(between)
    assert np.mean(pulses**2) == pytest.approx(1, rel=0.05)


def test_nothing_sounds_where_unvoiced_and_pitch_holds_at_the_border() -> None:
    f0 = torch.zeros(1, 80)
    f0[:, 20:60] = 200.0
    pulses = pulse_train(f0, HOP)[0]
    assert not pulses[: 20 * HOP].any()
    assert not pulses[60 * HOP :].any()
    edge = pulses[20 * HOP : 24 * HOP].numpy()  # ten periods, the first of them at the border
    loud = np.flatnonzero(edge > 0.8 * edge.max())
    gaps = np.diff(loud)[np.diff(loud) > 20]
    assert np.allclose(gaps, SAMPLE_RATE / 200, atol=3)


def test_an_hour_does_not_drift() -> None:
    frames = 80 * 600
    pulses = pulse_train(torch.full((1, frames), 200.0), HOP)[0]
    period = SAMPLE_RATE // 200
    start = pulses[:period].argmax() % period
    end = pulses[-period:].argmax() % period
    assert abs(int(start) - int((end + len(pulses)) % period)) <= 1


def test_minimum_phase_keeps_magnitude_and_is_causal() -> None:
    torch.manual_seed(0)
    log_magnitude = (torch.randn(40) @ band_basis(40, 1024)) * 0.5
    response = minimum_phase(log_magnitude, 1024)
    torch.testing.assert_close(response.abs().log(), log_magnitude, rtol=1e-3, atol=1e-3)
    impulse = torch.fft.irfft(response, 1024)
    assert impulse[:512].square().sum() > 0.999 * impulse.square().sum()


def test_bands_interpolate_to_one() -> None:
    basis = band_basis(64, 1024)
    assert basis.shape == (64, 513)
    torch.testing.assert_close(basis.sum(0), torch.ones(513))


def test_padding_changes_nothing() -> None:
    torch.manual_seed(1)
    decoder = SourceFilterDecoder(SMALL).eval()
    asr, f0, energy = torch.randn(2, 192, 12), torch.full((2, 24), 150.0), torch.randn(2, 24)
    style, noise = torch.randn(2, 64), torch.randn(2, 12 * 600)
    together = decoder(asr, f0, energy, style, torch.tensor([12, 7]), noise)
    alone = decoder(
        asr[1:, :, :7],
        f0[1:, :14],
        energy[1:, :14],
        style[1:],
        torch.tensor([7]),
        noise[1:, : 7 * 600],
    )
    # the last frame's filter rings on behind the end where there is room for it
    torch.testing.assert_close(
        together[1, : 7 * 600 - 300], alone[0, : 7 * 600 - 300], rtol=1e-4, atol=1e-5
    )


def test_gradients_reach_text_energy_and_style() -> None:
    decoder = SourceFilterDecoder(SMALL)
    asr, energy = torch.randn(1, 192, 4, requires_grad=True), torch.randn(1, 8, requires_grad=True)
    style = torch.randn(1, 64, requires_grad=True)
    torch.nn.init.normal_(decoder.head.weight, std=0.1)
    decoder(
        asr, torch.full((1, 8), 120.0), energy, style, torch.tensor([4])
    ).square().sum().backward()
    for leaf in (asr, energy, style):
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all()
        assert leaf.grad.abs().sum() > 0
