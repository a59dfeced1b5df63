"""ALBERT (Lan et al. 2020), the encoder under PL-BERT: one transformer layer, applied many times.

Parameter names are those of the published checkpoint, which come from the common implementation of
ALBERT; hence the nesting and the mixed spelling.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.model.config import PLBertConfig

LAYER_NORM_EPS = 1e-12
TOKEN_TYPES = 2  # of sentence-pair pre-training; a phoneme sequence is always type 0
INITIALIZER_STD = 0.02


class AlbertEmbeddings(nn.Module):
    """Sum of token, position and type embeddings, normalised."""

    def __init__(self, n_token: int, config: PLBertConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(n_token, config.embedding_size)
        self.position_embeddings = nn.Embedding(
            config.max_position_embeddings, config.embedding_size
        )
        self.token_type_embeddings = nn.Embedding(TOKEN_TYPES, config.embedding_size)
        self.LayerNorm = nn.LayerNorm(config.embedding_size, eps=LAYER_NORM_EPS)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens) int64 -> (batch, tokens, embedding_size)."""
        words = self.word_embeddings(tokens) + self.token_type_embeddings.weight[0]
        places = self.position_embeddings.weight[: tokens.shape[1]]
        embedded: Tensor = self.dropout(self.LayerNorm(words + places))
        return embedded


class AlbertAttention(nn.Module):
    """Multi-head self-attention with its residual and post-norm."""

    def __init__(self, config: PLBertConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.dense = nn.Linear(width, width)
        self.LayerNorm = nn.LayerNorm(width, eps=LAYER_NORM_EPS)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens, hidden), (batch, 1, 1, tokens) bool -> (batch, tokens, hidden)."""
        query, key, value = (
            # (batch, tokens, hidden) -> (batch, heads, tokens, hidden / heads)
            project(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for project in (self.query, self.key, self.value)
        )
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        attended = attended.transpose(1, 2).flatten(2)  # (batch, tokens, hidden)
        out: Tensor = self.LayerNorm(x + self.dropout(self.dense(attended)))
        return out


class AlbertLayer(nn.Module):
    """Attention and feed-forward, each with residual and post-norm."""

    def __init__(self, config: PLBertConfig) -> None:
        super().__init__()
        self.full_layer_layer_norm = nn.LayerNorm(config.hidden_size, eps=LAYER_NORM_EPS)
        self.attention = AlbertAttention(config)
        self.ffn = nn.Linear(config.hidden_size, config.intermediate_size)
        self.ffn_output = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens, hidden), (batch, 1, 1, tokens) bool -> (batch, tokens, hidden)."""
        attended = self.attention(x, mask)
        expanded = self._activate(self.ffn(attended))
        out: Tensor = self.full_layer_layer_norm(self.ffn_output(expanded) + attended)
        return out

    def _activate(self, x: Tensor) -> Tensor:
        """GELU by its tanh approximation (Hendrycks and Gimpel 2016).

        One fused kernel in training. Otherwise in the published order of operations: a rounding
        error here reaches F0, and from there the branch cut of the excitation's phase.
        """
        if self.training:
            return F.gelu(x, approximate="tanh")
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x.pow(3))))


class AlbertLayerGroup(nn.Module):
    """The nesting level that ALBERT calls a group; here it holds one layer."""

    def __init__(self, config: PLBertConfig) -> None:
        super().__init__()
        self.albert_layers = nn.ModuleList([AlbertLayer(config)])


class AlbertTransformer(nn.Module):
    """Widens the embeddings and applies the shared layer `num_hidden_layers` times."""

    def __init__(self, config: PLBertConfig) -> None:
        super().__init__()
        self.passes = config.num_hidden_layers
        self.embedding_hidden_mapping_in = nn.Linear(config.embedding_size, config.hidden_size)
        self.albert_layer_groups = nn.ModuleList([AlbertLayerGroup(config)])

    def forward(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """(batch, tokens, embedding), (batch, 1, 1, tokens) bool -> (batch, tokens, hidden)."""
        x: Tensor = self.embedding_hidden_mapping_in(embedded)
        for _ in range(self.passes):
            for group in self.albert_layer_groups:
                assert isinstance(group, AlbertLayerGroup)
                for layer in group.albert_layers:
                    x = layer(x, mask)
        return x


class Albert(nn.Module):
    """Contextual phoneme features."""

    def __init__(self, n_token: int, config: PLBertConfig) -> None:
        super().__init__()
        self.max_tokens = config.max_position_embeddings
        self.embeddings = AlbertEmbeddings(n_token, config)
        self.encoder = AlbertTransformer(config)
        if config.pooler:
            self.pooler = nn.Linear(config.hidden_size, config.hidden_size)
        self.apply(_initialise)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Encode phonemes.

        Args:
            tokens: (batch, tokens) int64.
            mask: (batch, tokens) bool, True where a token is not padding.

        Returns:
            (batch, tokens, hidden_size); what stands in the padding means nothing.

        Raises:
            ValueError: the sequence is longer than the position embeddings.
        """
        if tokens.shape[1] > self.max_tokens:
            raise ValueError(
                f"{tokens.shape[1]} tokens are more than the model's context of "
                f"{self.max_tokens}: split the text into shorter chunks"
            )
        encoded: Tensor = self.encoder(self.embeddings(tokens), mask[:, None, None])
        return encoded


def _initialise(module: nn.Module) -> None:
    """BERT's initialisation: without it, twelve passes through one layer start unstable."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=INITIALIZER_STD)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=INITIALIZER_STD)
