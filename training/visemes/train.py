"""Trains the network that shapes a mouth from sound alone and writes it as ONNX: one command.

    python training/visemes/train.py [--human] [--minutes 90] [--steps 1000 3300] [--output FILE]

Some 20 minutes of one core that does nothing else. See the README beside it.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the project must be found first
import torch  # noqa: E402
from augment import Disturbance, disturbed, levelled, masked, varied  # noqa: E402
from export import export  # noqa: E402
from make_speech import ENGLISH, LANGUAGES, RATE, Spoken, espeak, festival, flite, recorded  # noqa: E402
from network import DELAY, Lips, start  # noqa: E402
from targets import CLASSES, targets_of  # noqa: E402

from avatar_app.core.values import MouthShape  # noqa: E402
from avatar_app.engines.face.animation.spectrum import QUIETEST, MelColumns  # noqa: E402

SHIPPED = ROOT / "avatar_app" / "engines" / "face" / "animation" / "lips.onnx"
COLUMNS, BATCH = 200, 32
"""Of one training sequence, and sequences in a step."""
Material = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Of utterances in a row: mel columns (n, bands), classes (n,), opening and closure (n, 2)."""


@dataclass(frozen=True)
class Stage:
    """What is learned from one set of material."""

    learning_rate: float
    """At its highest."""
    much: Disturbance


STAGES = (
    Stage(5e-3, Disturbance(longest=0.07, shortest=0.07, color=0.4, stripes=0.0)),
    Stage(3e-3, Disturbance(longest=0.10, shortest=0.20, color=0.4, stripes=0.0)),
)
"""On synthesizers and Festival in many languages; then on more English and more people."""
SLIGHTLY, UPWARDS = 0.1, 0.25
"""How much faster a voice may be played; men's are played upwards where no woman says as much."""


def material(
    spoken: Iterable[Spoken], rng: np.random.Generator, fastest: float = SLIGHTLY, versions: int = 1
) -> Material:
    """All utterances in any order, with pauses between them."""
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    said = list(spoken)
    for index in rng.permutation(np.tile(np.arange(len(said)), versions)):
        each = varied(said[index], rng, fastest)
        pause = round(rng.choice([0.0, 0.2, 0.4, 1.0]) * RATE)
        mel = MelColumns(RATE).add(np.concatenate([each.samples, np.zeros(pause, np.float32)]))
        end = len(each.samples) / RATE
        track = [item for item in each.track if item[0] < end] + [(end, MouthShape.SIL)]
        parts.append((mel, *targets_of(track, len(mel))))
    columns, classes, curves = (np.concatenate(each) for each in zip(*parts, strict=True))
    return torch.from_numpy(columns), torch.from_numpy(classes), torch.from_numpy(curves)


def train(lips: Lips, data: Material, stage: Stage, steps: int) -> Lips:
    """AdamW; the learning rate falls in the second half. Returns `lips`."""
    lips.train()
    optimizer = torch.optim.AdamW(lips.parameters(), lr=stage.learning_rate, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 100, 1.0, 2 * max(1 - step / steps, 0.005))
    )
    counts = torch.bincount(data[1], minlength=len(CLASSES)).float().clamp(min=1)
    weights = (counts.sum() / counts) ** 0.3
    weights /= weights.mean()
    began, losses = time.monotonic(), []
    for step in range(steps):
        loss = _loss(lips, *_batch(data, stage.much), weights)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(lips.parameters(), 1.0)
        optimizer.step()
        rate.step()
        losses.append(loss.item())
        if step % 100 == 99:
            took = time.monotonic() - began
            logging.info("%d %.4f %.0f s", step + 1, np.mean(losses[-100:]), took)
    return lips.eval()


def _batch(data: Material, much: Disturbance) -> Material:
    starts = torch.randint(0, len(data[0]) - COLUMNS, (BATCH, 1))
    mel, classes, curves = (each[starts + torch.arange(COLUMNS)] for each in data)
    silent = torch.rand(BATCH) < 0.04  # noise alone: the mouth stays closed
    mel[silent] = float(np.log(QUIETEST))
    classes[silent] = CLASSES.index(MouthShape.SIL)
    curves[silent] = 0
    return masked(levelled(disturbed(mel, classes, much)), much.stripes), classes, curves


def _loss(
    lips: Lips,
    mel: torch.Tensor,
    classes: torch.Tensor,
    curves: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    shape, curve, _, _ = lips(mel, *start(len(mel)))
    shape, curve = shape[:, DELAY:], curve[:, DELAY:]
    classes, curves = classes[:, :-DELAY], curves[:, :-DELAY]
    functional = torch.nn.functional
    named = functional.cross_entropy(shape.transpose(1, 2), classes, weights, label_smoothing=0.05)
    opened = functional.mse_loss(curve[..., 0].sigmoid(), curves[..., 0])
    closed = functional.binary_cross_entropy_with_logits(
        curve[..., 1], curves[..., 1], pos_weight=torch.tensor(1.5)
    )
    return 0.4 * named + 12 * opened + closed


def _joined(*parts: Material) -> Material:
    columns, classes, curves = (torch.cat(each) for each in zip(*parts, strict=True))
    return columns, classes, curves


def _more_people(share: float, rng: np.random.Generator) -> list[Material]:
    """Speech in English, a woman's voice that was learned from recordings, and a reader's own."""
    return [
        material(festival(330 * share, 5, ["ked_diphone"]), rng, UPWARDS),
        material(festival(500 * share, 7, ["upc_ca_ona_hts"]), rng, versions=3),
        material(recorded(1500 * share, 6), rng, UPWARDS),
        material(flite(round(116 * share), 4), rng, UPWARDS, versions=2),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--human", action="store_true", help="add voices made of people's")
    parser.add_argument("--minutes", type=float, default=90, help="of espeak-ng's speech")
    parser.add_argument("--steps", type=int, nargs=2, default=(1000, 3300), help="of the stages")
    parser.add_argument("--output", type=Path, default=SHIPPED)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)  # two wait for each other longer than they compute
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    seconds = options.minutes * 60
    people = [material(festival(options.minutes * 3.7, 3), rng)] if options.human else []
    lips = Lips()
    train(lips, _joined(material(espeak(seconds, 1), rng), *people), STAGES[0], options.steps[0])
    english = material(espeak(seconds * 2 / 3, 11, LANGUAGES + ENGLISH), rng)
    more = _more_people(options.minutes / 90, rng) if options.human else []
    train(lips, _joined(english, *people, *more), STAGES[1], options.steps[1])
    command = " ".join(["python training/visemes/train.py", *sys.argv[1:]])
    export(lips, options.output, command)


if __name__ == "__main__":
    main()
