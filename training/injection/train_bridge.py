"""Trains the projections of pictures and tones for a language model, which stays as it is.

    OMP_NUM_THREADS=2 python training/injection/train_bridge.py SMOLLM2.gguf WHISPER OUTPUT

Only the projections learn. Each vector is led to the model's own embedding of the caption's word,
which takes no pass through the model, and seconds. With `--steps` a second stage follows, whose
loss is the language model's: its scores of the answer's first token, and the gradient runs back
through all its layers into the vectors that stand in the prompt. The shipped file had none.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avatar_app.multimodal.libraries import prepare

prepare()
import torch  # noqa: E402 - transformers must not be imported before `prepare`
from injection_scenes import RATE, pictures, tones  # noqa: E402
from questions import QUESTIONS, Question  # noqa: E402
from torch.nn import functional  # noqa: E402

from avatar_app.multimodal.architect import NeuralArchitect  # noqa: E402
from avatar_app.multimodal.bridge import NexusBridge  # noqa: E402
from avatar_app.multimodal.encoders.outline import OutlineEncoder  # noqa: E402
from avatar_app.multimodal.encoders.whisper import WhisperEncoder  # noqa: E402
from avatar_app.multimodal.language_model import load_language_model  # noqa: E402
from avatar_app.multimodal.projections import save_projections  # noqa: E402

HIDDEN = 128
ALIGNED = 400
"""Steps."""
TOKENS = {"picture": 1, "sound": 2}
"""Vectors that the model reads for each of the encoder's."""
WORDS = {"picture": ("color", "shape"), "sound": ("pitch", "loudness")}
"""To which words of the caption they are led, in this order."""
Features = dict[str, torch.Tensor]
Labels = dict[str, list[Any]]


def main() -> None:
    """Encode, train, and write the projections."""
    parser = argparse.ArgumentParser()
    for name in ("model", "whisper", "output"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--pictures", type=int, default=800)
    parser.add_argument("--tones", type=int, default=120)
    parser.add_argument("--steps", type=int, default=0, help="Of the second stage.")
    parser.add_argument("--batch", type=int, default=16)
    chosen = parser.parse_args()
    features, labels = examples(chosen.pictures, chosen.tones, chosen.whisper)
    bridge = load_language_model(chosen.model)
    architect = projections(bridge, features)
    align(bridge, architect, features, labels)
    learn(bridge, architect, features, labels, chosen.steps, chosen.batch)
    save_projections(chosen.output, architect, chosen.model.name)


def examples(drawn: int, played: int, whisper: Path) -> tuple[Features, Labels]:
    """Return what the encoders give of pictures and tones, and these with their captions."""
    labels: Labels = {"picture": [*pictures(11, drawn)], "sound": [*tones(12, played)]}
    seen = [each.pixels for each in labels["picture"]]
    heard = [each.samples for each in labels["sound"]]
    features = {
        "picture": OutlineEncoder().encode(seen),
        "sound": WhisperEncoder(whisper).encode(heard, RATE),
    }
    return features, labels


def projections(bridge: NexusBridge, features: Features) -> NeuralArchitect:
    """Return untrained projections for these features."""
    torch.manual_seed(1)
    architect = NeuralArchitect(bridge.dim)
    for name, each in features.items():
        adapter = architect.add_modality(
            name, each.shape[-1], hidden_dim=HIDDEN, tokens=TOKENS[name]
        )
        adapter.match_rms(bridge.embedding_rms)
    return architect


def align(
    bridge: NexusBridge, architect: NeuralArchitect, features: Features, labels: Labels
) -> None:
    """Lead the vectors to the embeddings of the captions' words."""
    for modality, aspects in WORDS.items():
        targets = torch.stack(
            [
                torch.stack([word_vector(bridge, getattr(each, aspect)) for aspect in aspects])
                for each in labels[modality]
            ]
        )
        adapter = architect.projections[modality]
        optimizer = torch.optim.AdamW(adapter.parameters(), 3e-3, weight_decay=0.01)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, ALIGNED)
        for step in range(ALIGNED):
            chosen = torch.randint(len(targets), (64,))
            given = architect.project_single(modality, features[modality][chosen])
            loss = functional.mse_loss(given, targets[chosen]) / targets.square().mean()
            descend(optimizer, loss)
            scheduler.step()
            if step % 100 == 99:
                report(f"aligned {modality}, {step + 1} steps", loss.item())


def learn(
    bridge: NexusBridge,
    architect: NeuralArchitect,
    features: Features,
    labels: Labels,
    steps: int,
    batch: int,
) -> None:
    """Learn from what the language model would answer; the questions take turns."""
    for parameter in bridge.model.parameters():
        parameter.requires_grad = False
    optimizer = torch.optim.AdamW(architect.projections.parameters(), 5e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    began = time.process_time()
    for step in range(steps):
        question = QUESTIONS[step % len(QUESTIONS)]
        chosen = torch.randint(len(labels[question.modality]), (batch,)).tolist()
        loss = question_loss(bridge, architect, question, features, labels, chosen)
        descend(optimizer, loss)
        scheduler.step()
        passed = time.process_time() - began
        report(f"step {step + 1}, {passed:.0f} s of the processor, {question.aspect}", loss.item())


def question_loss(
    bridge: NexusBridge,
    architect: NeuralArchitect,
    question: Question,
    features: Features,
    labels: Labels,
    chosen: Sequence[int],
) -> torch.Tensor:
    """Return the loss of the answers' first tokens."""
    vectors = architect.project_single(question.modality, features[question.modality][chosen])
    prompt = bridge.chat_prompt(question.text, question.examples)
    scores = bridge.next_logits(vectors, prompt)
    wanted = [getattr(labels[question.modality][at], question.aspect) for at in chosen]
    tokens = [first_token(bridge, each) for each in wanted]
    return functional.cross_entropy(scores.float(), torch.tensor(tokens))


def first_token(bridge: NexusBridge, word: str) -> int:
    """Return the token with which an answer begins."""
    return int(bridge.prompt(word).after[0])


def word_vector(bridge: NexusBridge, word: str) -> torch.Tensor:
    """Return the embedding of a word within a sentence."""
    tokens = bridge.prompt(f" {word}").after
    return bridge.words.weight[list(tokens)].detach().float().mean(dim=0)


def descend(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """Make one step."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def report(text: str, loss: float) -> None:
    """Print a line."""
    print(f"{text}: loss {loss:.3f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
