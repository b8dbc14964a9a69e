"""The classifier: two convolutions over sixteen embeddings, and two layers on what they find."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CHANNELS, HIDDEN = 32, 32


class WordNetwork(nn.Module):
    """Embeddings (batch, 16, 96) to a probability (batch, 1). 28,000 parameters."""

    def __init__(self, mean: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread.clamp(min=1e-3))
        self.first = nn.Conv1d(96, CHANNELS, 3, padding=1)
        self.second = nn.Conv1d(CHANNELS, CHANNELS, 3, padding=1)
        self.hidden = nn.Linear(CHANNELS * 16, HIDDEN)
        self.answer = nn.Linear(HIDDEN, 1)
        self.drop = nn.Dropout(0.3)

    def forward(self, embeddings: Tensor) -> Tensor:
        return torch.sigmoid(self.logits(embeddings))[:, None]

    def logits(self, embeddings: Tensor) -> Tensor:
        """Shape (batch,)."""
        seen = ((embeddings - self.mean) / self.spread).transpose(1, 2)
        seen = torch.relu(self.first(seen))
        seen = self.drop(torch.relu(self.second(seen)))
        return self.answer(self.drop(torch.relu(self.hidden(seen.flatten(1)))))[:, 0]
