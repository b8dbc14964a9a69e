"""A tiny Voxtral in the true formats (GGUF, mmproj) that hears whether a sound is low or high.

The ear is Whisper's log-mel and two convolutions, which sum up the lower and the upper half of the
mel bands; the projector compares them and writes the louder one into a dimension of the language
model. There the attention takes the mean over the prompt, so that the sound decides the answer.
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

EAR, EAR_FORWARD, BANDS, STACK = 20, 64, 128, 4
"""Of the audio encoder; its width may be no power of two, or llama.cpp counts its tokens wrong."""
CONTROLS = (
    "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CONTENT]", "[TOOL_CALLS]",
    "[BEGIN_AUDIO]",
)  # fmt: skip
DEVSTRAL = "{% for message in messages %}You write programs.{{ message.content }}{% endfor %}"
"""Published files carry another model's chat template."""


def write_voxtral(
    folder: Path,
    *,
    low: str = "That was low.",
    high: str = "I heard something high.",
    read: str = "You typed.",
    told: str = "It told me so.",
    context: int = 8192,
) -> Path:
    """Write both files and return their folder. The model answers `low` or `high` to what it hears,
    `read` where there is no sound, and `told` after a function's result."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_model(folder / "Voxtral-tiny.gguf", (low, high, read, told), context)
    _write_projector(folder / "mmproj-Voxtral-tiny.gguf")
    return folder


def _write_model(path: Path, answers: tuple[str, ...], context: int) -> None:
    words = vocabulary(answers, CONTROLS)
    write_mean_attention(path, words, DEVSTRAL, context, thoughts(words))


def thoughts(words: Vocabulary) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Build the language model's weights; see `write_mean_attention`."""
    low, high, read, told = words.answers
    first, output = low.start, zeros(len(words.tokens), WIDTH)
    for begin in (low.start, high.start, read.start):
        output[begin, :first] = 1.0  # after any token that is no answer
    output[read.start, :first] += 0.05
    for begin, copied in ((low.start, -1), (high.start, -2)):
        output[begin, copied] = 8.0
    output[told.start, words.tokens.index("[/TOOL_RESULTS]")] = 40.0
    say_on(output, words.answers)
    values, copies = zeros(WIDTH, WIDTH), zeros(WIDTH, WIDTH)
    for at in (1, 2):  # what was heard, as in `_write_projector`, is copied to the last dimensions
        values[at - 1, -2 - at] = 1.0
        copies[-at, at - 1] = 0.1
    return output, values, copies


def _write_projector(path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_bool("clip.has_vision_encoder", val=False)
    writer.add_bool("clip.has_audio_encoder", val=True)
    writer.add_bool("clip.use_gelu", val=True)
    writer.add_string("clip.audio.projector_type", "voxtral")
    for key, value in {
        "embedding_length": EAR,
        "feed_forward_length": EAR_FORWARD,
        "block_count": 1,
        "projection_dim": WIDTH,
        "num_mel_bins": BANDS,
        "attention.head_count": 2,
        "projector.stack_factor": STACK,
    }.items():
        writer.add_uint32(f"clip.audio.{key}", value)
    writer.add_float32("clip.audio.attention.layer_norm_epsilon", 1e-5)
    finish(writer, build_ear())


def build_ear() -> Mapping[str, np.ndarray]:
    """Build the encoder, whose layer adds nothing, and the projector."""
    bands, halves, bias = zeros(EAR, BANDS, 3), zeros(EAR, EAR, 3), zeros(EAR, 1)
    for half in (0, 1):
        bands[half, half * BANDS // 2 : (half + 1) * BANDS // 2, 1] = 1 / 8
        halves[half, half, 1] = 1.0
        bias[half] = 8.0
    compare, place = zeros(32, STACK * EAR), zeros(WIDTH, 32)
    for frame in range(STACK):
        at = frame * EAR
        compare[0, at], compare[0, at + 1] = 2.0, -2.0
        compare[1, at], compare[1, at + 1] = -2.0, 2.0
    place[-3, 0] = place[-4, 1] = 2.0
    weights = {
        "a.conv1d.1.weight": bands.astype(np.float16),  # llama.cpp ends the process at float32
        "a.conv1d.1.bias": bias,
        "a.conv1d.2.weight": halves.astype(np.float16),
        "a.conv1d.2.bias": zeros(EAR, 1),
        "a.position_embd.weight": zeros(1500, EAR),
        "a.post_ln.weight": np.ones(EAR, np.float32),
        "a.post_ln.bias": zeros(EAR),
        "mm.a.mlp.1.weight": compare,
        "mm.a.mlp.1.bias": zeros(32),
        "mm.a.mlp.2.weight": place,
        "mm.a.mlp.2.bias": zeros(WIDTH),
        "a.blk.0.ffn_up.weight": zeros(EAR_FORWARD, EAR),
        "a.blk.0.ffn_up.bias": zeros(EAR_FORWARD),
        "a.blk.0.ffn_down.weight": zeros(EAR, EAR_FORWARD),
        "a.blk.0.ffn_down.bias": zeros(EAR),
    }
    for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
        weights[f"a.blk.0.{name}.weight"] = zeros(EAR, EAR)
        if name != "attn_k":
            weights[f"a.blk.0.{name}.bias"] = zeros(EAR)
    for name in ("ln1", "ln2"):
        weights[f"a.blk.0.{name}.weight"] = np.ones(EAR, np.float32)
        weights[f"a.blk.0.{name}.bias"] = zeros(EAR)
    return weights
