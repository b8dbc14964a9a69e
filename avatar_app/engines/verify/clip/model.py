"""One CLIP model as two ONNX files: pictures and texts to embeddings of length 1.

The files are those that Optimum exports: `vision_model*.onnx` takes pixel_values and gives
image_embeds, `text_model*.onnx` takes input_ids and gives text_embeds; `tokenizer.json` is the
tokenizer of Hugging Face.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import EngineFailed, InputInvalid, ModelMissing
from avatar_app.core.values import Image
from avatar_app.engines.onnx_session import (
    ErrorTexts,
    create_session,
    inference_errors,
    loading_errors,
    providers,
)

Embedding = NDArray[np.float32]

LONGEST_TEXT = 77
"""Tokens."""
_SIDE = 224
"""Pixels of the picture, where the graph leaves them open."""
_MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
_DEVIATION = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
"""Of the colors of the training data."""


class ClipModel:
    """Raises ModelMissing, InputInvalid, DeviceUnavailable, OutOfMemory."""

    def __init__(self, folder: Path, title: str, device: str, threads: int) -> None:
        self._texts = ErrorTexts(
            title=f"CLIP {title}",
            if_damaged=f"Copy its files into {folder} again.",
            if_out_of_memory="Set studio.verify.engine=none, or close other programs.",
            if_failed="Set studio.verify.engine=none.",
        )
        self._vision = self._open(_file(folder, "vision_model"), device, threads, "image_embeds")
        self._text = self._open(_file(folder, "text_model"), device, threads, "text_embeds")
        self._tokenizer = self._tokens(_file(folder, "tokenizer", ".json"))
        side = self._shape(self._vision, "pixel_values")[-1]
        self._side = side if isinstance(side, int) else _SIDE

    def picture(self, picture: Image) -> Embedding:
        """Return the embedding of a picture, uint8, shape (height, width, 3), RGB."""
        pixels = _prepared(picture, self._side)
        return self._run(self._vision, {"pixel_values": pixels}, "image_embeds")

    def text(self, text: str) -> Embedding:
        """Return the embedding of a text; what is beyond 77 tokens is left out."""
        ids = self._tokenizer.encode(text).ids
        if len(ids) > LONGEST_TEXT:
            ids = [*ids[: LONGEST_TEXT - 1], ids[-1]]
        length = self._shape(self._text, "input_ids")[-1]
        mask = [1] * len(ids)
        if isinstance(length, int):  # the graph takes one length only: it is filled with the end
            padding = max(length - len(ids), 0)
            ids, mask = ids + [ids[-1]] * padding, mask + [0] * padding
        inputs = {
            "input_ids": np.array([ids], np.int64),
            "attention_mask": np.array([mask], np.int64),
        }
        return self._run(self._text, inputs, "text_embeds")

    def _open(self, path: Path, device: str, threads: int, output: str) -> Any:
        usable = providers(device)
        with loading_errors(self._texts, path.name):
            session = create_session(path, threads, usable, has_fixed_shapes=False, is_exact=True)
        if output not in {each.name for each in session.get_outputs()}:
            raise InputInvalid(
                f"{path.name} is no part of CLIP: it gives no {output}.", self._texts.if_damaged
            )
        return session

    def _tokens(self, path: Path) -> Any:
        from tokenizers import Tokenizer

        with loading_errors(self._texts, path.name):
            tokenizer = Tokenizer.from_file(str(path))
            tokenizer.no_padding()
            tokenizer.no_truncation()
            return tokenizer

    def _shape(self, session: Any, name: str) -> list[Any]:
        shapes = {each.name: each.shape for each in session.get_inputs()}
        if name not in shapes:
            raise InputInvalid(
                f"The files of {self._texts.title} take no {name}.", self._texts.if_damaged
            )
        return list(shapes[name])

    def _run(self, session: Any, inputs: dict[str, Any], output: str) -> Embedding:
        known = {each.name for each in session.get_inputs()}
        used = {name: value for name, value in inputs.items() if name in known}
        with inference_errors(self._texts):
            (found,) = session.run([output], used)
        flat = np.asarray(found, np.float32).reshape(-1)
        length = float(np.linalg.norm(flat))
        if not np.isfinite(length) or length < 1e-12:
            raise EngineFailed(f"{self._texts.title} gave no numbers.", self._texts.if_failed)
        return np.asarray(flat / length, np.float32)


def _file(folder: Path, stem: str, suffix: str = ".onnx") -> Path:
    """Return the file, the quantized one before others."""
    found = sorted(folder.glob(f"**/{stem}*{suffix}"), key=lambda path: "quant" not in path.name)
    if not found:
        raise ModelMissing(
            f"{folder} contains no {stem}{suffix}.",
            "CLIP needs vision_model.onnx, text_model.onnx and tokenizer.json there.",
        )
    return found[0]


def _prepared(picture: Image, side: int) -> NDArray[np.float32]:
    """Return the middle square of a picture as the network takes it, shape (1, 3, side, side)."""
    import cv2

    height, width = picture.shape[:2]
    scale = side / min(height, width)
    size = (max(round(width * scale), side), max(round(height * scale), side))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(picture, size, interpolation=way))
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    square = scaled[top : top + side, left : left + side].astype(np.float32) / 255
    return np.ascontiguousarray(((square - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None])
