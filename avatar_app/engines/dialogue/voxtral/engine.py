"""Dialogue with Voxtral Mini: it hears the user's words, and writes the answer."""

from __future__ import annotations

from typing import Any

from avatar_app.engines.dialogue.local.gguf import GgufDialogue
from avatar_app.engines.dialogue.prompting.mistral import INSTRUCT
from avatar_app.engines.dialogue.voxtral.files import find_files


class VoxtralDialogue(GgufDialogue):
    """A `core.engines.Dialogue` that `HearsWords`
    (https://huggingface.co/mistralai/Voxtral-Mini-3B-2507, https://arxiv.org/abs/2507.13264)."""

    hears = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**_with_files(options), template=INSTRUCT)

    def configure(self, **options: Any) -> None:
        super().configure(**_with_files(options))


def _with_files(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with both files in place of the folder, if they name one."""
    if "model" not in options:
        return options
    model, projector = find_files(options["model"])
    return options | {"model": str(model), "projector": str(projector)}
