"""Dialogue with any GGUF language model on this computer, through llama.cpp."""

from __future__ import annotations

from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.core.home import expanded
from avatar_app.engines.dialogue.local.gguf import GgufDialogue

AUTO, NONE = "auto", "none"
PROJECTOR = "mmproj"
"""How the names of projectors begin, or end before the suffix."""


class LlamaDialogue(GgufDialogue):
    """A `core.engines.Dialogue` with the model and the library that the options name. With a
    projector beside the model it sees pictures."""

    def __init__(self, **options: Any) -> None:
        self._named = {"model": "", "projector": AUTO}
        super().__init__(**self._with_projector(options))

    def configure(self, **options: Any) -> None:
        super().configure(**self._with_projector(options))

    def _with_projector(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options with the file of the projector in place of its name."""
        self._named |= {name: options[name] for name in self._named if name in options}
        return options | {"projector": projector_of(**self._named)}


def projector_of(model: str, projector: str) -> str:
    """Return the projector's file; empty for none. `auto`: the only one beside the model's file, if
    that lies in a folder with it. Raises ModelMissing where a file is named that is not there."""
    if projector == NONE:
        return ""
    if projector != AUTO:
        path = expanded(projector)
        if not path.is_file():
            raise ModelMissing(
                f"There is no projector {path}.", "Choose a file mmproj….gguf, or the word auto."
            )
        return str(path)
    folder = expanded(model).parent
    found = sorted(folder.glob(f"*{PROJECTOR}*.gguf")) if model else []
    return str(found[0]) if len(found) == 1 else ""
