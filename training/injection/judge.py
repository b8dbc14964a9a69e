"""Asks a language model about pictures and tones that no training contained.

    python training/injection/judge.py SMOLLM2.gguf WHISPER [--projections FILE]

Answers are generated, as a user would get them: the likeliest word each time, from all the words
that the model knows. “Without” are the same questions with vectors that say nothing (those of other
pictures), and with none; there the likeliest of the possible answers counts, which is fairer to
chance.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from injection_scenes import RATE, pictures, tones
from questions import QUESTIONS, REPHRASED, Question

from avatar_app.multimodal.bridge import NexusBridge
from avatar_app.multimodal.omni import PROJECTIONS, OmniModel, load_omni_model

_BATCH = 40
_TOKENS = 3
SEED_PICTURES, SEED_PAIRS, SEED_TONES = 21, 22, 23


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("whisper", type=Path)
    parser.add_argument("--projections", type=Path, default=PROJECTIONS)
    parser.add_argument("--count", type=int, default=400)
    chosen = parser.parse_args()
    omni = load_omni_model(
        chosen.model, chosen.projections, sound_encoder=chosen.whisper,
    )  # fmt: skip
    print(json.dumps(judged(omni, chosen.count), indent=1))  # noqa: T201


def judged(omni: OmniModel, count: int) -> dict[str, Any]:
    """Return percentages: of held-out pictures and tones, of held-out pairs, asked otherwise, and
    without."""
    shown, pairs = (
        pictures(SEED_PICTURES, count),
        pictures(SEED_PAIRS, count // 2, held_out_pairs=True),
    )
    played = tones(SEED_TONES, count // 2)
    sets = {"held out": (shown, played), "held-out pairs": (pairs, [])}
    result: dict[str, Any] = {}
    for name, (seen, heard) in sets.items():
        for question in QUESTIONS:
            examples: Sequence[Any] = seen if question.modality == "picture" else heard
            if examples:
                vectors = perceived(omni, question.modality, examples)
                result[f"{name}: {question.aspect}"] = accuracy(
                    spoken(omni.bridge, question, vectors), question, examples
                )
    for question in QUESTIONS:
        examples = shown if question.modality == "picture" else played
        vectors = perceived(omni, question.modality, examples)
        others = vectors[torch.randperm(len(vectors), generator=torch.Generator().manual_seed(1))]
        for name, given in (("vectors of others", others), ("noise", noise(vectors))):
            answers = guessed(omni.bridge, question, given)
            result[f"{name}: {question.aspect}"] = accuracy(answers, question, examples)
    for question in REPHRASED:
        examples = shown if question.modality == "picture" else played
        vectors = perceived(omni, question.modality, examples)
        result[f"asked otherwise: {question.aspect}"] = accuracy(
            spoken(omni.bridge, question, vectors), question, examples
        )
    return result


@torch.inference_mode()
def perceived(omni: OmniModel, modality: str, examples: Sequence[Any]) -> torch.Tensor:
    """Return the vectors of all examples, (n, t, width)."""
    each = examples[:]
    if modality == "picture":
        parts = [omni.perceive(picture=example.pixels) for example in each]
    else:
        parts = [omni.perceive(sound=example.samples, rate=RATE) for example in each]
    return torch.cat(parts)


def noise(vectors: torch.Tensor) -> torch.Tensor:
    """Return vectors by chance, as large as these."""
    generator = torch.Generator().manual_seed(2)
    return torch.randn(vectors.shape, generator=generator) * vectors.square().mean().sqrt()


def spoken(bridge: NexusBridge, question: Question, vectors: torch.Tensor) -> list[str]:
    """Return what the model says."""
    prompt = bridge.chat_prompt(question.text, question.examples)
    return [
        answer
        for part in vectors.split(_BATCH)
        for answer in bridge.inject_to_llm(part, prompt, max_new_tokens=_TOKENS)
    ]


@torch.inference_mode()
def guessed(bridge: NexusBridge, question: Question, vectors: torch.Tensor) -> list[str]:
    """Return the likeliest of the possible answers, by their first token."""
    prompt = bridge.chat_prompt(question.text, question.examples)
    firsts = [
        bridge.tokenizer(answer, add_special_tokens=False).input_ids[0]
        for answer in question.answers
    ]
    best = [bridge.next_logits(part, prompt)[:, firsts].argmax(1) for part in vectors.split(_BATCH)]
    return [question.answers[int(at)] for at in torch.cat(best)]


def accuracy(answers: Sequence[str], question: Question, examples: Sequence[Any]) -> float:
    """Return the percentage of answers that name what is true, and nothing else of its kind."""
    right = 0
    for answer, example in zip(answers, examples, strict=True):
        words = set(re.findall(r"[a-z]+", answer.lower())) & set(question.answers)
        right += words == {getattr(example, question.aspect)}
    return round(100 * right / len(examples), 1)


if __name__ == "__main__":
    main()
