"""The discriminator learns what real envelopes look like, and teaches only the audio."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.training.adversary import Adversary

SAMPLES = 12_000


def pulses(sharp: bool, count: int, seed: int) -> Tensor:
    """(count, samples) noise through a resonance, wide or narrow."""
    generator = torch.Generator().manual_seed(seed)
    spectrum = torch.fft.rfft(torch.randn(count, SAMPLES, generator=generator))
    hertz = torch.linspace(0, 12_000, spectrum.shape[-1])
    width = 300 if sharp else 1500
    gain = torch.exp(-(((hertz - 2500) / width) ** 2)) * (1500 / width) ** 0.5
    return 0.1 * torch.fft.irfft(spectrum * gain, SAMPLES)


def test_it_learns_to_tell_blurred_envelopes_from_real_ones() -> None:
    adversary = Adversary(seed=1)
    optimizer = torch.optim.AdamW(adversary.parameters(), lr=2e-3)
    for step in range(30):
        judgement = adversary(pulses(False, 4, 2 * step), pulses(True, 4, 2 * step + 1))
        optimizer.zero_grad()
        judgement.judge.backward()
        optimizer.step()
    held_out = pulses(True, 4, 1001)
    blurred = adversary(pulses(False, 4, 1000), held_out)
    real = adversary(pulses(True, 4, 1002), held_out)
    assert blurred.judge < 0.2  # one who guesses has 0.5
    assert real.adversarial < 0.3 < blurred.adversarial
    assert real.features < blurred.features


def test_the_audio_gets_its_gradient_and_the_judge_only_its_own() -> None:
    adversary = Adversary(seed=1)
    made, real = pulses(False, 2, 0).requires_grad_(), pulses(True, 2, 1)
    judgement = adversary(made, real)
    (judgement.adversarial + judgement.features).backward()
    assert made.grad is not None
    assert made.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in adversary.parameters())
    made.grad = None
    judgement.judge.backward()
    assert made.grad is None
    assert all(parameter.grad is not None for parameter in adversary.parameters())


def test_its_first_weights_depend_on_its_seed_alone() -> None:
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    first = Adversary(seed=1).state_dict()
    assert torch.equal(torch.randn(3), expected)  # the global generator goes on undisturbed
    second, other = Adversary(seed=1).state_dict(), Adversary(seed=2).state_dict()
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert any(not torch.equal(value, other[name]) for name, value in first.items())
