"""NexusBridge: gives vectors to a language model of transformers, among words or in its layers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from enum import StrEnum
from typing import Any

import torch
from torch import nn
from transformers import DynamicCache

from avatar_app.core.errors import ConfigInvalid, InputInvalid, choose_one_of
from avatar_app.multimodal.dimensions import as_sequences
from avatar_app.multimodal.hidden import HiddenInjection
from avatar_app.multimodal.prompts import InjectionPrompt, chat_prompt, split_prompt

_PROMPTS_REMEMBERED = 8


class InjectionPoint(StrEnum):
    """Where vectors get into a model."""

    INPUT = "input"
    """Among the embeddings of the words (`inputs_embeds`)."""
    HIDDEN = "hidden"
    """In place of the states of some positions, behind chosen layers."""


class NexusBridge:
    """Holds a causal language model of transformers, and changes nothing in it.

    `tokenizer`: None serves for prompts of numbers; answers are numbers then, too.
    """

    def __init__(self, model: Any, tokenizer: Any = None) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        self._memories: dict[tuple[int, ...], Any] = {}

    @property
    def dim(self) -> int:
        """Return the width of the vectors that the model reads."""
        width: int = self.words.weight.shape[1]
        return width

    @property
    def words(self) -> nn.Embedding:
        """Return the embeddings of the model's words."""
        embedding: nn.Embedding = self.model.get_input_embeddings()
        return embedding

    @property
    def embedding_rms(self) -> float:
        """Return the root mean square of all words' embeddings: how large a vector is that looks
        like a word (`DimensionAdapter.match_rms`)."""
        with torch.no_grad():
            return float(self.words.weight.float().square().mean().sqrt())

    def prompt(self, text: str) -> InjectionPrompt:
        """Return the tokens before and after PLACE: see `prompts.split_prompt`."""
        return split_prompt(self.tokenizer, text)

    def chat_prompt(
        self, question: str, examples: Sequence[tuple[str, str]] = ()
    ) -> InjectionPrompt:
        """Return the tokens of a user's message with vectors: see `prompts.chat_prompt`."""
        return chat_prompt(self.tokenizer, question, examples)

    def next_logits(
        self,
        embeddings: torch.Tensor,
        prompt: InjectionPrompt,
        injection_points: str = InjectionPoint.INPUT,
        layers: Sequence[int] = (0,),
        blend: float = 1.0,
    ) -> torch.Tensor:
        """Return the scores of the next token, (n, words); gradients reach the embeddings."""
        given, injection = self._arranged(embeddings, prompt, injection_points, layers, blend)
        memory = self._read(prompt.before, len(given))
        with injection:
            return self._step(given, memory)

    def inject_to_llm(
        self,
        embeddings: torch.Tensor,
        prompt: str | InjectionPrompt,
        *,
        injection_points: str = InjectionPoint.INPUT,
        layers: Sequence[int] = (0,),
        blend: float = 1.0,
        max_new_tokens: int = 32,
        check: Callable[[], None] | None = None,
    ) -> list[Any]:
        """Let the model go on after a prompt that contains vectors; the likeliest token each time.

        `embeddings`: (n, t, width), (n, width) or (width,): n answers. `layers`, `blend`: for
        `hidden`, see `HiddenInjection`. `check` is called before each token; what it raises ends
        the answer. Returns n texts, or lists of tokens without a tokenizer.
        Raises ConfigInvalid, InputInvalid.
        """
        asked = self.prompt(prompt) if isinstance(prompt, str) else prompt
        given, injection = self._arranged(embeddings, asked, injection_points, layers, blend)
        with torch.inference_mode():
            memory = self._read(asked.before, len(given))
            with injection:
                answers = self._answers(given, memory, max_new_tokens, check or (lambda: None))
        if self.tokenizer is None:
            return answers
        return [self.tokenizer.decode(each, skip_special_tokens=True).strip() for each in answers]

    def _answers(
        self, given: torch.Tensor, memory: Any, most: int, check: Callable[[], None]
    ) -> list[list[int]]:
        """Return the tokens of each answer, without the one that ends it."""
        answers: list[list[int]] = [[] for _ in given]
        running = set(range(len(given)))
        for _ in range(most):
            check()
            tokens = self._step(given, memory).argmax(dim=-1)
            for at, token in enumerate(tokens.tolist()):
                if token in self._ends:
                    running.discard(at)
                elif at in running:
                    answers[at].append(token)
            if not running:
                break
            given = self.words(tokens[:, None])
        return answers

    def _step(self, given: torch.Tensor, memory: Any) -> torch.Tensor:
        """Read on, and return the scores of the next token, (n, words)."""
        output = self.model(
            inputs_embeds=given, past_key_values=memory, use_cache=True, logits_to_keep=1
        )
        scores: torch.Tensor = output.logits[:, -1]
        return scores

    def _read(self, tokens: tuple[int, ...], count: int) -> Any:
        """Return what the model remembers of the words before the vectors, `count` times. They are
        read once, also for later prompts that begin alike."""
        if not tokens:
            return DynamicCache()
        if tokens not in self._memories:
            while len(self._memories) >= _PROMPTS_REMEMBERED:
                del self._memories[next(iter(self._memories))]
            with torch.inference_mode(mode=False), torch.no_grad():  # it may serve training later
                numbers = torch.tensor([tokens], device=self.words.weight.device)
                read = self.model(input_ids=numbers, use_cache=True, logits_to_keep=1)
            self._memories[tokens] = read.past_key_values
        memory = copy.deepcopy(self._memories[tokens])
        if count > 1:
            memory.batch_repeat_interleave(count)
        return memory

    def _arranged(
        self,
        embeddings: torch.Tensor,
        prompt: InjectionPrompt,
        point: str,
        layers: Sequence[int],
        blend: float,
    ) -> tuple[torch.Tensor, Any]:
        """Return what the model reads behind the words before, (n, t + after, width), and what is
        entered while it does."""
        if point not in tuple(InjectionPoint):
            raise ConfigInvalid(f"Unknown place {point!r}.", choose_one_of(InjectionPoint))
        vectors = self._checked(embeddings, prompt).to(self.words.weight)
        injection: Any = nullcontext()
        if point == InjectionPoint.HIDDEN:
            injection = HiddenInjection(self.model, vectors, 0, layers, blend)
            fillers = self._embed([self._filler] * vectors.shape[1])
            vectors = fillers.expand(len(vectors), -1, -1)
        after = self._embed(prompt.after).expand(len(vectors), -1, -1)
        return torch.cat((vectors, after), dim=1), injection

    @property
    def _ends(self) -> set[int]:
        """Return the tokens that end an answer."""
        end = self.model.generation_config.eos_token_id
        return set(end) if isinstance(end, list) else {end}

    @property
    def _filler(self) -> int:
        """Return the token that stands where states are replaced."""
        config = self.model.config.get_text_config(decoder=True)
        for each in (config.pad_token_id, config.eos_token_id, 0):
            first = each[0] if isinstance(each, list) else each
            if first is not None and 0 <= first < len(self.words.weight):
                return int(first)
        return 0

    def _embed(self, tokens: Sequence[int]) -> torch.Tensor:
        numbers = torch.tensor([list(tokens)], dtype=torch.long, device=self.words.weight.device)
        embedded: torch.Tensor = self.words(numbers)
        return embedded

    def _checked(self, embeddings: torch.Tensor, prompt: InjectionPrompt) -> torch.Tensor:
        vectors = as_sequences(embeddings, self.dim)
        if not torch.isfinite(vectors).all():
            raise InputInvalid("The embeddings contain numbers that are not finite.")
        length = len(prompt.before) + vectors.shape[1] + len(prompt.after)
        config = self.model.config.get_text_config(decoder=True)
        most = getattr(config, "max_position_embeddings", None) or length
        if length > most:
            raise InputInvalid(
                f"The prompt has {length} positions, and the model reads {most}.",
                "Inject fewer vectors, or ask more briefly.",
            )
        return vectors
