"""A tiny model in the true formats (GGUF, mmproj) that sees if a picture is red, green or blue.

The eye is CLIP's: each patch becomes its mean color, and its layers add nothing; the projector
(LLaVA's, two matrices) writes the prevailing color into a dimension of the language model. There
the attention takes the mean over the prompt, so that the picture decides the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from avatar_app.bench.scripted.gguf_file import finish
from avatar_app.bench.scripted.mean_attention import (
    WIDTH,
    Vocabulary,
    say_on,
    vocabulary,
    write_mean_attention,
    zeros,
)

EYE, EYE_FORWARD, SIDE, PATCH, LAYERS = 16, 32, 56, 14, 2
"""Of the picture encoder."""
COLORS = 3
TEMPLATE = (
    "{% for message in messages %}[{{ message.role }}]{{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def write_seeing(
    folder: Path,
    *,
    seen: tuple[str, str, str] = ("This is red.", "This is green.", "It looks blue."),
    blind: str = "I see nothing.",
    context: int = 8192,
) -> Path:
    """Write both files and return that of the language model. It answers one of `seen` to a red,
    green or blue picture, and `blind` where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "seeing-tiny.gguf"
    _write_model(model, (*seen, blind), context)
    _write_projector(folder / "mmproj-seeing-tiny.gguf")
    return model


def _write_model(path: Path, answers: tuple[str, ...], context: int) -> None:
    words = vocabulary(answers)
    write_mean_attention(path, words, TEMPLATE, context, _thoughts(words))


def _thoughts(words: Vocabulary) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Build the language model's weights; see `write_mean_attention`."""
    *seen, blind = words.answers
    first, output = seen[0].start, zeros(len(words.tokens), WIDTH)
    for answer in words.answers:
        output[answer.start, :first] = 1.0  # after any token that is no answer
    say_on(output, words.answers)
    output[blind.start, :first] += 0.02
    values, copies = zeros(WIDTH, WIDTH), zeros(WIDTH, WIDTH)
    for color, answer in enumerate(seen):  # what is seen is copied to the last dimensions
        output[answer.start, -1 - color] = 20.0
        values[color, _dimension(color)] = 1.0
        copies[-1 - color, color] = 0.1
    return output, values, copies


def _dimension(color: int) -> int:
    """Where the projector writes a color: before those that it is copied to."""
    return -1 - COLORS - color


def _write_projector(path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_bool("clip.has_vision_encoder", val=True)
    writer.add_bool("clip.use_gelu", val=True)
    writer.add_string("clip.vision.projector_type", "mlp")
    for key, value in {
        "embedding_length": EYE,
        "feed_forward_length": EYE_FORWARD,
        "block_count": LAYERS,
        "projection_dim": WIDTH,
        "image_size": SIDE,
        "patch_size": PATCH,
        "attention.head_count": 2,
    }.items():
        writer.add_uint32(f"clip.vision.{key}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.0, 0.0, 0.0])
    writer.add_array("clip.vision.image_std", [1.0, 1.0, 1.0])
    finish(writer, _eye())


def _eye() -> Mapping[str, np.ndarray]:
    """Build the encoder and the projector, which compares the colors."""
    patches = zeros(EYE, COLORS, PATCH, PATCH)
    compare, place = zeros(32, EYE), zeros(WIDTH, 32)
    for color in range(COLORS):
        patches[color, color] = 1 / PATCH**2
        compare[color, :COLORS] = -10.0
        compare[color, color] = 20.0
        place[_dimension(color), color] = 0.1
    weights = {
        "v.patch_embd.weight": patches,
        "v.class_embd": zeros(EYE),
        "v.position_embd.weight": zeros((SIDE // PATCH) ** 2 + 1, EYE),
        "mm.0.weight": compare,
        "mm.0.bias": zeros(32),
        "mm.2.weight": place,
        "mm.2.bias": zeros(WIDTH),
    }
    for layer in range(LAYERS):
        weights |= _layer(f"v.blk.{layer}")
    return weights


def _layer(name: str) -> dict[str, np.ndarray]:
    """Build a layer that adds nothing."""
    layer = {
        f"{name}.ffn_up.weight": zeros(EYE_FORWARD, EYE),
        f"{name}.ffn_up.bias": zeros(EYE_FORWARD),
        f"{name}.ffn_down.weight": zeros(EYE, EYE_FORWARD),
        f"{name}.ffn_down.bias": zeros(EYE),
    }
    for part in ("attn_q", "attn_k", "attn_v", "attn_out"):
        layer[f"{name}.{part}.weight"] = zeros(EYE, EYE)
        layer[f"{name}.{part}.bias"] = zeros(EYE)
    for part in ("ln1", "ln2"):
        layer[f"{name}.{part}.weight"] = np.ones(EYE, np.float32)
        layer[f"{name}.{part}.bias"] = zeros(EYE)
    return layer
