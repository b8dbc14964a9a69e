"""Chooses each next token, by transformers' own rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REPEATED = 64
"""Tokens of the answer that are said again less often, as in llama.cpp."""


class Sampler:
    """Of one answer."""

    def __init__(self, sampling: Mapping[str, Any]) -> None:
        """`sampling`: temperature, top_p, top_k, min_p, repeat_penalty, seed; those that are
        missing change nothing."""
        import torch
        import transformers as library

        self._temperature = sampling.get("temperature", 0.0)
        self._rules = library.LogitsProcessorList()
        if (penalty := sampling.get("repeat_penalty", 1.0)) != 1.0:
            self._rules.append(library.RepetitionPenaltyLogitsProcessor(penalty))
        if self._temperature > 0:
            self._rules.append(library.TemperatureLogitsWarper(float(self._temperature)))
            if top_k := sampling.get("top_k", 0):
                self._rules.append(library.TopKLogitsWarper(top_k))
            self._rules.append(library.TopPLogitsWarper(sampling.get("top_p", 1.0)))
            self._rules.append(library.MinPLogitsWarper(sampling.get("min_p", 0.0)))
        self._random = torch.Generator("cpu")
        seed = sampling.get("seed", -1)
        if seed < 0:
            self._random.seed()
        else:
            self._random.manual_seed(seed)
        self._said = list[int]()

    def chosen(self, logits: Any) -> int:
        """Return the next token. `logits`: float32, one for each token."""
        import torch

        said = torch.tensor([self._said[-REPEATED:]], dtype=torch.long)
        scores = self._rules(said, logits.cpu()[None])
        if self._temperature > 0:
            token = torch.multinomial(scores.softmax(-1), 1, generator=self._random)
        else:
            token = scores.argmax(-1)
        self._said.append(int(token))
        return self._said[-1]
