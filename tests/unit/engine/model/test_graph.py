"""The whole graph, with both decoders: durations, alignment, batches, training."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from engine.model.config import ModelConfig
from engine.model.graph import Kokoro, alignment_from_durations, round_durations
from engine.model.istftnet import Decoder
from engine.model.layers import valid_mask

TokenBatch = Callable[[list[int]], tuple[Tensor, Tensor]]


@pytest.fixture(params=["istftnet", "source_filter"])
def model(request: pytest.FixtureRequest, tiny: ModelConfig, tiny_small: ModelConfig) -> Kokoro:
    torch.manual_seed(0)
    model = Kokoro(tiny if request.param == "istftnet" else tiny_small).eval()
    # Far from one bin's rounding and over a wide range, so that utterances differ in length.
    torch.nn.init.normal_(model.predictor.duration_proj.linear_layer.weight, std=0.5)
    return model


def padded_noise(model: Kokoro, frame_lengths: Tensor) -> Tensor:
    """Standard normal in each utterance, zero behind its end."""
    frames = int(frame_lengths.max())
    valid = valid_mask(frame_lengths * 600, frames * 600)
    generator = torch.Generator().manual_seed(9)
    if isinstance(model.decoder, Decoder):
        shape = Decoder.noise_shape(len(frame_lengths), frames)
        return torch.randn(shape, generator=generator) * valid[..., None]
    return torch.randn(valid.shape, generator=generator) * valid


def test_durations_round_to_whole_frames() -> None:
    logits = torch.full((1, 3, 10), -50.0)
    logits[0, 1, :4] = 50.0
    logits[0, 2] = 50.0

    assert round_durations(logits).tolist() == [[1, 4, 10]]
    assert round_durations(logits, speed=2.0).tolist() == [[1, 2, 5]]
    assert round_durations(logits, speed=0.5).tolist() == [[1, 8, 20]]


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_speed_must_be_positive(speed: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        round_durations(torch.zeros(1, 1, 5), speed)


def test_alignment_gives_tokens_their_frames_in_order() -> None:
    alignment = alignment_from_durations(torch.tensor([[2, 0, 1], [1, 1, 0]]))

    assert alignment.tolist() == [
        [[1, 1, 0], [0, 0, 0], [0, 0, 1]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 0]],
    ]
    assert alignment_from_durations(torch.tensor([[1, 1]]), frames=4).shape == (1, 2, 4)
    with pytest.raises(ValueError, match="3 frames do not fit in 2"):
        alignment_from_durations(torch.tensor([[1, 2]]), frames=2)


def test_speech_has_the_length_of_its_durations(model: Kokoro, token_batch: TokenBatch) -> None:
    tokens, lengths = token_batch([9, 4, 6])
    speech = model.synthesize(tokens, lengths, torch.randn(3, 2 * model.config.style_dim))
    frames = speech.durations.sum(dim=1)

    assert (speech.durations[valid_mask(lengths, 9)] >= 1).all()
    assert (speech.durations[~valid_mask(lengths, 9)] == 0).all()
    assert speech.sample_lengths.tolist() == (frames * 600).tolist()
    assert speech.audio.shape == (3, int(frames.max()) * 600)
    assert speech.f0.shape == speech.energy.shape == (3, int(frames.max()) * 2)
    assert [len(audio) for audio in speech.utterances()] == speech.sample_lengths.tolist()
    assert all(audio.abs().max() > 1e-4 for audio in speech.utterances())
    assert torch.isfinite(speech.audio).all()


def test_padding_changes_nothing(model: Kokoro, token_batch: TokenBatch) -> None:
    """A padded batch gives what its utterances give alone, part by part.

    The decoder gets the batch's F0 in both runs: the iSTFTNet excitation enters as a phase, which
    a rounding error in F0 can carry across the cut between pi and -pi.
    """
    tokens, lengths = token_batch([9, 4, 6])
    style = torch.randn(3, 2 * model.config.style_dim, generator=torch.Generator().manual_seed(1))
    acoustic, prosodic = style.chunk(2, dim=1)
    with torch.no_grad():
        batch = model.synthesize(tokens, lengths, style)
        frames = batch.durations.sum(dim=1)
        noise = padded_noise(model, frames)
        audio = model.decode(
            model.encode_text(tokens, lengths),
            alignment_from_durations(batch.durations),
            batch.f0,
            batch.energy,
            acoustic,
            frames,
            noise,
        )
        for row, (count, length) in enumerate(zip(lengths.tolist(), frames.tolist(), strict=True)):
            one, samples = slice(row, row + 1), 600 * length
            text = model.encode_text(tokens[one, :count], lengths[one])
            logits, encoded = model.durations(text, prosodic[one], lengths[one])
            durations = round_durations(logits)
            alignment = alignment_from_durations(durations)
            prosody = model.prosody(encoded, alignment, prosodic[one], frames[one])
            curve = slice(0, 2 * length)
            alone = model.decode(
                text,
                alignment,
                batch.f0[one, curve],
                batch.energy[one, curve],
                acoustic[one],
                frames[one],
                noise[one, :samples],
            )

            assert torch.equal(durations, batch.durations[one, :count])
            assert_same(batch.f0[one, curve], prosody.f0, tolerance=1e-3)
            assert_same(batch.energy[one, curve], prosody.energy, tolerance=1e-4)
            assert_same(audio[one, :samples], alone, tolerance=1e-4)


def assert_same(batched: Tensor, alone: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(batched, alone, rtol=1e-4, atol=tolerance)


def test_each_style_half_has_its_part(model: Kokoro, token_batch: TokenBatch) -> None:
    tokens, lengths = token_batch([8])
    size = model.config.style_dim
    style = torch.zeros(1, 2 * size)
    timbre, manner = style.clone(), style.clone()
    timbre[:, :size] = 2.0
    manner[:, size:] = 2.0

    def speak(style: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        torch.manual_seed(0)
        speech = model.synthesize(tokens, lengths, style)
        return speech.durations, speech.f0, speech.audio

    plain, other_timbre, other_manner = speak(style), speak(timbre), speak(manner)
    assert torch.equal(plain[0], other_timbre[0]) and torch.equal(plain[1], other_timbre[1])
    assert not torch.equal(plain[2], other_timbre[2])
    assert not torch.equal(plain[1], other_manner[1])


def test_faster_is_shorter(model: Kokoro, token_batch: TokenBatch) -> None:
    tokens, lengths = token_batch([10])
    style = torch.zeros(1, 2 * model.config.style_dim)
    slow = model.synthesize(tokens, lengths, style, speed=0.5)
    fast = model.synthesize(tokens, lengths, style, speed=2.0)

    assert slow.sample_lengths[0] > fast.sample_lengths[0]


def test_one_batch_can_be_learnt(model: Kokoro, token_batch: TokenBatch) -> None:
    """A padded batch trains end to end: durations, energy and loudness of the audio all improve."""
    torch.manual_seed(0)
    tokens, lengths = token_batch([6, 4])
    durations = torch.tensor([[1, 2, 2, 1, 3, 1], [1, 3, 1, 1, 0, 0]])
    frames = durations.sum(dim=1)
    alignment = alignment_from_durations(durations)
    style = torch.randn(2, 2 * model.config.style_dim)
    acoustic, prosodic = style.chunk(2, dim=1)
    f0, energy = torch.full((2, 20), 180.0), torch.linspace(-1, 1, 20).expand(2, -1)
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(12):
        text = model.encode_text(tokens, lengths)
        logits, encoded = model.durations(text, prosodic, lengths)
        predicted = model.prosody(encoded, alignment, prosodic, frames)
        audio = model.decode(text, alignment, f0, energy, acoustic, frames)
        power = audio.unfold(1, 600, 600).square().mean(-1) + 1e-5
        valid = valid_mask(frames, 10)
        loss = (
            (logits.sigmoid().sum(-1) - durations)[valid_mask(lengths, 6)].abs().mean()
            + (predicted.energy - energy)[valid.repeat_interleave(2, 1)].abs().mean()
            + (power.log() + 4)[valid].abs().mean()
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())

    assert losses[-1] < 0.7 * losses[0]
