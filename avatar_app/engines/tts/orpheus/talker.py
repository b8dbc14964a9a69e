"""The language model of Orpheus: reads a text, and writes audio tokens."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import EngineFailed, InputInvalid
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.engines.llama_cpp.backend import Backend, translate_error
from avatar_app.engines.llama_cpp.libraries import backend_for
from avatar_app.engines.tts.orpheus.files import HINT
from avatar_app.engines.tts.orpheus.frames import LAST, PLACES, Frame, frames_of, until_loop

_SOUND_STARTS, _SOUND_ENDS, _TURN_STARTS, _TURN_ENDS, _ANSWER_STARTS = 1, 2, 3, 4, 5
"""Numbers of custom tokens that are signs."""
_FRAMES_A_SECOND = 24_000 / 2048
_SLOWEST = 5.0
"""Characters in a second of the slowest speech."""
_SPARE = 3.0
"""Seconds that any text may take in addition: a breath, a laugh."""


@dataclass(frozen=True, slots=True)
class _Signs:
    """The tokens of one model's vocabulary that are no text."""

    text: int
    """Begins a text (Llama 3: begin_of_text)."""
    end: int
    """Ends a text (Llama 3: eot_id)."""
    custom: int
    """The custom token number 0, which all the others follow."""


class Talker:
    """A loaded language model."""

    def __init__(
        self, path: Path, context: int, threads: int, gpu_layers: int, library: str
    ) -> None:
        """Raises InputInvalid for anything but a model of Orpheus, OutOfMemory."""
        self._path, self._context = path, context
        self._writing = threading.Lock()  # held for a token at a time
        self._text = Turn(0)  # the one that is being written
        self._backend: Backend = backend_for(library)(path, context, threads, gpu_layers)
        try:
            self._signs = _signs(self._backend, path)
        except BaseException:
            self._backend.close()
            raise

    def frames(
        self, text: str, voice: str, sampling: Mapping[str, Any], turn: Turn
    ) -> Generator[Frame]:
        """Yield the sound of a text, frame by frame, until it ends, loops, or has become longer
        than any speaker would take.

        One text is written at a time: one that is not read to its end gives way to the next.
        Raises TurnCancelled within a token; EngineFailed.
        """
        prompt = self._prompt(f"{voice}: {text}")
        room = self._context - len(prompt)
        longest = min(room, PLACES * longest_speech(text))
        with closing(self._customs(prompt, longest, sampling, turn)) as customs:
            yield from until_loop(frames_of(customs))

    def close(self) -> None:
        self._text.cancel()
        with self._writing:
            self._backend.close()

    def _prompt(self, text: str) -> list[int]:
        signs, tokens = self._signs, self._backend.tokens(text, special=False)
        spoken = [token for token in tokens if token < signs.custom]  # of a text that names them
        return [
            signs.custom + _TURN_STARTS,
            signs.text,
            *spoken,
            signs.end,
            signs.custom + _TURN_ENDS,
            signs.custom + _ANSWER_STARTS,
            signs.custom + _SOUND_STARTS,
        ]

    def _customs(
        self, prompt: list[int], longest: int, sampling: Mapping[str, Any], turn: Turn
    ) -> Generator[int]:
        """Yield the numbers of the custom tokens that are written; of other tokens, negative
        ones."""
        part = self._begun(turn)
        with (
            self._translated(turn),
            closing(self._backend.write_tokens(prompt, longest, sampling, part)) as tokens,
        ):
            while True:
                with self._writing:
                    part.check()
                    token = next(tokens, None)
                turn.check()
                if token is None or token == self._signs.custom + _SOUND_ENDS:
                    part.check()  # a stream that is cut just ends
                    return
                yield token - self._signs.custom

    def _begun(self, turn: Turn) -> Turn:
        """Return a turn for one text, which ends with `turn` or when the next text begins."""
        part = Turn(turn.id)
        turn.when_cancelled(part.cancel)
        former, self._text = self._text, part
        former.cancel()
        return part

    @contextmanager
    def _translated(self, turn: Turn) -> Iterator[None]:
        """Convert the library's exceptions to user-facing errors."""
        try:
            yield
        except TurnCancelled:
            turn.check()
            raise EngineFailed(
                "Orpheus began to say something else.", "Let it finish one text before the next."
            ) from None
        except (RuntimeError, ValueError, OSError, MemoryError) as error:
            turn.check()
            raise translate_error(error, self._path) from error


def longest_speech(text: str) -> int:
    """Return the frames after which the speech of a text is cut off."""
    return round((_SPARE + len(text) / _SLOWEST) * _FRAMES_A_SECOND)


def _signs(backend: Backend, path: Path) -> _Signs:
    """Find the signs in a vocabulary. Raises InputInvalid where they are not."""
    names = ("<|begin_of_text|>", "<|eot_id|>", "<custom_token_0>", f"<custom_token_{LAST - 1}>")
    found = [backend.tokens(name, special=True) for name in names]
    single = [tokens[0] for tokens in found if len(tokens) == 1]
    if len(single) < len(names) or single[3] != single[2] + LAST - 1:
        raise InputInvalid(f"{path.name} is no model of Orpheus: it has no audio tokens.", HINT)
    return _Signs(*single[:3])
