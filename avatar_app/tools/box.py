"""The toolbox: describes tools to a language model, checks arguments and calls them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

import docstring_parser
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from avatar_app.core.errors import AvatarError
from avatar_app.core.prompt import PicturePart, ToolDescription
from avatar_app.core.values import Permission, PermissionRequest, ToolCall, ToolEffect, ToolResult
from avatar_app.tools import (
    arithmetic,
    building,
    clock,
    controls,
    facts,
    looking,
    notes,
    remarks,
    taking_back,
    timers,
)
from avatar_app.tools.effects import ACTS, ASKED_BY, BEGINS, EFFECTS
from avatar_app.tools.services import Services

Function = Callable[..., Any]
LONGEST_DETAILS = 300
"""Characters of a call's arguments that the user is asked about."""

BUILT_IN: tuple[Function, ...] = (
    *clock.TOOLS,
    *arithmetic.TOOLS,
    *timers.TOOLS,
    *notes.TOOLS,
    *facts.TOOLS,
    *taking_back.TOOLS,
    *looking.TOOLS,
    *building.TOOLS,
    *remarks.TOOLS,
    *controls.TOOLS,
)
"""The built-in tools. Each takes `services` first, unless it needs none, and `turn` where it takes
long, or goes with the user's words; each returns a JSON-compatible value.
"""
_GIVEN = ("services", "turn")
"""Arguments that a caller does not give."""


@dataclass(frozen=True, slots=True)
class _Tool:
    function: Function
    description: ToolDescription
    arguments: type[BaseModel]
    takes: frozenset[str]
    """Of what the toolbox gives."""


class ToolBox:
    """All tools, ready to be described and called."""

    def __init__(
        self,
        services: Services,
        functions: Iterable[Function] = BUILT_IN,
        effects: Mapping[str, ToolEffect] = EFFECTS,
    ) -> None:
        self._services, self._effects = services, effects
        self._tools = {function.__name__: _tool(function) for function in functions}

    @property
    def descriptions(self) -> tuple[ToolDescription, ...]:
        return tuple(tool.description for tool in self._tools.values())

    def effect(self, name: str) -> ToolEffect:
        """Return what a tool changes; one that is not listed counts as OUTWARD."""
        return self._effects.get(name, ToolEffect.OUTWARD)

    def call(self, call: ToolCall) -> ToolResult:
        """Call a tool, or return what the user must be asked before. Errors of a person or a
        language model are reported in the result."""
        tool = self._tools.get(call.name)
        if tool is None:
            return ToolResult(error=f"Unknown tool {call.name!r}.")
        try:
            checked = tool.arguments.model_validate(call.arguments)
            if self._asks(call):
                return ToolResult(asks=_request(call))
            given = {"services": self._services, "turn": call.turn}
            value = tool.function(**{name: given[name] for name in tool.takes}, **dict(checked))
            if isinstance(value, PicturePart):
                return ToolResult(picture=value)
            return ToolResult(value=value)
        except ValidationError as error:
            return ToolResult(error=_sentence(call.name, error))
        except AvatarError as error:
            return ToolResult(error=str(error))

    def _asks(self, call: ToolCall) -> bool:
        effect = self.effect(call.name)
        asks = effect is ToolEffect.OUTWARD or (call.suspect and effect is not ToolEffect.READ)
        return asks and call.consent is Permission.NONE


def describe(function: Function) -> ToolDescription:
    """Return what a language model reads of a function."""
    return _tool(function).description


def _request(call: ToolCall) -> PermissionRequest:
    acts = ACTS.get(call.name, {})
    details = "; ".join(f"{name}: {value}" for name, value in call.arguments.items())
    act = acts.get("en", call.name.replace("_", " "))
    asked_by = ASKED_BY.get(call.name, frozenset())
    begins = call.name in BEGINS
    return PermissionRequest(call, act, details[:LONGEST_DETAILS], acts, asked_by, begins)


def _tool(function: Function) -> _Tool:
    taken = frozenset(inspect.signature(function).parameters.keys() & set(_GIVEN))
    arguments = _arguments(function)
    return _Tool(function, _describe(function, arguments), arguments, taken)


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
        if name not in _GIVEN
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
