"""The toolbox: describes tools to a language model, checks arguments and calls them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

import docstring_parser
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from avatar_app.core.errors import AvatarError
from avatar_app.core.prompt import ToolDescription
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.tools import arithmetic, clock, controls, facts, notes, timers
from avatar_app.tools.services import Services

Function = Callable[..., Any]

BUILT_IN: tuple[Function, ...] = (
    *clock.TOOLS,
    *arithmetic.TOOLS,
    *timers.TOOLS,
    *notes.TOOLS,
    *facts.TOOLS,
    *controls.TOOLS,
)
"""The built-in tools. Each takes `services` first, unless it needs none, and returns a
JSON-compatible value.
"""


@dataclass(frozen=True, slots=True)
class _Tool:
    function: Function
    description: ToolDescription
    arguments: type[BaseModel]
    takes_services: bool


class ToolBox:
    """All tools, ready to be described and called."""

    def __init__(self, services: Services, functions: Iterable[Function] = BUILT_IN) -> None:
        self._services = services
        self._tools = {function.__name__: _tool(function) for function in functions}

    @property
    def descriptions(self) -> tuple[ToolDescription, ...]:
        return tuple(tool.description for tool in self._tools.values())

    def call(self, call: ToolCall) -> ToolResult:
        """Call a tool; errors of a person or a language model are reported in the result."""
        tool = self._tools.get(call.name)
        if tool is None:
            return ToolResult(error=f"Unknown tool {call.name!r}.")
        try:
            checked = tool.arguments.model_validate(call.arguments)
            services = (self._services,) if tool.takes_services else ()
            return ToolResult(value=tool.function(*services, **dict(checked)))
        except ValidationError as error:
            return ToolResult(error=_sentence(call.name, error))
        except AvatarError as error:
            return ToolResult(error=str(error))


def _tool(function: Function) -> _Tool:
    names = list(inspect.signature(function).parameters)
    arguments = _arguments(function)
    return _Tool(function, _describe(function, arguments), arguments, "services" in names)


def _arguments(function: Function) -> type[BaseModel]:
    documented = {
        parameter.arg_name: " ".join((parameter.description or "").split())
        for parameter in docstring_parser.parse(function.__doc__ or "").params
    }
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        name: (
            Annotated[hints[name], Field(description=documented.get(name))],
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "services"
    }
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)


def _describe(function: Function, arguments: type[BaseModel]) -> ToolDescription:
    documentation = docstring_parser.parse(function.__doc__ or "").description or ""
    schema = _without_titles(arguments.model_json_schema())
    return ToolDescription(function.__name__, " ".join(documentation.split()), schema)


def _without_titles(schema: Any) -> Any:
    """Return a schema without pydantic's titles, which only repeat the names."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }


def _sentence(tool: str, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{tool}: the argument {place} is wrong: {first['msg'].rstrip('.')}."
