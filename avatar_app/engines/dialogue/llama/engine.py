"""Dialogue with any GGUF language model on this computer, through llama.cpp."""

from __future__ import annotations

from avatar_app.engines.dialogue.gguf.dialogue import LlamaDialogue

__all__ = ["LlamaDialogue"]
