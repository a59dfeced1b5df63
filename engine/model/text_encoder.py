"""The text encoder: phoneme ids to the features that the decoder speaks from."""

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from engine.model.config import ModelConfig
from engine.model.layers import ChannelLayerNorm, run_lstm


class TextEncoder(nn.Module):
    """Embedding, `n_layer` convolutions with layer norm, one BiLSTM (StyleTTS 2)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        channels, kernel = config.hidden_dim, config.text_encoder_kernel_size
        self.embedding = nn.Embedding(config.n_token, channels)
        self.cnn = nn.ModuleList(
            nn.Sequential(
                weight_norm(nn.Conv1d(channels, channels, kernel, padding=kernel // 2)),
                ChannelLayerNorm(channels),
                nn.LeakyReLU(0.2),
                nn.Dropout(config.dropout),
            )
            for _ in range(config.n_layer)
        )
        self.lstm = nn.LSTM(channels, channels // 2, batch_first=True, bidirectional=True)

    def forward(self, tokens: Tensor, lengths: Tensor, mask: Tensor) -> Tensor:
        """Encode phonemes.

        Args:
            tokens: (batch, tokens) int64.
            lengths: (batch,) int64.
            mask: (batch, tokens) bool, True where a token is not padding.

        Returns:
            (batch, hidden_dim, tokens), zero in the padding.
        """
        valid = mask[:, None]  # (batch, 1, tokens)
        x = F.embedding(tokens, self.embedding.weight).transpose(1, 2) * valid
        for block in self.cnn:
            x = block(x) * valid
        return run_lstm(self.lstm, x.transpose(1, 2), lengths).transpose(1, 2)
