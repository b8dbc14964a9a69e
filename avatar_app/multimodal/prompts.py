"""Prompts with a place for vectors, as tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from avatar_app.core.errors import ConfigInvalid

PLACE = "<|inject|>"
"""Where in a prompt the vectors stand; without it, before the words."""


@dataclass(frozen=True, slots=True)
class InjectionPrompt:
    """The tokens around the vectors."""

    before: tuple[int, ...]
    after: tuple[int, ...]


def split_prompt(tokenizer: Any, text: str) -> InjectionPrompt:
    """Return the tokens before and after PLACE. Raises ConfigInvalid for two of them, or without a
    tokenizer."""
    if tokenizer is None:
        raise ConfigInvalid("Words need a tokenizer.", "Give NexusBridge one, or numbers.")
    before, place, after = text.partition(PLACE)
    if PLACE in after:
        raise ConfigInvalid(f"{PLACE} stands in the prompt twice.", "Write it once.")
    parts = (before, after) if place else ("", text)
    return InjectionPrompt(*(tuple(_tokens(tokenizer, part)) for part in parts))


def chat_prompt(
    tokenizer: Any, question: str, examples: Sequence[tuple[str, str]] = ()
) -> InjectionPrompt:
    """Return the tokens of a user's message as the model was taught to read it: the question, then
    the vectors. What looks like a control token in the question is text.

    `examples`: words in the place of the vectors, and the answer that the question had then; a
    small model answers in the same way. Raises ConfigInvalid without a tokenizer.
    """
    question = question.replace(PLACE, " ")
    if tokenizer is None or not tokenizer.chat_template:
        return split_prompt(tokenizer, f"{question} {PLACE}")
    turns = [{"role": "user", "content": PLACE}]
    for _ in examples:
        turns = [*turns, {"role": "assistant", "content": PLACE}, turns[0]]
    whole = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    said = [text for words, answer in examples for text in (f"{question} {words}", answer)]
    tokens: list[int] = []
    *pieces, after = whole.split(PLACE)
    for piece, text in zip(pieces, [*said, f"{question} "], strict=True):
        tokens += [*_tokens(tokenizer, piece), *_tokens(tokenizer, text, plain=True)]
    return InjectionPrompt(tuple(tokens), tuple(_tokens(tokenizer, after)))


def _tokens(tokenizer: Any, text: str, *, plain: bool = False) -> list[int]:
    found: list[int] = tokenizer(
        text, add_special_tokens=False, split_special_tokens=plain
    ).input_ids
    return found
