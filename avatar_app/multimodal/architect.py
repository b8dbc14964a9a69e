"""NeuralArchitect: projects vectors of any modality to one width, and fuses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from avatar_app.core.errors import ConfigInvalid
from avatar_app.multimodal.dimensions import DimensionAdapter, as_sequences
from avatar_app.multimodal.fusion import (
    CrossModalAttention,
    FusionType,
    attention_bias,
    fusion_type_of,
    weighted_sum,
)

Sequences = Mapping[str, torch.Tensor]
"""The vectors of each modality, shape (n, t, width)."""


class NeuralArchitect(nn.Module):
    """A projection for each modality, and the attention that fuses them.

    A modality's projection is made by `add_modality`, or at its first vectors; the latter must
    have happened before an optimizer is given the parameters. Without training, projections say
    nothing to a language model: see `training/injection`.
    """

    def __init__(
        self,
        target_dim: int,
        num_heads: int = 8,
        dropout: float = 0.0,
        *,
        use_layer_norm: bool = True,
    ) -> None:
        super().__init__()
        if target_dim < 1 or num_heads < 1 or target_dim % num_heads:
            raise ConfigInvalid(
                f"A width of {target_dim} cannot be shared by {num_heads} heads.",
                "Choose a number of heads by which the width can be divided.",
            )
        if not 0 <= dropout < 1:
            raise ConfigInvalid(f"Dropout is a share from 0 to below 1, not {dropout}.")
        self.target_dim, self.dropout = target_dim, dropout
        self.use_layer_norm = use_layer_norm
        self.projections = nn.ModuleDict()
        self.attention = CrossModalAttention(
            target_dim, num_heads, dropout, use_layer_norm=use_layer_norm
        )
        self.checkpoints_gradients = False

    def add_modality(
        self, name: str, source_dim: int, *, hidden_dim: int | None = None, tokens: int = 1
    ) -> DimensionAdapter:
        """Make the projection of a modality: each of its vectors becomes `tokens` vectors of the
        target's width. Raises ConfigInvalid for a name that is taken or cannot be one."""
        if not name.isidentifier() or name in self.projections or hasattr(self.projections, name):
            raise ConfigInvalid(f"No modality can be called {name!r} here.", "Choose another name.")
        adapter = DimensionAdapter(
            source_dim,
            self.target_dim,
            hidden_dim=hidden_dim,
            tokens=tokens,
            dropout=self.dropout,
            use_layer_norm=self.use_layer_norm,
        )
        adapter.to(self.attention.attention.in_proj_weight)
        self.projections[name] = adapter
        return adapter

    def gradient_checkpointing_enable(self) -> None:
        """Compute projections and attention a second time for the gradients, and keep less."""
        self.checkpoints_gradients = True

    def gradient_checkpointing_disable(self) -> None:
        self.checkpoints_gradients = False

    def project_single(self, name: str, embedding: torch.Tensor) -> torch.Tensor:
        """Return the vectors of one modality, (n, t, target_dim). `embedding`: (n, t, width), (n,
        width) or (width,). Raises ConfigInvalid if its projection is for another width."""
        if name not in self.projections:
            self.add_modality(name, embedding.shape[-1])
        projection = self.projections[name]
        if self._checkpoints():
            projected: torch.Tensor = checkpoint(projection, embedding, use_reentrant=False)
            return projected
        return projection(embedding)

    def project_embeddings(self, **modalities: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the vectors of each modality, (n, t, target_dim), in the order given."""
        return {name: self.project_single(name, each) for name, each in modalities.items()}

    def fuse_modalities(
        self,
        projected: Sequences,
        fusion_type: str = FusionType.ATTENTION,
        weights: Mapping[str, float] | None = None,
        *,
        return_attention_weights: bool = False,
    ) -> Any:
        """Return one sequence (n, t, target_dim); of length 1 for `weighted_sum`.

        `weights`: for `weighted_sum` and `attention_with_bias`; a modality without one has 1. With
        `return_attention_weights` also who looked at whom, (n, heads, t, t), or the share of each
        modality in a sum, (modalities,). Raises ConfigInvalid where vectors do not fit together.
        """
        kind = fusion_type_of(fusion_type)
        sequences = self._checked(projected)
        if weights is not None and kind in (FusionType.ATTENTION, FusionType.CONCAT):
            raise ConfigInvalid(f"The fusion {kind} has no weights.", "Choose weighted_sum.")
        if kind is FusionType.CONCAT:
            if return_attention_weights:
                raise ConfigInvalid("The fusion concat has no attention.", "Choose attention.")
            return torch.cat(list(sequences.values()), dim=1)
        if kind is FusionType.WEIGHTED_SUM:
            fused, shares = weighted_sum(sequences, weights)
        else:
            biased = kind is FusionType.ATTENTION_WITH_BIAS
            bias = attention_bias(sequences, weights) if biased else None
            fused, shares = self._attend(torch.cat(list(sequences.values()), dim=1), bias)
        return (fused, shares) if return_attention_weights else fused

    def fuse_hierarchical(
        self,
        projected: Sequences,
        groups: Sequence[Sequence[str]],
        fusion_type: str = FusionType.ATTENTION,
    ) -> torch.Tensor:
        """Fuse the modalities of each group, and then the groups: say sight (picture and video)
        first, and that with sound. Raises ConfigInvalid unless each modality is in one group."""
        named = [name for group in groups for name in group]
        if sorted(named) != sorted(projected) or not all(groups):
            raise ConfigInvalid("Each modality must be in one group.", f"There are {[*projected]}.")
        fused = {}
        for number, group in enumerate(groups):
            members = {name: projected[name] for name in group}
            fused[f"group_{number}"] = self._one(members, fusion_type)
        return self._one(fused, fusion_type)

    def project_and_fuse(
        self,
        fusion_type: str = FusionType.ATTENTION,
        weights: Mapping[str, float] | None = None,
        *,
        return_attention_weights: bool = False,
        **modalities: torch.Tensor,
    ) -> Any:
        """Project each modality, and fuse them: see `fuse_modalities`."""
        projected = self.project_embeddings(**modalities)
        return self.fuse_modalities(
            projected, fusion_type, weights, return_attention_weights=return_attention_weights
        )

    def _one(self, sequences: Sequences, fusion_type: str) -> torch.Tensor:
        fused: torch.Tensor = self.fuse_modalities(sequences, fusion_type)
        return fused

    def _attend(
        self, vectors: torch.Tensor, bias: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if self._checkpoints():
            fused, weights = checkpoint(self.attention, vectors, bias, use_reentrant=False)
            return fused, weights
        fused, weights = self.attention(vectors, bias)
        return fused, weights

    def _checkpoints(self) -> bool:
        return self.checkpoints_gradients and self.training and torch.is_grad_enabled()

    def _checked(self, projected: Sequences) -> dict[str, torch.Tensor]:
        if not projected:
            raise ConfigInvalid("There is nothing to fuse.")
        sequences = {name: as_sequences(each, self.target_dim) for name, each in projected.items()}
        if len({len(each) for each in sequences.values()}) > 1:
            counts = {name: len(each) for name, each in sequences.items()}
            raise ConfigInvalid(f"The modalities have different numbers of examples: {counts}.")
        return sequences
