"""The text that Mistral's models were trained with."""

from __future__ import annotations

INSTRUCT = (
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
"""Mistral's instruct format of its 7th version as a chat template, which Voxtral was trained with
(https://github.com/mistralai/mistral-common). Published GGUF files carry that of another model,
which tells it to write programs."""
