"""Dialogue with Voxtral Mini: it hears the user's words, and writes the answer."""

from __future__ import annotations

from typing import Any

from avatar_app.engines.dialogue.gguf.dialogue import GgufDialogue
from avatar_app.engines.dialogue.voxtral.files import find_files

TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'system' %}[SYSTEM_PROMPT]{{ message.content }}[/SYSTEM_PROMPT]"
    "{% elif message.role == 'user' %}"
    "{% if tools and not messages[loop.index:] | selectattr('role', 'equalto', 'user') | list %}"
    "[AVAILABLE_TOOLS]{{ tools | tojson }}[/AVAILABLE_TOOLS]{% endif %}"
    "[INST]{{ message.content }}[/INST]"
    "{% elif message.role == 'tool' %}"
    "[TOOL_RESULTS]{{ message.name }}[TOOL_CONTENT]{{ message.content }}[/TOOL_RESULTS]"
    "{% elif message.tool_calls %}[TOOL_CALLS]["
    "{% for call in message.tool_calls %}{{ call.function | tojson }}"
    "{{ ', ' if not loop.last }}{% endfor %}]</s>"
    "{% else %}{{ message.content }}</s>{% endif %}"
    "{% endfor %}"
)
"""Mistral's instruct format of its 7th version, which Voxtral was trained with
(https://github.com/mistralai/mistral-common). Published GGUF files carry that of another model,
which tells it to write programs."""


class VoxtralDialogue(GgufDialogue):
    """A `core.engines.Dialogue` that `HearsWords`
    (https://huggingface.co/mistralai/Voxtral-Mini-3B-2507, https://arxiv.org/abs/2507.13264)."""

    hears = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**_with_files(options), template=TEMPLATE)

    def configure(self, **options: Any) -> None:
        super().configure(**_with_files(options))


def _with_files(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with both files in place of the folder, if they name one."""
    if "model" not in options:
        return options
    model, projector = find_files(options["model"])
    return options | {"model": str(model), "projector": str(projector)}
