"""Reads Wav2Lip checkpoints of any common format, without running code in them."""

from __future__ import annotations

from pathlib import Path

from avatar_app.engines.checkpoints.reading import Published, State, read_weights
from avatar_app.engines.face.wav2lip.network import expected_shapes
from avatar_app.engines.face.wav2lip.onnx_file import read_onnx_file

_WAV2LIP = Published(
    title="Wav2Lip",
    network="the 96 × 96 Wav2Lip network",
    where="Download wav2lip.pth or wav2lip_gan.pth, or choose another face.",
    which="Take wav2lip.pth or wav2lip_gan.pth; those of other sizes and networks do not fit.",
    shapes=expected_shapes(),
)


def read_checkpoint(path: Path) -> State:
    """Return the weights by key, from a file of torch.save (zip or legacy), .safetensors or .onnx.

    Raises ModelMissing if there is no such file; InputInvalid if it is damaged, belongs to another
    network or contains code to run.
    """
    return read_weights(path, _WAV2LIP, read_onnx_file)
