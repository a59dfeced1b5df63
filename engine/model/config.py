"""Sizes of the model, as frozen values.

The names are those of Kokoro's published `config.json`; what the published graph fixes in code
(decoder widths, which layers are recurrent) is a value here, so that one graph serves both sizes:
`KOKORO`, the 82M parameters of the public checkpoint, and `SMALL`, which trains on a CPU.
"""

import math
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

SAMPLE_RATE = 24_000  # Hz
FRAME_SAMPLES = 600  # samples per alignment frame: 25 ms
CURVE_HOP = 300  # samples per F0 and energy value: 12.5 ms, the mel hop
CURVES_PER_FRAME = FRAME_SAMPLES // CURVE_HOP
F0_REFERENCE = 100.0  # Hz, where log2 F0 is 0 wherever it is a number of the model

SequenceLayer = Literal["lstm", "mamba"]

UNUSED_KOKORO_KEYS = frozenset({"dim_in", "max_conv_dim", "multispeaker", "vocab"})


class StrictModel(BaseModel):
    """A frozen table of values that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PLBertConfig(StrictModel):
    """The ALBERT encoder that reads the phonemes (PL-BERT)."""

    hidden_size: int = 768
    num_attention_heads: int = 12
    intermediate_size: int = 2048
    num_hidden_layers: int = 12
    """Passes through the one shared layer."""
    embedding_size: int = 128
    max_position_embeddings: int = 512
    """Longest token sequence, BOS and EOS included."""
    dropout: float = 0.0
    """Applied to the embeddings and after each attention block."""
    pooler: bool = False
    """Hold the sentence pooler of the published checkpoint, which nothing reads."""

    @model_validator(mode="after")
    def heads_divide_hidden(self) -> Self:
        """Each attention head takes an equal share of the channels."""
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"plbert.hidden_size {self.hidden_size} is not a multiple of "
                f"num_attention_heads {self.num_attention_heads}"
            )
        return self


class ISTFTNetConfig(StrictModel):
    """The AdaIN decoder and its harmonic-plus-noise iSTFTNet generator."""

    upsample_rates: tuple[int, ...] = (10, 6)
    upsample_kernel_sizes: tuple[int, ...] = (20, 12)
    upsample_initial_channel: int = 512
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resblock_dilation_sizes: tuple[tuple[int, int, int], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    gen_istft_n_fft: int = 20
    gen_istft_hop_size: int = 5
    decoder_channels: int = 1024
    """Width of the AdaIN blocks before the generator."""
    residual_channels: int = 64
    """Width of the text features that every AdaIN block sees again."""

    @model_validator(mode="after")
    def lengths_fit(self) -> Self:
        """One F0 value becomes `CURVE_HOP` samples, and the lists match pairwise."""
        hop = math.prod(self.upsample_rates) * self.gen_istft_hop_size
        if hop != CURVE_HOP:
            raise ValueError(f"istftnet makes {hop} samples per F0 value, it must be {CURVE_HOP}")
        if len(self.upsample_rates) != len(self.upsample_kernel_sizes):
            raise ValueError("istftnet.upsample_rates and upsample_kernel_sizes differ in length")
        if len(self.resblock_kernel_sizes) != len(self.resblock_dilation_sizes):
            raise ValueError(
                "istftnet.resblock_kernel_sizes and resblock_dilation_sizes differ in length"
            )
        return self


class SourceFilterConfig(StrictModel):
    """The source-filter decoder: pulses and noise shaped by predicted spectral envelopes."""

    width: int = 256
    blocks: int = 6
    kernel_size: int = 7
    harmonic_bands: int = 128
    noise_bands: int = 64
    n_fft: int = 1024
    win_length: int = 600  # samples
    hop: int = CURVE_HOP  # samples

    @model_validator(mode="after")
    def hop_is_curve_hop(self) -> Self:
        """Envelopes run at the rate of F0 and energy."""
        if self.hop != CURVE_HOP:
            raise ValueError(f"source_filter.hop is {self.hop}, it must be {CURVE_HOP}")
        return self


class MambaConfig(StrictModel):
    """A Mamba-2 block (Dao and Gu 2024), one per direction."""

    d_state: int = 64
    headdim: int = 64
    expand: int = 1
    """Inner width as a multiple of the input width."""
    d_conv: int = 4
    chunk_size: int = 64
    """Tokens per chunk of the chunked (SSD) scan."""


class ModelConfig(StrictModel):
    """Every size of the graph; the defaults are Kokoro-82M's."""

    hidden_dim: int = 512
    style_dim: int = 128
    """Channels of one half of a style: acoustic (decoder) or prosodic (predictor)."""
    n_layer: int = 3
    """Layers of the text encoder, and of the duration encoder."""
    n_token: int = 178
    n_mels: int = 80
    """Mel bands of the features that training compares; no weight has this size."""
    max_dur: int = 50
    """Duration bins: the longest token, in alignment frames of 25 ms."""
    text_encoder_kernel_size: int = 5
    dropout: float = 0.2
    plbert: PLBertConfig = PLBertConfig()
    decoder: Literal["istftnet", "source_filter"] = "istftnet"
    istftnet: ISTFTNetConfig = ISTFTNetConfig()
    source_filter: SourceFilterConfig = SourceFilterConfig()
    duration_encoder: tuple[SequenceLayer, ...] = ("lstm", "lstm", "lstm")
    """The kind of each of the `n_layer` layers of the duration encoder."""
    mamba: MambaConfig = MambaConfig()
    voicing_head: bool = False
    """F0 as log2(Hz / 100) with a voicing logit beside it, not as raw Hz."""

    @model_validator(mode="after")
    def layers_are_named(self) -> Self:
        """One kind per duration-encoder layer, and an odd text kernel that keeps the length."""
        if len(self.duration_encoder) != self.n_layer:
            raise ValueError(
                f"duration_encoder names {len(self.duration_encoder)} layers, n_layer is "
                f"{self.n_layer}: give one of 'lstm', 'mamba' per layer"
            )
        if self.text_encoder_kernel_size % 2 == 0:
            raise ValueError("text_encoder_kernel_size must be odd")
        return self

    @classmethod
    def from_kokoro_json(cls, published: Mapping[str, object]) -> Self:
        """Read the published `config.json`, parsed.

        `plbert.dropout` is dropped: the public package hands it to ALBERT under a name that ALBERT
        does not read, so the checkpoint was made without it.

        Raises:
            pydantic.ValidationError: a key is unknown or has the wrong type.
        """
        sizes = {key: value for key, value in published.items() if key not in UNUSED_KOKORO_KEYS}
        plbert = sizes.get("plbert", {})
        if isinstance(plbert, Mapping):
            kept = {key: value for key, value in plbert.items() if key != "dropout"}
            sizes["plbert"] = {**kept, "pooler": True}
        return cls.model_validate(sizes)


KOKORO = ModelConfig(plbert=PLBertConfig(pooler=True))
"""Kokoro-82M (v1.0 and v1.1-zh share these sizes)."""

SMALL = ModelConfig(
    hidden_dim=192,
    style_dim=64,
    dropout=0.0,
    plbert=PLBertConfig(
        hidden_size=192,
        num_attention_heads=4,
        intermediate_size=512,
        num_hidden_layers=3,
        embedding_size=64,
    ),
    decoder="source_filter",
    duration_encoder=("mamba", "mamba", "mamba"),
    mamba=MambaConfig(d_state=32, headdim=32, expand=1, d_conv=4, chunk_size=32),
    voicing_head=True,
)
"""A few million parameters that learn to speak on a CPU."""

SIZES = {"kokoro": KOKORO, "small": SMALL}
