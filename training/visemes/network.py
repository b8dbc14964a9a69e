"""The network in PyTorch, and how it becomes an ONNX file whose state is carried by its caller."""

from __future__ import annotations

import torch
from targets import CLASSES
from torch import Tensor, nn

from avatar_app.engines.face.animation.spectrum import BANDS

CONTEXTS = (5, 3)
"""Columns that each convolution sees: the newest one last."""
CHANNELS, UNITS = 64, 112
DELAY = 7
"""Columns by which the answer comes later than its column."""


class Lips(nn.Module):
    """Mel columns to what the mouth does DELAY columns before."""

    def __init__(self) -> None:
        super().__init__()
        self.near = nn.Conv1d(BANDS, CHANNELS, CONTEXTS[0])
        self.wide = nn.Conv1d(CHANNELS, UNITS, CONTEXTS[1])
        self.memory = nn.GRU(UNITS, UNITS, batch_first=True)
        self.shape = nn.Linear(UNITS, len(CLASSES))
        self.curves = nn.Linear(UNITS, 2)
        self.rest = nn.Dropout(0.1)

    def forward(self, mel: Tensor, past: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        """mel (batch, n, BANDS), past (batch, columns before, BANDS), memory (1, batch, UNITS).

        Returns logits of the classes (batch, n, classes), of opening and closure (batch, n, 2),
        and the past and the memory for the next call.
        """
        seen = torch.cat([past, mel], 1)
        hidden = torch.relu(self.near(seen.transpose(1, 2)))
        hidden = torch.relu(self.wide(hidden)).transpose(1, 2)
        hidden, memory = self.memory(self.rest(hidden), memory)
        hidden = self.rest(hidden)
        return self.shape(hidden), self.curves(hidden), seen[:, -past_columns() :], memory


def past_columns() -> int:
    """How many columns before the newest ones the convolutions need."""
    return sum(context - 1 for context in CONTEXTS)


def start(batch: int) -> tuple[Tensor, Tensor]:
    """Past and memory before a sound begins."""
    return torch.zeros(batch, past_columns(), BANDS), torch.zeros(1, batch, UNITS)
