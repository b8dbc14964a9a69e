"""Ways in which vectors of several modalities become one sequence."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import torch
from torch import nn

from avatar_app.core.errors import ConfigInvalid, choose_one_of


class FusionType(StrEnum):
    """How modalities are fused."""

    ATTENTION = "attention"
    """Every vector looks at all vectors of all modalities."""
    WEIGHTED_SUM = "weighted_sum"
    """One vector: the mean of each modality, weighted."""
    CONCAT = "concat"
    """One after the other, unchanged."""
    ATTENTION_WITH_BIAS = "attention_with_bias"
    """Attention, where a modality's weight says how much it is looked at; 0 is not at all."""


def fusion_type_of(name: str) -> FusionType:
    """Return the way that is called so. Raises ConfigInvalid."""
    try:
        return FusionType(name)
    except ValueError:
        raise ConfigInvalid(f"Unknown fusion {name!r}.", choose_one_of(FusionType)) from None


def check_weights(names: Mapping[str, object], weights: Mapping[str, float] | None) -> list[float]:
    """Return a weight for each name, 1 where none is given. Raises ConfigInvalid for a negative
    one, a name that is not there, or if all are 0."""
    given = dict(weights or {})
    if unknown := given.keys() - names.keys():
        hint = choose_one_of(names)
        raise ConfigInvalid(f"There is a weight for {min(unknown)}, but no such vectors.", hint)
    found = [float(given.get(name, 1.0)) for name in names]
    if not all(0 <= weight < float("inf") for weight in found) or not any(found):
        raise ConfigInvalid("Weights must be numbers from 0 up, and one of them above 0.")
    return found


def weighted_sum(
    sequences: Mapping[str, torch.Tensor], weights: Mapping[str, float] | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (n, 1, width), and the share of each modality, shape (modalities,)."""
    shares = torch.tensor(check_weights(sequences, weights))
    shares = shares / shares.sum()
    means = torch.stack([each.mean(dim=1) for each in sequences.values()], dim=1)
    mixed = torch.einsum("nmd,m->nd", means, shares.to(means))
    return mixed[:, None], shares


def attention_bias(
    sequences: Mapping[str, torch.Tensor], weights: Mapping[str, float] | None
) -> torch.Tensor:
    """Return what is added to the scores of each vector that is looked at, shape (t,): the
    logarithm of its modality's weight."""
    first = next(iter(sequences.values()))
    logarithms = torch.tensor(check_weights(sequences, weights)).log()
    lengths = torch.tensor([each.shape[1] for each in sequences.values()])
    return logarithms.repeat_interleave(lengths).to(first)


class CrossModalAttention(nn.Module):
    """Self-attention over the vectors of all modalities, with a residual path."""

    def __init__(self, width: int, heads: int, dropout: float, *, use_layer_norm: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.norm = nn.LayerNorm(width) if use_layer_norm else nn.Identity()

    def forward(
        self, vectors: torch.Tensor, bias: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (n, t, width), and who looked at whom: (n, heads, t, t), each row sums to 1."""
        seen = self.norm(vectors)
        mask = None if bias is None else bias.expand(len(bias), -1)
        mixed, weights = self.attention(
            seen, seen, seen, attn_mask=mask, need_weights=True, average_attn_weights=False
        )
        return vectors + mixed, weights
