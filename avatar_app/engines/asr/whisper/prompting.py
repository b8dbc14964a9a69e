"""Prompts for Whisper: text that precedes the transcript."""

from __future__ import annotations

from typing import Any

from avatar_app.engines.asr.whisper.hypothesis import DecodingOptions

MOST_PROMPT_TOKENS = MOST_HOTWORD_TOKENS = 100
"""Maximum prompt tokens: with the text they fit into Whisper's 448 tokens."""


def tokens_before(model: Any, options: DecodingOptions) -> list[int]:
    """Return the first of the hotwords and the last of the prompt, for a
    `faster_whisper.WhisperModel`."""
    hotwords = _tokens(model, options.hotwords)[:MOST_HOTWORD_TOKENS]
    return hotwords + _tokens(model, options.prompt)[-MOST_PROMPT_TOKENS:]


def _tokens(model: Any, text: str) -> list[int]:
    written = f" {text.strip()}" if text.strip() else ""
    ids: list[int] = model.hf_tokenizer.encode(written, add_special_tokens=False).ids
    return ids
