"""Selects the few functions that fit the user's words, and describes them briefly."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rapidfuzz import fuzz

from avatar_app.core.prompt import Prompt, Role, ToolDescription, content_of

MOST = 3
"""Maximum functions offered at once: each costs some 40 tokens."""
ALIKE = 84
"""Similarity, of 100, from which words are forms of one: “remind” and “reminder”."""
NAME, DESCRIPTION, PARAMETER = 1.0, 0.6, 0.3
"""Weight of a word, by its position."""
ENOUGH = 0.5
"""Score from which a function is offered."""
SHORTEST = 4
"""Minimum letters of a meaningful word."""
OFFERED = (
    "{said}\n\n(Only if that asks for it, call one of these functions, with nothing but"
    ' <tool_call>{{"name": …, "arguments": {{…}}}}</tool_call>; else just answer.\n{functions})'
)
"""Appended to the user's words: the text before them stays the same, and is not processed again."""
_WORD = re.compile(r"[^\W\d_]+")
_COMMON = frozenset(
    (
        "what", "when", "where", "which", "with", "that", "this", "from", "have", "your", "will",
        "would", "could", "should", "about", "there", "they", "them", "then", "than", "some",
        "want", "like", "know", "tell", "please", "user", "words", "says", "else", "empty",
        "another", "into",
    )
)  # fmt: skip


def fitting(prompt: Prompt, most: int = MOST) -> tuple[ToolDescription, ...]:
    """Return the functions whose descriptions have most in common with the user's words."""
    said = _words(_last_said(prompt))
    if not said:
        return ()
    known = {tool.name: _weighed(tool) for tool in prompt.tools}
    scores = {
        tool.name: sum(_score(word, known[tool.name], known.values()) for word in said)
        for tool in prompt.tools
    }
    best = sorted(prompt.tools, key=lambda tool: -scores[tool.name])[:most]
    return tuple(tool for tool in best if scores[tool.name] >= ENOUGH)


def with_offer(prompt: Prompt, tools: Iterable[ToolDescription]) -> Prompt:
    """Return the prompt with the offered functions after the user's last words."""
    functions = "\n".join(signature(tool) for tool in tools)
    last = prompt.messages[-1]
    said = OFFERED.format(said=last.text, functions=functions)
    offered = replace(last, content=content_of(said, last.media))
    return replace(prompt, messages=(*prompt.messages[:-1], offered), tools=())


def signature(tool: ToolDescription) -> str:
    """Return a function's signature in one line."""
    required = tool.parameters.get("required", ())
    parameters = ", ".join(
        f"{name}{'' if name in required else '?'}: {_type(schema, tool.parameters)}"
        for name, schema in tool.parameters.get("properties", {}).items()
    )
    return f"{tool.name}({parameters}): {tool.description}"


def _type(schema: dict[str, Any], whole: dict[str, Any]) -> str:
    if reference := schema.get("$ref"):
        schema = whole.get("$defs", {}).get(str(reference).rpartition("/")[2], {})
    if values := schema.get("enum"):
        return "|".join(map(str, values))
    form = schema.get("description", "")
    written = re.search(r"\bY{4}[-\w:]+", form)
    return written[0] if written else str(schema.get("type", "any"))


def _last_said(prompt: Prompt) -> str:
    """Return the user's words; with those before, if they answer a question."""
    said = [message.text for message in prompt.messages if message.role is Role.USER][-2:]
    asked = len(prompt.messages) > 1 and prompt.messages[-2].text.rstrip().endswith("?")
    return " ".join(said if asked else said[-1:])


def _words(text: str) -> set[str]:
    found = {word.lower() for word in _WORD.findall(text) if len(word) >= SHORTEST}
    return found - _COMMON


def _weighed(tool: ToolDescription) -> dict[str, float]:
    """Return the words of a description with their weights."""
    schemas = tool.parameters.get("properties", {})
    texts = " ".join(f"{name} {schema.get('description', '')}" for name, schema in schemas.items())
    weights = dict.fromkeys(_words(texts.replace("_", " ")), PARAMETER)
    weights |= dict.fromkeys(_words(tool.description), DESCRIPTION)
    return weights | dict.fromkeys(_words(tool.name.replace("_", " ")), NAME)


def _score(word: str, weights: dict[str, float], every: Iterable[dict[str, float]]) -> float:
    """Return how much a word counts for a function: more if few have it."""
    weight = _weight(word, weights)
    shared = sum(_weight(word, each) > 0 for each in every) if weight else 1
    return weight / math.sqrt(shared)


def _weight(word: str, weights: dict[str, float]) -> float:
    alike = [weight for other, weight in weights.items() if fuzz.ratio(word, other) >= ALIKE]
    return max(alike, default=0.0)
