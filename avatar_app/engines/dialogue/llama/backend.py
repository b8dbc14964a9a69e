"""What the engine asks of a llama.cpp library, and what goes wrong there, in sentences."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from avatar_app.core.errors import (
    AvatarError,
    EngineFailed,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.out_of_memory import is_out_of_memory
from avatar_app.core.turn import Turn

MAGIC = b"GGUF"
TEMPLATE = "tokenizer.chat_template"
"""GGUF's name for how a model wants to read a conversation."""
_DAMAGED = ("failed to load model", "error loading model", "failed to read", "failed to open")
"""How llama.cpp says that a file is no model that it can use."""
_FULL = ("failed to create llama_context", "failed to create_context", "kv cache", "returned 1")
"""How it says that memory ran out; what other libraries say, `is_out_of_memory` knows."""
ALL_LAYERS = 999
LAYERS = (ALL_LAYERS, 16, 8, 0)
"""Numbers of layers on a graphics card that are tried where as many are wanted as fit."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a model read."""

    tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: Evaluated) -> Evaluated:
        return Evaluated(self.tokens + other.tokens, self.seconds + other.seconds)


class Backend(Protocol):
    """A model in memory, with the cache of what it has read: the next text costs what is new."""

    metadata: Mapping[str, str]
    """What the file says of itself, by GGUF's names."""
    version: str
    """Of the library: what one version stored, another may not understand."""

    def count(self, text: str) -> int:
        """Tokens of a text."""

    def write(
        self, text: str, longest: int, sampling: Mapping[str, Any], turn: Turn
    ) -> Generator[str]:
        """Yield what follows `text`, `longest` tokens at most; "" while it is being read.

        Ends early, or raises anything, once the turn is cancelled.
        """

    def read(self, text: str, turn: Turn) -> Generator[str]:
        """Read `text` for later; yields "" now and then."""

    def evaluated(self) -> Evaluated:
        """What was read since this was asked last, without what was in the cache."""

    def save(self, file: Path) -> None:
        """Store what was read last."""

    def restore(self, file: Path) -> None:
        """Put back what was stored; OSError or ValueError where that is not possible."""

    def close(self) -> None:
        """Give back all memory."""


def layers_to_try(gpu_layers: int, *, has_card: bool) -> tuple[int, ...]:
    """`gpu_layers`: −1 takes all that fit."""
    if gpu_layers >= 0:
        return (gpu_layers,)
    return LAYERS if has_card else (0,)


def check_file(path: Path) -> None:
    """ModelMissing or InputInvalid for what is no GGUF file."""
    if not path.is_file():
        raise ModelMissing(
            f"No language model at {path}.",
            "Fetch one (avatar-app models download llama-3.2-1b), or choose a GGUF file.",
        )
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise InputInvalid(f"The file {path} is no GGUF model.", "Choose a file that is.")


def translated(error: BaseException, path: Path) -> AvatarError:
    """What the library raised, for a person to read."""
    reason = " ".join(str(error).split())
    said = reason.lower()
    if is_out_of_memory(error) or any(words in said for words in _FULL):
        return OutOfMemory(
            f"The language model {path.stem} does not fit into memory.",
            "Choose a smaller model, a shorter context, or fewer layers on the graphics card.",
        )
    if any(words in said for words in _DAMAGED):
        return InputInvalid(
            f"The language model {path} cannot be loaded; it is damaged or of a kind that the"
            " installed llama.cpp does not know.",
            "Fetch it again, or choose another one.",
        )
    return EngineFailed(f"The language model {path.stem} failed: {reason}.", "Ask again.")
