"""Writes SNAC's decoder as ONNX, for the voice Orpheus: any number of frames, and no noise.

Usage: python snac_decoder.py FOLDER OUTPUT.onnx
       python snac_decoder.py --random WIDTH OUTPUT.onnx   (the same layers, untrained, for tests)
Needs: pip install snac onnx onnxruntime onnxscript torch, and in FOLDER config.json and
pytorch_model.bin of https://huggingface.co/hubertsiuzdak/snac_24khz (MIT).

Input: codes0 int64 (1, t), codes1 (1, 2t), codes2 (1, 4t); output: audio float32 (1, 1, 2048 t).
torch's newer exporter is needed (dynamo): the older one fixes the number of frames, and the file
fails with any other. The noise that four layers add would differ wherever two windows overlap.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from snac import SNAC
from snac.layers import NoiseBlock
from torch.nn.utils import parametrize

PUBLISHED: dict[str, Any] = {
    "sampling_rate": 24_000,
    "encoder_dim": 48,
    "encoder_rates": [2, 4, 8, 8],
    "decoder_dim": 1024,
    "decoder_rates": [8, 8, 4, 2],
    "attn_window_size": None,
    "codebook_size": 4096,
    "codebook_dim": 8,
    "vq_strides": [4, 2, 1],
    "noise": True,
    "depthwise": True,
}
FRAME = 2048
TRACED, LONGEST = 5, 512
"""Frames with which it is exported, and the most that a user may decode at once."""
CHECKED = (1, 2, 7, 20)
TOLERANCE = 1e-4


class Decoder(torch.nn.Module):
    """The half of SNAC that makes sound."""

    def __init__(self, model: SNAC) -> None:
        super().__init__()
        self.model = model

    def forward(self, codes0: Any, codes1: Any, codes2: Any) -> Any:
        return self.model.decode([codes0, codes1, codes2])


def load(folder: Path) -> SNAC:
    """Read the published weights; nothing in the file is run."""
    model = SNAC(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
    weights = torch.load(folder / "pytorch_model.bin", map_location="cpu", weights_only=True)
    model.load_state_dict(weights)
    return model


def untrained(width: int) -> SNAC:
    """Make a network of the published layers; WIDTH 1024 is the published one."""
    torch.manual_seed(1)
    return SNAC(**PUBLISHED | {"decoder_dim": width, "encoder_dim": max(1, 48 * width // 1024)})


def settled(model: SNAC) -> Decoder:
    """Take out noise, encoder, and weight normalization, which would be computed at each use."""
    for module in list(model.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
        for name, child in list(module.named_children()):
            if isinstance(child, NoiseBlock):
                setattr(module, name, torch.nn.Identity())
    model.encoder = torch.nn.Identity()
    return Decoder(model.eval())


def codes_of(frames: int) -> tuple[Any, ...]:
    return tuple(torch.randint(0, 4096, (1, frames << book)) for book in range(3))


def export(decoder: Decoder, path: Path) -> None:
    """Write the graph in one file."""
    frames = torch.export.Dim("t", min=1, max=LONGEST)
    torch.onnx.export(
        decoder,
        codes_of(TRACED),
        str(path),
        dynamo=True,
        external_data=False,
        input_names=["codes0", "codes1", "codes2"],
        output_names=["audio"],
        dynamic_shapes=({1: frames}, {1: 2 * frames}, {1: 4 * frames}),
    )
    onnx.checker.check_model(onnx.load(str(path)))


def check(decoder: Decoder, path: Path) -> float:
    """Return the largest difference from torch, for several numbers of frames."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for frames in CHECKED:
        codes = codes_of(frames)
        with torch.no_grad():
            expected = decoder(*codes).numpy()
        names = [each.name for each in session.get_inputs()]
        inputs = {name: each.numpy() for name, each in zip(names, codes, strict=True)}
        found = session.run(None, inputs)[0]
        assert found.shape == expected.shape == (1, 1, FRAME * frames)
        worst = max(worst, float(np.abs(found - expected).max()))
    return worst


def main(arguments: list[str]) -> None:
    """See the top of this file."""
    if arguments[0] == "--random":
        model, path = untrained(int(arguments[1])), Path(arguments[2])
    else:
        model, path = load(Path(arguments[0])), Path(arguments[1])
    decoder = settled(model)
    export(decoder, path)
    worst = check(decoder, path)
    assert worst < TOLERANCE, worst
    print(f"{path}: {path.stat().st_size:,} bytes, differs from torch by {worst:.1e} at most")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
