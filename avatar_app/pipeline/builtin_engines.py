"""What a conversation turns to when an engine fails in a turn, so that the turn is not lost."""

from __future__ import annotations

from typing import Any, Protocol

from avatar_app.core.manifest import Kind

GOES_ON = {
    "recognize": "The built-in recognizer listens to it instead.",
    "think": "The built-in conversation answers instead.",
    "speak": "The built-in voice goes on.",
}
"""How a turn goes on, by the stage whose engine failed."""


class BuiltinEngines(Protocol):
    """Engines that need nothing, one of each kind. May be asked from any thread."""

    def offers(self, kind: Kind) -> bool:
        """Whether there is one besides the engine at work. Does not wait."""

    def engine(self, kind: Kind) -> Any:
        """It, loaded, which may take seconds; the same one until it is closed by whoever owns it.

        Raises AvatarError where it cannot be had.
        """


class NoBuiltinEngines:
    """Every failure stands: for measurements, which a mixture of engines would falsify."""

    def offers(self, _kind: Kind) -> bool:
        return False

    def engine(self, kind: Kind) -> Any:
        raise LookupError(f"no built-in engine was offered for {kind}")
