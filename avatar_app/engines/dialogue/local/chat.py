"""Renders a conversation with the model's own chat template."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.prompt import MediaPart, Message, Prompt, Role
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.local.media import taken, with_markers
from avatar_app.engines.dialogue.prompting.content import text_only
from avatar_app.engines.dialogue.prompting.messages import (
    describe_tools,
    merge_messages,
    result_text,
    with_recalled,
    with_system,
    without_system,
)
from avatar_app.engines.llama_cpp.backend import TEMPLATE

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""For a model without a template."""
_ALWAYS = MappingProxyType(
    {"add_generation_prompt": True, "enable_thinking": False, "bos_token": "", "eos_token": ""}
)
"""Variables of every template; the beginning token is added with the others."""
TOOL_PROMPT = (
    "You can call these functions:\n{tools}\nTo call one, answer with nothing but"
    ' <tool_call>{{"name": …, "arguments": {{…}}}}</tool_call>'
)
"""Tool prompt for models whose template has no tools (Nous Research's Hermes format)."""


class Chat:
    """The chat template of one model. InputInvalid if it is broken."""

    def __init__(
        self,
        metadata: Mapping[str, str],
        marker: str = "",
        *,
        sees: bool = False,
        hears: bool = False,
    ) -> None:
        """`marker`: stands for a picture or sound; empty where the model only reads."""
        import jinja2

        self.marker, self.sees, self.hears = marker, sees, hears
        source = metadata.get(TEMPLATE) or CHATML
        self.knows_tools = "tools" in source
        try:
            self._template = _environment().from_string(source)
        except jinja2.TemplateError as error:
            raise unusable(error) from error

    def messages(self, prompt: Prompt) -> list[dict[str, Any]]:
        """Return the prompt's messages; two of the same role are merged, as many templates
        require."""
        said = with_recalled(prompt)

        def content(message: Message) -> str:
            parts = self._taken(message, is_last=message is said[-1])
            return with_markers(message, parts, self.marker) if parts else text_only(message)

        messages = merge_messages(said, content)
        if prompt.tools and not self.knows_tools:
            descriptions = "\n".join(
                json.dumps(each["function"], ensure_ascii=False) for each in describe_tools(prompt)
            )
            return with_system(messages, TOOL_PROMPT.format(tools=descriptions))
        return messages

    def media(self, prompt: Prompt) -> tuple[MediaPart, ...]:
        """Return the pictures and sounds that `messages` has markers for."""
        last = prompt.messages[-1]
        return tuple(
            part
            for message in prompt.messages
            for part in self._taken(message, is_last=message is last)
        )

    def _taken(self, message: Message, *, is_last: bool) -> tuple[MediaPart, ...]:
        """Only the last message is heard: sounds of the others would be computed each time."""
        return taken(message, sees=self.sees, hears=self.hears and is_last)

    def called(self, calls: Sequence[tuple[ToolCall, ToolResult]]) -> list[dict[str, Any]]:
        """Return the messages that follow function calls."""
        results = [
            {"role": "tool", "name": call.name, "content": result_text(result)}
            for call, result in calls
        ]
        if self.knows_tools:
            functions = [{"name": call.name, "arguments": call.arguments} for call, _ in calls]
            asked = [{"type": "function", "function": function} for function in functions]
            return [{"role": "assistant", "content": "", "tool_calls": asked}, *results]
        written = "\n".join(
            f"<tool_call>{json.dumps({'name': call.name, 'arguments': call.arguments})}</tool_call>"
            for call, _ in calls
        )
        return [{"role": "assistant", "content": written}, *results]

    def text(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Any]) -> str:
        """Render the conversation as one text, up to where the answer begins.

        InputInvalid if the template, which a model file brings along, is broken.
        """
        import jinja2

        known = {"tools": list(tools)} if tools and self.knows_tools else {}
        attempts = (list(messages), without_system(messages), without_tool_role(messages))
        failure: Exception | None = None
        for attempt in attempts:
            try:
                return str(self._template.render(messages=attempt, **_ALWAYS, **known))
            except (jinja2.TemplateError, ValueError, TypeError, KeyError, IndexError) as error:
                failure = failure or error
        raise unusable(failure) from failure


def _environment() -> Any:
    """Create the template environment: it offers the same functions as Hugging Face's library
    (https://huggingface.co/docs/transformers/chat_templating), as model files are untrusted."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    made.filters["tojson"] = _as_json
    made.globals |= {"raise_exception": _raised, "strftime_now": _today}
    return made


def _as_json(value: Any, indent: int | None = None, **_unknown: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raised(message: str) -> None:
    import jinja2

    raise jinja2.TemplateError(message)


def _today(form: str) -> str:
    return datetime.now().strftime(form)


def unusable(failure: Exception | None) -> InputInvalid:
    """Return the error for a broken template, which came with the model."""
    return InputInvalid(
        f"The model's chat template cannot be used: {failure}.", "Choose another model."
    )


def without_tool_role(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Convert function results to user messages, for templates without a tool role."""
    rest = without_system(messages)
    for message in rest:
        if message["role"] == "tool":
            message["role"] = str(Role.USER)
            message["content"] = f"<tool_response>{message['content']}</tool_response>"
    return rest
