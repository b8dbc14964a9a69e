"""Dialogue with Voxtral Mini in the files that Mistral publishes, through transformers."""

from __future__ import annotations

import os

from avatar_app.engines.dialogue.local.chat import Chat
from avatar_app.engines.dialogue.local.dialogue import Choices, Loaded, LocalDialogue
from avatar_app.engines.dialogue.local.prompt_cache import PromptCache
from avatar_app.engines.dialogue.prompting.mistral import INSTRUCT
from avatar_app.engines.dialogue.voxtral_torch.files import check_files
from avatar_app.engines.dialogue.voxtral_torch.network import TorchVoxtral
from avatar_app.engines.llama_cpp.backend import TEMPLATE


class VoxtralTorchDialogue(LocalDialogue):
    """A `core.engines.Dialogue` that `HearsWords`
    (https://huggingface.co/mistralai/Voxtral-Mini-3B-2507, https://arxiv.org/abs/2507.13264)."""

    hears = True

    def _load(self, choices: Choices) -> Loaded:
        folder = check_files(choices.model)
        network = TorchVoxtral(folder, choices.threads or os.cpu_count() or 1, choices.device)
        cache = PromptCache(choices.prompt_cache, network, folder / "config.json")
        chat = Chat({TEMPLATE: INSTRUCT}, network.marker, hears=True)
        return Loaded(network, chat, cache, is_small=False)
