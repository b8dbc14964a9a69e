"""Calls of the client's functions: the dialogue waits for the result, but not for ever."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from uuid import uuid4

from avatar_app.core.values import ToolCall, ToolResult

PATIENCE = 60.0
"""Seconds for which a client may work on a function."""
STOPPED = ToolResult(error="The answer was stopped before the function returned.")
LATE = ToolResult(error="The function did not return in time.")


@dataclass(eq=False, slots=True)
class PendingCall:
    """A call on its way to the client and back."""

    call: ToolCall
    id: str = field(default_factory=lambda: f"call_{uuid4().hex[:20]}")
    output: ToolResult | None = None
    """What the client sent; the dialogue gets it when the client wants the answer to go on."""
    _result: ToolResult = LATE
    _returned: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> ToolResult:
        """Block until the function has returned; called by the dialogue's thread."""
        self._returned.wait(PATIENCE)
        return self._result

    def resolve(self, result: ToolResult) -> None:
        """Let the dialogue go on."""
        if not self._returned.is_set():
            self._result = result
            self._returned.set()


def result_of(output: str) -> ToolResult:
    """Return a client's output: JSON, or words."""
    try:
        return ToolResult(json.loads(output))
    except (ValueError, RecursionError):
        return ToolResult(output)
