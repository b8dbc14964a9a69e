"""Encodes texts with the embeddings of a language model's own words."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from avatar_app.core.errors import InputInvalid
from avatar_app.multimodal.bridge import NexusBridge


class TokenEncoder:
    """Vectors of tokens as a language model reads them: they need no projection for it."""

    def __init__(self, bridge: NexusBridge) -> None:
        """Raises ConfigInvalid where texts are encoded and the bridge has no tokenizer."""
        self._bridge = bridge
        self.dim = bridge.dim

    @torch.inference_mode()
    def encode(self, text: str | Sequence[int]) -> torch.Tensor:
        """Return a vector for each token of a text, (1, tokens, dim). Raises InputInvalid for an
        empty text, or numbers that are no tokens."""
        tokens = self._bridge.prompt(text).after if isinstance(text, str) else tuple(text)
        words = self._bridge.words
        if not tokens or not all(0 <= each < len(words.weight) for each in tokens):
            raise InputInvalid("There are no tokens, or numbers that are none.")
        numbers = torch.tensor([tokens], device=words.weight.device)
        vectors: torch.Tensor = words(numbers)
        return vectors.clone()

    def pooled(self, texts: Sequence[str]) -> torch.Tensor:
        """Return one vector for each text, (n, dim): the mean of its tokens."""
        return torch.cat([self.encode(each).mean(dim=1) for each in texts])
