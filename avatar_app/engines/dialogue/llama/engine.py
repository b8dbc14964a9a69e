"""Dialogue with any GGUF language model on this computer, through llama.cpp."""

from __future__ import annotations

from avatar_app.engines.dialogue.gguf.dialogue import GgufDialogue


class LlamaDialogue(GgufDialogue):
    """A `core.engines.Dialogue` with the model and the library that the options name."""
