"""The sizes of a VibeVoice network, from the config.json of either publisher."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid, ModelMissing

HINT = "Download it: avatar-app models download vibevoice-realtime-0.5b"
_MOST = 1_000_000
"""Any size; a larger one is a damaged file's."""
_MOST_LAYERS = 200
_FIXED = {
    "causal": True,
    "mixer_layer": "depthwise_conv",
    "layernorm": "RMSNorm",
    "disable_last_norm": True,
    "pad_mode": "constant",
    "conv_norm": "none",
}
"""What the decoder is built for; a configuration that says otherwise is another network's."""


@dataclass(frozen=True, slots=True)
class LayerShape:
    """A layer of the language model (Qwen2.5)."""

    width: int
    heads: int
    shared_heads: int
    """Heads of keys and values, each shared by several heads."""
    inner: int
    """Width of the feed-forward part."""
    tiny: float
    """Added to a variance before dividing by it."""
    turning: float
    """The base of the rotary angles."""

    @property
    def head_width(self) -> int:
        return self.width // self.heads


@dataclass(frozen=True, slots=True)
class HeadShape:
    """The diffusion head."""

    layers: int
    inner: int
    tiny: float


@dataclass(frozen=True, slots=True)
class DecoderShape:
    """The decoder from latents to sound."""

    filters: int
    """Channels of its last stage; each stage before has twice as many."""
    ratios: tuple[int, ...]
    """Upsampling between two stages."""
    depths: tuple[int, ...]
    """Blocks of each stage."""
    kernel: int
    tiny: float


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of the whole network."""

    words: int
    """Tokens of the vocabulary."""
    longest: int
    """Positions that it was trained for."""
    layer: LayerShape
    lower: int
    """Layers that see text only."""
    upper: int
    """Layers that see text and sound."""
    latent: int
    """Numbers in a latent."""
    head: HeadShape
    decoder: DecoderShape


def read_shape(folder: Path) -> Shape:
    """Read a model's configuration. Raises ModelMissing, InputInvalid."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelMissing(f"No VibeVoice in {folder}.", HINT)
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        shape = _renamed(config) if "text_config" in config else _original(config)
    except OSError as error:
        raise InputInvalid(f"{path} cannot be read: {error.strerror}.", HINT) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputInvalid(
            f"The configuration {path} is not that of a VibeVoice-Realtime: {_said(error)}.", HINT
        ) from error
    return shape


def _said(error: Exception) -> str:
    return f"the entry {error} is missing" if isinstance(error, KeyError) else str(error)


def _original(config: Mapping[str, Any]) -> Shape:
    """Return the shape from Microsoft's configuration."""
    text, sound = config["decoder_config"], config["acoustic_tokenizer_config"]
    head = config["diffusion_head_config"]
    for name, value in _FIXED.items():
        if sound.get(name, value) != value:
            raise ValueError(f"its {name} is {sound[name]!r}")
    upper = _whole(config.get("tts_backbone_num_hidden_layers", 20), _MOST_LAYERS)
    depths = sound.get("decoder_depths")
    depths = _depths(depths) if depths else _depths(sound["encoder_depths"])[::-1]
    layer = _layer(text)
    inner = int(layer.width * float(head["head_ffn_ratio"]))
    return Shape(
        words=_whole(text["vocab_size"]),
        longest=_whole(text["max_position_embeddings"]),
        layer=layer,
        lower=_whole(text["num_hidden_layers"] - upper, _MOST_LAYERS),
        upper=upper,
        latent=_whole(sound["vae_dim"]),
        head=HeadShape(
            _whole(head["head_layers"], _MOST_LAYERS), _whole(inner), float(head["rms_norm_eps"])
        ),
        decoder=_decoder(
            sound["decoder_n_filters"],
            sound.get("decoder_ratios") or sound["encoder_ratios"],
            depths,
            sound.get("kernel_size", 7),
            sound["layernorm_eps"],
        ),
    )


def _renamed(config: Mapping[str, Any]) -> Shape:
    """Return the shape from a configuration of the library transformers."""
    text, sound = config["text_config"], config["audio_config"]
    head = config["diffusion_head_config"]
    return Shape(
        words=_whole(text["vocab_size"]),
        longest=_whole(text["max_position_embeddings"]),
        layer=_layer(text),
        lower=_whole(text["num_hidden_layers"], _MOST_LAYERS),
        upper=_whole(config["tts_text_config"]["num_hidden_layers"], _MOST_LAYERS),
        latent=_whole(sound["hidden_size"]),
        head=HeadShape(
            _whole(head["num_hidden_layers"], _MOST_LAYERS),
            _whole(head["intermediate_size"]),
            float(head["rms_norm_eps"]),
        ),
        decoder=_decoder(
            sound["num_filters"],
            sound["upsampling_ratios"],
            _depths(sound["depths"]),
            sound.get("kernel_size", 7),
            sound["rms_norm_eps"],
        ),
    )


def _layer(text: Mapping[str, Any]) -> LayerShape:
    width, heads = _whole(text["hidden_size"]), _whole(text["num_attention_heads"])
    shared = _whole(text["num_key_value_heads"])
    if width % (2 * heads) or heads % shared:
        raise ValueError(f"a width of {width} does not fit {heads} heads")
    turning = text.get("rope_theta") or text["rope_parameters"]["rope_theta"]
    inner = _whole(text["intermediate_size"])
    return LayerShape(width, heads, shared, inner, float(text["rms_norm_eps"]), float(turning))


def _decoder(
    filters: Any, ratios: Any, depths: tuple[int, ...], kernel: Any, tiny: Any
) -> DecoderShape:
    steps = tuple(_whole(ratio) for ratio in ratios)
    if len(depths) != len(steps) + 1:
        raise ValueError(f"{len(depths)} stages do not fit {len(steps)} ratios")
    return DecoderShape(_whole(filters), steps, depths, _whole(kernel), float(tiny))


def _depths(given: Any) -> tuple[int, ...]:
    """Return blocks of stages: `3-3-8`, or a list."""
    parts = given.split("-") if isinstance(given, str) else given
    return tuple(_whole(int(part), _MOST_LAYERS) for part in parts)


def _whole(value: Any, most: int = _MOST) -> int:
    if type(value) is not int or not 0 < value <= most:
        raise ValueError(f"{value!r} is no size")
    return value
