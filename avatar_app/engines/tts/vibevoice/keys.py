"""Names of the weights: what two publishers call them, and this program."""

from __future__ import annotations

import re

_RULES = (
    # Microsoft's own, https://github.com/microsoft/VibeVoice
    (r"prediction_head\.t_embedder\.mlp\.0\.", "head.time_1."),
    (r"prediction_head\.t_embedder\.mlp\.2\.", "head.time_2."),
    (r"prediction_head\.layers\.(\d+)\.adaLN_modulation\.1\.", r"head.layers.\1.modulation."),
    (r"prediction_head\.final_layer\.adaLN_modulation\.1\.", "head.last.modulation."),
    (r"prediction_head\.final_layer\.linear\.", "head.last.out."),
    (r"prediction_head\.", "head."),
    (r"acoustic_tokenizer\.decoder\.upsample_layers\.(\d+)\.0\.conv(?:tr)?\.conv(?:tr)?\.",
     r"decoder.stages.\1.up."),
    (r"acoustic_tokenizer\.decoder\.stages\.(\d+)\.(\d+)\.mixer\.conv\.conv\.conv\.",
     r"decoder.stages.\1.blocks.\2.mixer."),
    (r"acoustic_tokenizer\.decoder\.stages\.(\d+)\.(\d+)\.", r"decoder.stages.\1.blocks.\2."),
    (r"acoustic_tokenizer\.decoder\.head\.conv\.conv\.", "decoder.out."),
    (r"acoustic_connector\.fc([12])\.", r"connector.linear_\1."),
    (r"acoustic_connector\.", "connector."),
    (r"speech_(scaling|bias)_factor$", r"\1"),
    # The library transformers', of the same network
    (r"diffusion_head\.timestep_(?:proj\.fc|embedder\.layer_)([12])\.", r"head.time_\1."),
    (r"diffusion_head\.layers\.(\d+)\.linear\.", r"head.layers.\1.modulation."),
    (r"diffusion_head\.final_layer\.linear_1\.", "head.last.modulation."),
    (r"diffusion_head\.final_layer\.linear_2\.", "head.last.out."),
    (r"diffusion_head\.", "head."),
    (r"audio_tower\.decoder\.stem\.conv\.conv\.", "decoder.stages.0.up."),
    (r"audio_tower\.decoder\.stem\.stage\.(\d+)\.mixer\.conv\.",
     r"decoder.stages.0.blocks.\1.mixer."),
    (r"audio_tower\.decoder\.stem\.stage\.(\d+)\.", r"decoder.stages.0.blocks.\1."),
    (r"audio_tower\.decoder\.conv_layers\.(\d+)\.convtr\.convtr\.", r"decoder.stages.+\1.up."),
    (r"audio_tower\.decoder\.conv_layers\.(\d+)\.stage\.(\d+)\.mixer\.conv\.",
     r"decoder.stages.+\1.blocks.\2.mixer."),
    (r"audio_tower\.decoder\.conv_layers\.(\d+)\.stage\.(\d+)\.", r"decoder.stages.+\1.blocks.\2."),
    (r"audio_tower\.decoder\.head\.conv\.", "decoder.out."),
    (r"multi_modal_projector\.act\.", "connector.norm."),
    (r"multi_modal_projector\.", "connector."),
    (r"latent_(scaling|bias)_factor$", r"\1"),
    # Both
    (r"tts_language_model\.", "upper."),
    (r"language_model\.", "lower."),
    (r"tts_input_types\.", "kinds."),
    (r"tts_eos_classifier\.fc([12])\.", r"ending.linear_\1."),
)  # fmt: skip
"""Patterns at the start of a name, and what they become; the first that fits decides."""
_PATTERNS = tuple((re.compile(pattern), replacement) for pattern, replacement in _RULES)
_LATER = re.compile(r"\.\+(\d+)\.")
"""A stage whose publisher counts from the second."""
_UNUSED = re.compile(
    r"(acoustic_tokenizer\.(encoder\.|fix_std)|audio_tower\.encoder\.|tts_language_model\.embed_"
    r"|language_model\.norm\.|lm_head\.|diffusion_head\.timestep_embedding\.)"
)
"""Parts for hearing, for text only, or that are computed."""


def name_of(key: str) -> str | None:
    """Return this program's name for a checkpoint's key; None for what speaking does not need, and
    the key itself if it is unknown."""
    bare = key.removeprefix("model.")
    if _UNUSED.match(bare):
        return None
    for pattern, replacement in _PATTERNS:
        if found := pattern.match(bare):
            name = found.expand(replacement) + bare[found.end() :]
            return _LATER.sub(lambda stage: f".{int(stage[1]) + 1}.", name)
    return key
