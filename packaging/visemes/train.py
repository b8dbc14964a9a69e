"""Trains the network that shapes a mouth from sound alone and writes it as ONNX: one command.

    python packaging/visemes/train.py [--human] [--minutes 90] [--output FILE]

Some 15 minutes of one core. See the README beside it.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the project must be found first
import torch  # noqa: E402
from augment import disturbed, levelled, masked, varied  # noqa: E402
from export import export  # noqa: E402
from make_speech import RATE, Spoken, espeak, festival, flite  # noqa: E402
from network import DELAY, Lips, start  # noqa: E402
from targets import CLASSES, targets_of  # noqa: E402

from avatar_app.core.values import MouthShape  # noqa: E402
from avatar_app.engines.face.acting.spectrum import QUIETEST, MelColumns  # noqa: E402

SHIPPED = ROOT / "avatar_app" / "engines" / "face" / "acting" / "lips.onnx"
COLUMNS, BATCH = 300, 32
"""Of one training sequence, and sequences in a step."""
Material = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Of utterances in a row: mel columns (n, bands), classes (n,), opening and closure (n, 2)."""


@dataclass(frozen=True)
class Stage:
    """One cycle of the learning rate."""

    steps: int
    learning_rate: float
    colour: float
    """How much microphones and noises differ."""
    stripes: float
    """Share of sounds in which some bands are hidden."""
    moments: bool
    """Whether moments are hidden."""
    closed_counts: float
    """How much more a missed closure costs than a needless one."""


STAGES = (Stage(900, 4e-3, 1.0, 0.5, True, 3.0), Stage(420, 2.5e-3, 0.5, 0.25, False, 1.5))
"""Hard, on synthesisers and Festival; then milder and more exact, on flite's speakers too."""


def material(spoken: list[Spoken], versions: int, rng: np.random.Generator) -> Material:
    """All utterances in any order, with pauses between them."""
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for index in rng.permutation(np.tile(np.arange(len(spoken)), versions)):
        each = varied(spoken[index], rng)
        pause = round(rng.choice([0.0, 0.2, 0.4, 1.0]) * RATE)
        mel = MelColumns(RATE).add(np.concatenate([each.samples, np.zeros(pause, np.float32)]))
        end = len(each.samples) / RATE
        track = [item for item in each.track if item[0] < end] + [(end, MouthShape.SIL)]
        parts.append((mel, *targets_of(track, len(mel))))
    columns, classes, curves = (np.concatenate(each) for each in zip(*parts, strict=True))
    return torch.from_numpy(columns), torch.from_numpy(classes), torch.from_numpy(curves)


def train(lips: Lips, data: Material, stage: Stage) -> Lips:
    """AdamW with one cycle of the learning rate; returns `lips`."""
    lips.train()
    torch.manual_seed(1)
    highest = stage.learning_rate
    optimizer = torch.optim.AdamW(lips.parameters(), lr=highest, weight_decay=0.01)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, highest, stage.steps, pct_start=0.15)
    counts = torch.bincount(data[1], minlength=len(CLASSES)).float().clamp(min=1)
    weights = (counts.sum() / counts) ** 0.4
    weights /= weights.mean()
    began, losses = time.monotonic(), []
    for step in range(stage.steps):
        loss = _loss(lips, *_batch(data, stage), weights, stage.closed_counts)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(lips.parameters(), 1.0)
        optimizer.step()
        cycle.step()
        losses.append(loss.item())
        if step % 100 == 99:
            took = time.monotonic() - began
            logging.info("%d %.4f %.0f s", step + 1, np.mean(losses[-100:]), took)
    return lips.eval()


def _batch(data: Material, stage: Stage) -> Material:
    starts = torch.randint(0, len(data[0]) - COLUMNS, (BATCH, 1))
    mel, classes, curves = (each[starts + torch.arange(COLUMNS)] for each in data)
    silent = torch.rand(BATCH) < 0.04  # noise alone: the mouth stays closed
    mel[silent] = float(np.log(QUIETEST))
    classes[silent] = CLASSES.index(MouthShape.SIL)
    curves[silent] = 0
    seen = levelled(disturbed(mel, classes, stage.colour))
    return masked(seen, stage.stripes, stage.moments), classes, curves


def _loss(
    lips: Lips,
    mel: torch.Tensor,
    classes: torch.Tensor,
    curves: torch.Tensor,
    weights: torch.Tensor,
    closed_counts: float,
) -> torch.Tensor:
    shape, curve, _, _ = lips(mel, *start(len(mel)))
    shape, curve = shape[:, DELAY:], curve[:, DELAY:]
    classes, curves = classes[:, :-DELAY], curves[:, :-DELAY]
    functional = torch.nn.functional
    named = functional.cross_entropy(shape.transpose(1, 2), classes, weights)
    opened = functional.mse_loss(curve[..., 0].sigmoid(), curves[..., 0])
    closed = functional.binary_cross_entropy_with_logits(
        curve[..., 1], curves[..., 1], pos_weight=torch.tensor(closed_counts)
    )
    return 0.4 * named + 12 * opened + closed


def _joined(some: Material, more: Material) -> Material:
    columns, classes, curves = (torch.cat(pair) for pair in zip(some, more, strict=True))
    return columns, classes, curves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--human", action="store_true", help="add Festival's and flite's voices")
    parser.add_argument("--minutes", type=float, default=90, help="of espeak-ng's speech")
    parser.add_argument("--output", type=Path, default=SHIPPED)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)  # two wait for each other longer than they compute
    rng = np.random.default_rng(1)
    spoken = list(espeak(options.minutes * 60, seed=1))
    data = material(spoken, 1, rng)
    if options.human:
        data = _joined(data, material(list(festival(330, seed=3)), 2, rng))
    lips = train(Lips(), data, STAGES[0])
    if options.human:
        data = _joined(data, material(list(flite(28, seed=4)), 4, rng))
    train(lips, data, STAGES[1])
    command = " ".join(["python packaging/visemes/train.py", *sys.argv[1:]])
    export(lips, options.output, command)


if __name__ == "__main__":
    main()
