"""The interface to llama.cpp libraries, and conversion of their errors."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
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
"""GGUF's key of the chat template."""
_DAMAGED = ("failed to load model", "error loading model", "failed to read", "failed to open")
"""llama.cpp's messages for an unusable model file."""
_FULL = ("failed to create llama_context", "failed to create_context", "kv cache", "returned 1")
"""Its messages for out of memory; `is_out_of_memory` knows those of other libraries."""
ALL_LAYERS = 999
LAYERS = (ALL_LAYERS, 16, 8, 0)
"""Numbers of layers on a graphics card to try where as many as possible are wanted."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a model processed."""

    tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: Evaluated) -> Evaluated:
        return Evaluated(self.tokens + other.tokens, self.seconds + other.seconds)


class Writer(Protocol):
    """A loaded language model with its cache: only new text is processed."""

    marker: str
    """Stands in a text for a picture or sound that is given with it; empty where the model only
    reads."""
    window_tokens: int
    """What each begun half minute of a sound takes of the context, rather too many."""

    def count(self, text: str) -> int:
        """Return the number of tokens in a text."""

    def write(
        self,
        text: str,
        longest: int,
        sampling: Mapping[str, Any],
        turn: Turn,
        media: Sequence[bytes] = (),
    ) -> Generator[str]:
        """Yield the continuation of `text`, `longest` tokens at most; "" while it is being
        processed. `media`: files (JPEG, PNG, WAV, MP3, FLAC), one for each `marker` in the text.

        Ends early, or raises anything, once the turn is cancelled.
        """

    def read(self, text: str, turn: Turn) -> Generator[str]:
        """Process `text` for later; yields "" now and then."""

    def evaluated(self) -> Evaluated:
        """Return what was processed since the last call, without what was cached."""

    def close(self) -> None:
        """Release all memory."""


class StateKeeper(Protocol):
    """A model whose state after a text can be stored."""

    version: str
    """Version of the library: another one may not read a stored state."""

    def save(self, file: Path) -> None:
        """Store the state after the last text."""

    def restore(self, file: Path) -> None:
        """Restore a stored state; raises OSError or ValueError where that is not possible."""


class Backend(Writer, StateKeeper, Protocol):
    """A model that llama.cpp runs."""

    metadata: Mapping[str, str]
    """The file's metadata, by GGUF's names."""
    sees: bool
    hears: bool

    def tokens(self, text: str, *, special: bool) -> list[int]:
        """Return the tokens of a text, without one for its beginning. `special`: whether names of
        control tokens in it mean those tokens."""

    def write_tokens(
        self, prompt: Sequence[int], longest: int, sampling: Mapping[str, Any], turn: Turn
    ) -> Generator[int]:
        """Yield the tokens that continue `prompt`, `longest` at most, one by one. The token that
        ends the text may be among them, and others after it. Ends like `write`."""


def layers_to_try(gpu_layers: int, *, has_card: bool) -> tuple[int, ...]:
    """Yield the layer counts to try. `gpu_layers`: −1 uses all that fit."""
    if gpu_layers >= 0:
        return (gpu_layers,)
    return LAYERS if has_card else (0,)


def check_file(path: Path) -> None:
    """Raise ModelMissing or InputInvalid for anything but a GGUF file."""
    if not path.is_file():
        raise ModelMissing(
            f"No language model at {path}.",
            "Download one (avatar-app models download llama-3.2-1b), or choose a GGUF file.",
        )
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise InputInvalid(f"The file {path} is not a GGUF model.", "Choose a file that is.")


def translate_error(error: BaseException, path: Path) -> AvatarError:
    """Convert the library's exceptions to user-facing errors."""
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
            "Download it again, or choose another one.",
        )
    return EngineFailed(f"The language model {path.stem} failed: {reason}.", "Ask again.")
