"""Dialogue with any GGUF language model on this computer, through llama.cpp."""

from __future__ import annotations

from pathlib import Path

from avatar_app.core.home import expanded
from avatar_app.engines.dialogue.local.chat import Chat
from avatar_app.engines.dialogue.local.dialogue import Choices, Loaded, LocalDialogue
from avatar_app.engines.dialogue.local.prompt_cache import PromptCache
from avatar_app.engines.llama_cpp.backend import TEMPLATE, Backend
from avatar_app.engines.llama_cpp.libraries import backend_for
from avatar_app.engines.llama_cpp.native_server import NativeServer

SMALL = 600 << 20
"""Bytes of a small model: fewer than a billion parameters."""


class GgufDialogue(LocalDialogue):
    """A `core.engines.Dialogue` (https://github.com/ggml-org/llama.cpp)."""

    def _load(self, choices: Choices) -> Loaded:
        path = expanded(choices.model)
        how = path, choices.context, choices.threads, choices.gpu_layers
        backend: Backend
        if choices.projector:
            backend = NativeServer(*how, Path(choices.projector))
        else:
            backend = backend_for(choices.library)(*how)
        network = (choices.context, choices.gpu_layers)
        cache = PromptCache(choices.prompt_cache, backend, path, *network)
        template = {TEMPLATE: choices.template} if choices.template else {}
        senses = {"sees": backend.sees, "hears": backend.hears}
        chat = Chat({**backend.metadata, **template}, backend.marker, **senses)
        return Loaded(backend, chat, cache, path.stat().st_size < SMALL)
