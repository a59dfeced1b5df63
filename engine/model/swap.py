"""LSTMs of the duration encoder out, bidirectional Mamba-2 blocks in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from engine.errors import EngineError
from engine.model.base import SpeechModel
from engine.model.config import ModelConfig
from engine.model.mamba2 import BidirectionalMamba2

Layers = Literal["all", "first"] | Sequence[int]


def swap(model: SpeechModel, layers: Layers) -> tuple[int, ...]:
    """Put fresh Mamba-2 blocks in the place of a model's LSTMs; every other weight stays.

    A block's input, its output, what it does with padding, the norms and the styles between the
    layers are as before. Fresh blocks know nothing: distil them before anything else.

    Args:
        model: changed in place, its configuration too.
        layers: of the duration encoder, from 0; "first" is layer 0, "all" every LSTM there is.

    Returns:
        The layers that were swapped, in order.

    Raises:
        EngineError: a layer is not there or is no LSTM; see `chosen_layers`.
    """
    chosen = chosen_layers(model.config, layers)
    config = model.config
    encoder = model.graph.predictor.text_encoder
    width = config.hidden_dim + config.style_dim
    place = next(encoder.parameters())
    for layer in chosen:
        block = BidirectionalMamba2(width, config.hidden_dim, config.mamba)
        encoder.lstms[2 * layer] = block.to(place.device, place.dtype).train(encoder.training)
    kinds = tuple("mamba" if i in chosen else k for i, k in enumerate(config.duration_encoder))
    model.config = model.graph.config = config.model_copy(update={"duration_encoder": kinds})
    return chosen


def chosen_layers(config: ModelConfig, layers: Layers) -> tuple[int, ...]:
    """Which layers of a duration encoder are meant.

    Raises:
        EngineError: none is left to swap, or one that was named is not there or no LSTM.
    """
    kinds = config.duration_encoder
    lstms = tuple(index for index, kind in enumerate(kinds) if kind == "lstm")
    has = f"the duration encoder's layers are {', '.join(kinds)}"
    if not lstms:
        raise EngineError(f"there is no LSTM to swap: {has}", "choose a base that has LSTMs")
    if layers == "all":
        return lstms
    wanted = (0,) if layers == "first" else tuple(sorted({int(layer) for layer in layers}))
    wrong = [layer for layer in wanted if layer not in lstms]
    if wrong or not wanted:
        problem = f"layer {wrong[0]} cannot be swapped" if wrong else "no layer is named"
        raise EngineError(f"{problem}: {has}", f"LSTMs: {', '.join(map(str, lstms))}")
    return wanted
