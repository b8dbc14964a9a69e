"""Trains the classifier of the wake word on what `speak.py` has stored, and writes it as ONNX.

    python training/wake/train.py SPEECH --features FOLDER [--start FILE] [--output FILE]

See the README beside it.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  the project must be found first
import torch  # noqa: E402
from examples import Examples, learned  # noqa: E402
from export import export, weights_of  # noqa: E402
from listener import FULL_SCALE  # noqa: E402
from network import WordNetwork  # noqa: E402
from texts import PHRASE  # noqa: E402

from avatar_app.engines.wake.livekit.classifier import EMBEDDINGS  # noqa: E402

SHIPPED = ROOT / "avatar_app" / "engines" / "wake" / "livekit" / "hey_mira.onnx"
CALLS, OTHERS = 64, 192
"""Windows in a step."""
REFRESH = 50
"""Steps for which others are drawn at a time."""
SELDOM = 0.03
"""Least weight of a window without the phrase; what it is taken for comes on top."""


def train(data: Examples, steps: int, rng: np.random.Generator, start: Path | None) -> WordNetwork:
    """AdamW. Each window without the phrase is seen once; after that it is drawn the more often
    the more it is taken for the phrase."""
    embeddings = torch.from_numpy(data.embeddings.astype(np.float32))
    network = WordNetwork(embeddings.mean(0), embeddings.std(0))
    if start:
        network.load_state_dict(weights_of(start))
    fastest = 1e-3 if start else 2e-3
    optimizer = torch.optim.AdamW(network.parameters(), lr=fastest, weight_decay=0.02)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, fastest, steps, pct_start=0.1)
    weights = np.ones(len(data.other))
    before = torch.arange(1 - EMBEDDINGS, 1)
    losses: list[float] = []
    for step in range(steps):
        if step % REFRESH == 0:
            chosen = rng.choice(len(weights), REFRESH * OTHERS, p=weights / weights.sum())
        others = chosen[step % REFRESH :: REFRESH]
        places = np.concatenate([rng.choice(data.called, CALLS), data.other[others]])
        windows = embeddings[torch.from_numpy(places)[:, None] + before]
        windows = windows + 0.3 * network.spread * torch.randn_like(windows)
        wanted = (torch.arange(len(places)) < CALLS).float()
        logits = network.logits(windows)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, 0.98 * wanted + 0.01)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
        weights[others] = SELDOM + torch.sigmoid(logits[CALLS:]).detach().numpy()
        losses.append(loss.item())
        if step % 100 == 99:
            logging.info("%d %.4f", step + 1, np.mean(losses[-100:]))
    return network.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--features", type=Path, required=True, help="folder of the networks")
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--start", type=Path, help="go on with the network of this file")
    parser.add_argument("--output", type=Path, default=SHIPPED)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    data = learned(options.speech, options.features)
    logging.info("%d windows with the phrase, %d without", len(data.called), len(data.other))
    export(train(data, options.steps, rng, options.start), options.output, PHRASE, FULL_SCALE)


if __name__ == "__main__":
    main()
