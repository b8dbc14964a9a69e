"""What the user approved: the tools of a server as they were shown, kept to notice a change.

A server can offer other tools tomorrow than those that were looked at today, with other words for
the language model to read. Only tools that are exactly as approved are offered and called.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.system.files import replace_file

MOST_TOOLS = 64
LONGEST_DESCRIPTION = 600
"""Characters of a tool's description that a language model reads."""
LARGEST_SCHEMA = 16_000
"""Characters of a tool's schema as JSON; a larger one is not offered."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class McpTool:
    """A tool as its server describes it."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of its arguments."""
    only_reads: bool = False
    """Says its server, which may lie."""

    @property
    def words(self) -> str:
        """Return its name in words: “send message”. No other text of a server is ever spoken."""
        split = re.sub(r"([a-z])([A-Z])", r"\1 \2", self.name)
        return " ".join(_NOT_IN_NAMES.sub(" ", split).replace("_", " ").replace("-", " ").split())


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from what was approved."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    def __str__(self) -> str:
        parts = (("new", self.new), ("changed", self.changed), ("gone", self.gone))
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in parts if names)


def clean(text: str, longest: int) -> str:
    """Return a text of a server without control characters, shortened."""
    kept = (each for each in text if each in "\n\t" or unicodedata.category(each)[0] != "C")
    cleaned = "".join(kept).strip()
    return cleaned if len(cleaned) <= longest else cleaned[:longest].rstrip() + " …"


def described(tools: Iterable[tuple[str, str, Any, bool]]) -> tuple[McpTool, ...]:
    """Return what a server offers, within bounds: by name, description, schema, whether it only
    reads. Raises InputInvalid where it offers too much."""
    found: dict[str, McpTool] = {}
    for name, description, schema, only_reads in tools:
        if len(found) >= MOST_TOOLS:
            raise InputInvalid(
                f"The server offers more than {MOST_TOOLS} tools.", "Use one that offers fewer."
            )
        if not isinstance(schema, dict) or len(json.dumps(schema)) > LARGEST_SCHEMA:
            continue
        if clean(name, 200) == name and name not in found:
            about = " ".join(clean(description, LONGEST_DESCRIPTION).split())
            found[name] = McpTool(name, about, schema, only_reads)
    return tuple(found.values())


def change(approved: Iterable[McpTool], offered: Iterable[McpTool]) -> Change:
    """Return what is different now."""
    before, now = ({tool.name: tool for tool in tools} for tools in (approved, offered))
    return Change(
        tuple(name for name in now if name not in before),
        tuple(name for name in now if name in before and now[name] != before[name]),
        tuple(name for name in before if name not in now),
    )


class Approvals:
    """A JSON file for each server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tools(self, server: str) -> tuple[McpTool, ...]:
        """Return the approved tools; empty where there are none or the file is damaged."""
        try:
            rows = json.loads(self._path(server).read_text("utf-8"))
            return tuple(McpTool(**row) for row in rows)
        except (OSError, ValueError, TypeError, RecursionError):
            return ()

    def approve(self, server: str, tools: Iterable[McpTool]) -> None:
        """Keep the tools as they are now. Raises InputInvalid where the disk does not take it."""
        text = json.dumps([asdict(tool) for tool in tools], ensure_ascii=False, indent=1)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(self._path(server), text.encode("utf-8"))
        except OSError as error:
            raise InputInvalid(
                f"{self._path(server)} can't be written: {error.strerror}.", "Check the disk."
            ) from error

    def forget(self, server: str) -> None:
        """Delete what was approved."""
        self._path(server).unlink(missing_ok=True)

    def _path(self, server: str) -> Path:
        return self._folder / f"{server}.json"
