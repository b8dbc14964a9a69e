"""CLIP models of the true format that know colors: hand-set, so that every answer is known.

The picture tower is the mean color; the text tower adds up the colors of the words. A picture and a
text are similar where their colors are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

WORDS = ("<|startoftext|>", "<|endoftext|>", "red", "green", "blue", "a", "wall", "of", "person")
COLORS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1)}
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def write_clip(root: Path, confused: str = "") -> Path:
    """Write both models; the one in the folder `confused` takes red for blue."""
    for folder in ("b32", "l14"):
        target = root / folder
        target.mkdir(parents=True)
        save(_vision(), target / "vision_model_quantized.onnx")
        save(_text(swaps=folder == confused), target / "text_model_quantized.onnx")
        _tokenizer().save(str(target / "tokenizer.json"))
    return root


def _vision() -> object:
    """Pixels back to colors, their mean, and how far each is above the darkest one."""
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, 224, 224])
    embeds = helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["n", 3])
    constants = [
        _constant("deviation", np.array(_DEVIATION, np.float32)),
        _constant("mean", np.array(_MEAN, np.float32)),
        _constant("axes", np.array([2, 3], np.int64)),
        _constant("last", np.array([1], np.int64)),
        _constant("tiny", np.array([1e-3], np.float32)),
    ]
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values", "axes"], ["flat"], keepdims=0),
        helper.make_node("Mul", ["flat", "deviation"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mean"], ["color"]),
        helper.make_node("ReduceMin", ["color", "last"], ["darkest"], keepdims=1),
        helper.make_node("Sub", ["color", "darkest"], ["bare"]),
        helper.make_node("Add", ["bare", "tiny"], ["image_embeds"]),
    ]
    return _model(nodes, [pixels], [embeds], constants)


def _text(*, swaps: bool) -> object:
    table = np.full((len(WORDS), 3), 1e-3, np.float32)
    for word, color in COLORS.items():
        table[WORDS.index(word)] = color
    if swaps:
        table[[WORDS.index("red"), WORDS.index("blue")]] = table[
            [WORDS.index("blue"), WORDS.index("red")]
        ]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "length"])
    embeds = helper.make_tensor_value_info("text_embeds", TensorProto.FLOAT, ["n", 3])
    constants = [_constant("table", table), _constant("axes", np.array([1], np.int64))]
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("ReduceSum", ["words", "axes"], ["text_embeds"], keepdims=0),
    ]
    return _model(nodes, [ids], [embeds], constants)


def _constant(name: str, value: np.ndarray) -> object:
    return numpy_helper.from_array(value, name)


def _model(nodes: list, inputs: list, outputs: list, constants: list) -> object:
    graph = helper.make_graph(nodes, "clip", inputs, outputs, constants)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


def _tokenizer() -> Tokenizer:
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<|endoftext|>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>",
        special_tokens=[("<|startoftext|>", 0), ("<|endoftext|>", 1)],
    )
    return tokenizer
