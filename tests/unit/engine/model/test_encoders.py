"""ALBERT, the text encoder and the prosody predictor: batches, limits, heads, gradients."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from engine.model.albert import Albert
from engine.model.config import ModelConfig
from engine.model.graph import alignment_from_durations
from engine.model.layers import valid_mask
from engine.model.predictor import DurationEncoder, ProsodyPredictor
from engine.model.text_encoder import TextEncoder

TokenBatch = Callable[[list[int]], tuple[Tensor, Tensor]]
LENGTHS = [5, 11, 2, 8]


def test_albert_padding_changes_nothing(tiny: ModelConfig, token_batch: TokenBatch) -> None:
    torch.manual_seed(0)
    albert = Albert(tiny.n_token, tiny.plbert).eval()
    tokens, lengths = token_batch(LENGTHS)
    batched = albert(tokens, valid_mask(lengths, tokens.shape[1]))

    for row, length in enumerate(LENGTHS):
        alone = albert(tokens[row, None, :length], torch.ones(1, length, dtype=torch.bool))
        torch.testing.assert_close(batched[row, None, :length], alone)


def test_albert_training_and_speaking_agree(tiny: ModelConfig, token_batch: TokenBatch) -> None:
    albert = Albert(tiny.n_token, tiny.plbert)  # its dropout is 0
    tokens, lengths = token_batch(LENGTHS)
    mask = valid_mask(lengths, tokens.shape[1])

    torch.testing.assert_close(albert.train()(tokens, mask), albert.eval()(tokens, mask))


def test_albert_reads_order_and_context(tiny: ModelConfig) -> None:
    torch.manual_seed(0)
    albert = Albert(tiny.n_token, tiny.plbert).eval()
    tokens = torch.tensor([[1, 2, 3, 4]])
    mask = torch.ones_like(tokens, dtype=torch.bool)
    changed = albert(torch.tensor([[1, 2, 3, 5]]), mask)

    assert not torch.allclose(albert(tokens, mask)[:, 0], changed[:, 0])
    assert not torch.allclose(albert(tokens, mask)[:, 1], albert(tokens.flip(1), mask)[:, 2])


def test_albert_refuses_more_than_its_context(tiny: ModelConfig) -> None:
    albert = Albert(tiny.n_token, tiny.plbert)
    tokens = torch.ones(1, 65, dtype=torch.int64)

    with pytest.raises(ValueError, match="65 tokens are more than the model's context of 64"):
        albert(tokens, tokens > 0)


def test_text_encoder_padding_changes_nothing(tiny: ModelConfig, token_batch: TokenBatch) -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(tiny).eval()
    tokens, lengths = token_batch(LENGTHS)
    mask = valid_mask(lengths, tokens.shape[1])
    batched = encoder(tokens, lengths, mask)

    assert batched.shape == (4, tiny.hidden_dim, 11)
    for row, length in enumerate(LENGTHS):
        alone = encoder(tokens[row, None, :length], lengths[row, None], mask[row, None, :length])
        torch.testing.assert_close(batched[row, None, :, :length], alone)
    assert (batched * ~mask[:, None] == 0).all()


@pytest.mark.parametrize("kinds", [("lstm", "lstm"), ("mamba", "lstm"), ("mamba", "mamba")])
def test_duration_encoder_padding_changes_nothing(
    tiny: ModelConfig, kinds: tuple[str, str]
) -> None:
    torch.manual_seed(0)
    encoder = DurationEncoder(tiny.model_copy(update={"duration_encoder": kinds})).eval()
    lengths = torch.tensor(LENGTHS)
    mask = valid_mask(lengths, 11)
    x, style = torch.randn(4, tiny.hidden_dim, 11), torch.randn(4, tiny.style_dim)
    batched = encoder(x, style, lengths, mask)

    assert batched.shape == (4, 11, tiny.hidden_dim + tiny.style_dim)
    for row, length in enumerate(LENGTHS):
        one = slice(row, row + 1)
        alone = encoder(x[one, :, :length], style[one], lengths[one], mask[one, :length])
        torch.testing.assert_close(batched[one, :length], alone, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(  # the style rejoins after the last norm too
            alone[0, :, tiny.hidden_dim :], style[row].expand(length, -1)
        )
    assert (batched * ~mask[..., None] == 0).all()


@pytest.mark.parametrize("voicing_head", [False, True])
def test_predictor_padding_changes_nothing(tiny: ModelConfig, voicing_head: bool) -> None:
    torch.manual_seed(0)
    predictor = ProsodyPredictor(tiny.model_copy(update={"voicing_head": voicing_head})).eval()
    frames = torch.tensor([7, 3, 12])
    aligned = torch.randn(3, tiny.hidden_dim + tiny.style_dim, 12)
    style = torch.randn(3, tiny.style_dim)
    batched = predictor.curves(aligned, style, frames)

    assert batched.f0.shape == batched.energy.shape == (3, 24)
    for row, length in enumerate(frames.tolist()):
        one = slice(row, row + 1)
        alone = predictor.curves(aligned[one, :, :length], style[one], frames[one])
        torch.testing.assert_close(batched.f0[one, : 2 * length], alone.f0, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(
            batched.energy[one, : 2 * length], alone.energy, rtol=1e-4, atol=1e-4
        )
        assert (batched.f0[row, 2 * length :] == 0).all()
        assert (batched.energy[row, 2 * length :] == 0).all()


def test_voicing_head_gates_f0(tiny: ModelConfig) -> None:
    torch.manual_seed(0)
    predictor = ProsodyPredictor(tiny.model_copy(update={"voicing_head": True})).eval()
    aligned = torch.randn(2, tiny.hidden_dim + tiny.style_dim, 40)
    prosody = predictor.curves(aligned, torch.randn(2, tiny.style_dim), torch.tensor([40, 40]))
    log_f0, voicing = prosody.log_f0, prosody.voicing

    assert log_f0 is not None and voicing is not None
    voiced = voicing > 0
    assert voiced.any() and not voiced.all()
    assert (prosody.f0[~voiced] == 0).all()
    torch.testing.assert_close(prosody.f0[voiced], 100 * 2 ** log_f0[voiced])


def test_a_fresh_predictor_speaks_at_a_normal_pace(tiny: ModelConfig) -> None:
    torch.manual_seed(0)
    predictor = ProsodyPredictor(tiny.model_copy(update={"max_dur": 50})).eval()
    lengths = torch.tensor([20])
    x, style = torch.randn(1, tiny.hidden_dim, 20), torch.randn(1, tiny.style_dim)
    logits, _ = predictor.durations(x, style, lengths, valid_mask(lengths, 20))

    assert 2 < logits.sigmoid().sum(-1).mean() < 8  # alignment frames


def test_dropout_follows_training(tiny: ModelConfig) -> None:
    torch.manual_seed(0)
    predictor = ProsodyPredictor(tiny)
    lengths = torch.tensor([20])
    inputs = (
        torch.randn(1, tiny.hidden_dim, 20),
        torch.randn(1, tiny.style_dim),
        lengths,
        valid_mask(lengths, 20),
    )
    predictor.train()
    assert not torch.equal(predictor.durations(*inputs)[0], predictor.durations(*inputs)[0])
    predictor.eval()
    assert torch.equal(predictor.durations(*inputs)[0], predictor.durations(*inputs)[0])


@pytest.mark.parametrize("kind", ["lstm", "mamba"])
def test_every_parameter_learns(tiny: ModelConfig, kind: str) -> None:
    torch.manual_seed(0)
    config = tiny.model_copy(update={"duration_encoder": (kind, kind), "voicing_head": True})
    predictor = ProsodyPredictor(config)
    lengths = torch.tensor([6, 4])
    style = torch.randn(2, tiny.style_dim, requires_grad=True)
    x = torch.randn(2, tiny.hidden_dim, 6, requires_grad=True)
    logits, encoded = predictor.durations(x, style, lengths, valid_mask(lengths, 6))
    alignment = alignment_from_durations(torch.tensor([[2, 1, 3, 2, 1, 2], [1, 2, 3, 1, 0, 0]]))
    curves = predictor.curves(encoded.transpose(1, 2) @ alignment, style, torch.tensor([11, 7]))
    assert curves.log_f0 is not None and curves.voicing is not None
    loss = sum(
        (t.square().mean() for t in (logits, curves.log_f0, curves.voicing, curves.energy)),
        torch.zeros(()),
    )
    loss.backward()

    still = [n for n, p in predictor.named_parameters() if p.grad is None or not p.grad.any()]
    # Instance norm takes out what a bias before it adds.
    assert [name for name in still if not name.endswith("bias")] == []
    assert style.grad is not None and style.grad.any()
    assert x.grad is not None and x.grad.any()
