"""Brings vectors of one width to another: a line, or a network of two layers."""

from __future__ import annotations

import torch
from torch import nn

from avatar_app.core.errors import ConfigInvalid


class DimensionAdapter(nn.Module):
    """Maps (n, t, `source_dim`) to (n, t · `tokens`, `target_dim`).

    Without `hidden_dim` it is linear, and orthogonal at the beginning: as far as the smaller width
    allows, angles between vectors stay. With it, there are two layers and a GELU between them.
    `use_layer_norm` normalizes what comes out; `match_rms` sets how large that is.
    """

    def __init__(
        self,
        source_dim: int,
        target_dim: int,
        *,
        hidden_dim: int | None = None,
        tokens: int = 1,
        dropout: float = 0.0,
        use_layer_norm: bool = False,
    ) -> None:
        super().__init__()
        if min(source_dim, target_dim, tokens, hidden_dim or 1) < 1:
            raise ConfigInvalid("Widths and numbers of vectors must be at least 1.")
        self.source_dim, self.target_dim = source_dim, target_dim
        self.hidden_dim, self.tokens = hidden_dim, tokens
        last = nn.Linear(hidden_dim or source_dim, target_dim * tokens)
        layers: list[nn.Module] = [nn.Dropout(dropout), last]
        if hidden_dim:
            layers = [nn.Linear(source_dim, hidden_dim), nn.GELU(), *layers]
        else:
            nn.init.orthogonal_(last.weight)
            nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(*layers)
        self.norm = nn.LayerNorm(target_dim) if use_layer_norm else nn.Identity()

    def match_rms(self, rms: float) -> None:
        """Let what comes out have this root mean square, say that of a language model's words.
        Does nothing without a norm."""
        if isinstance(self.norm, nn.LayerNorm):
            nn.init.constant_(self.norm.weight, rms)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """Map vectors of shape (n, t, source_dim), (n, source_dim) or (source_dim,); what comes out
        has three axes always. Raises ConfigInvalid for another width."""
        vectors = as_sequences(vectors, self.source_dim)
        mapped = self.layers(vectors)
        return self.norm(mapped.reshape(len(vectors), -1, self.target_dim))


def as_sequences(vectors: torch.Tensor, width: int | None = None) -> torch.Tensor:
    """Return vectors with three axes (n, t, width). Raises ConfigInvalid for none, for more axes or
    another width."""
    if not 1 <= vectors.ndim <= 3:
        raise ConfigInvalid(f"Vectors have 1 to 3 axes, these have {vectors.ndim}.")
    if width is not None and vectors.shape[-1] != width:
        raise ConfigInvalid(
            f"The vectors are {vectors.shape[-1]} wide, and {width} are needed.",
            f"Put a DimensionAdapter({vectors.shape[-1]}, {width}) between.",
        )
    if vectors.numel() == 0:
        raise ConfigInvalid("There are no vectors.")
    if vectors.ndim == 1:
        return vectors[None, None]
    return vectors[:, None] if vectors.ndim == 2 else vectors
