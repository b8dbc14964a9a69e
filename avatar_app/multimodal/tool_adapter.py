"""Chooses tools by vectors: descriptions and what was said, in the words of a language model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.prompt import ToolDescription
from avatar_app.multimodal.bridge import NexusBridge


@dataclass(frozen=True, slots=True)
class RankedTool:
    """A tool, and how well it fits."""

    name: str
    similarity: float
    """Cosine, from -1 to 1."""


class ToolAdapter:
    """A vector for each tool: the mean of its description's words, the rarer a word among the
    tools the heavier, as a language model embeds them.

    It needs no training, as words stay in the space of the model; `embeddings` can be injected.
    """

    def __init__(self, bridge: NexusBridge, tools: Sequence[ToolDescription]) -> None:
        """Raises ConfigInvalid without tools, or without a tokenizer."""
        if not tools:
            raise ConfigInvalid("There are no tools to choose from.")
        self._bridge, self.tools = bridge, tuple(tools)
        read = [self._tokens(_text(each)) for each in tools]
        counts = Counter(token for tokens in read for token in set(tokens))
        size = len(bridge.words.weight)
        rare = torch.log1p(torch.tensor(float(len(tools))))
        self._weights = rare.repeat(size)
        for token, count in counts.items():
            self._weights[token] = torch.log1p(torch.tensor(len(tools) / count))
        words = bridge.words.weight.detach().float().cpu()
        self._common = words.mean(dim=0)
        self.embeddings = torch.stack([self._embedded(tokens) for tokens in read])

    def choose(self, said: str, count: int = 3) -> list[RankedTool]:
        """Return the tools that fit best to what was said, the best first; none for no words."""
        tokens = self._tokens(said)
        if not tokens:
            return []
        asked = self._embedded(tokens)
        similar = torch.nn.functional.cosine_similarity(self.embeddings, asked[None], dim=1)
        best = similar.topk(min(count, len(self.tools)))
        return [
            RankedTool(self.tools[at].name, value)
            for at, value in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def _tokens(self, text: str) -> list[int]:
        words = "".join(each if each.isalnum() else " " for each in text.lower()).split()
        return [token for word in words for token in self._bridge.prompt(f" {word}").after]

    def _embedded(self, tokens: list[int]) -> torch.Tensor:
        numbers = torch.tensor(tokens)
        rows = self._bridge.words.weight.detach()[numbers].float().cpu() - self._common
        rows = torch.nn.functional.normalize(rows, dim=1)
        return (rows * self._weights[numbers, None]).mean(dim=0)


def _text(tool: ToolDescription) -> str:
    return f"{tool.name} {tool.description}"
