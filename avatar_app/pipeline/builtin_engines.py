"""The interface to built-in engines that finish a turn when its engine fails."""

from __future__ import annotations

from typing import Any, Protocol

from avatar_app.core.manifest import Kind

GOES_ON = {
    "recognize": "The built-in recognizer listens to it instead.",
    "think": "The built-in conversation answers instead.",
    "speak": "The built-in voice takes over.",
}
"""How a turn continues, by the stage whose engine failed."""


class BuiltinEngines(Protocol):
    """Built-in engines, one of each kind. Thread-safe."""

    def offers(self, kind: Kind) -> bool:
        """Whether there is one besides the engine in use. Does not block."""

    def engine(self, kind: Kind) -> Any:
        """Return it, loaded, which may take seconds; the same one until its owner closes it.

        Raises AvatarError where it cannot be loaded.
        """


class NoBuiltinEngines:
    """Offers no engine, so every failure stands: for measurements, which mixed engines would
    falsify."""

    def offers(self, _kind: Kind) -> bool:
        return False

    def engine(self, kind: Kind) -> Any:
        raise LookupError(f"no built-in engine was offered for {kind}")
