"""Deterministic calls of espeak-ng, from text to samples and events.

espeak-ng has the phase of its pitch, its flutter and its noise in static variables, so that the
same text never sounds the same twice. Every call therefore loads and unloads the library: about 1.5
ms, the same samples for the same text, no state shared between voices, and nothing to clean up.
(espeak_Terminate leaks some 2 KB per call.)

Interface: espeak-ng/src/include/espeak-ng/speak_lib.h, API revision 12.
"""

from __future__ import annotations

import _ctypes
import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import ConfigInvalid, ModelMissing

RATE = 22_050
"""Samples per second of espeak-ng's own synthesis."""

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: espeak_Synth returns when all is said
_BUFFER_MS = 100  # length of a callback's buffer: how often `stop` is asked
_IPA_EVENTS = 0x8003  # PHONEME_EVENTS | PHONEME_IPA | DONT_EXIT (on errors)
_UTF8 = 1
_SPEED, _PITCH, _RANGE = 1, 3, 4  # espeak_PARAMETER
_END_OF_LIST, _WORD, _PHONEME = 0, 1, 7  # espeak_EVENT_TYPE
_NAME_BYTES = 8  # of a phoneme; not closed by a zero when it is that long
_SEED = 1
_TABLE = "phontab"  # espeak_Initialize does not say that its files are missing

_HINT = "Reinstall the package espeakng-loader."
_alone = threading.Lock()  # the library has one global state


@dataclass(frozen=True, slots=True)
class Speaker:
    """Voice and prosody parameters of espeak-ng."""

    voice: str
    """A language of espeak-ng, optionally with a variant: en-us+f2."""
    words_per_minute: int = 175
    """80 to 450."""
    pitch: int = 50
    """0 to 99: an octave below to an octave above the variant's default."""
    expression: int = 50
    """0 to 99: monotonous to very lively; 50 is the variant's default."""


@dataclass(frozen=True, slots=True)
class WordSpoken:
    """The start of a word."""

    position: int
    """Index of the word's first character in the text."""
    sample: int


@dataclass(frozen=True, slots=True)
class PhonemeSpoken:
    """The start of a phoneme."""

    ipa: str
    """IPA, including stress and length marks; empty for a pause."""
    sample: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """The synthesized text, or its beginning if synthesis was stopped."""

    samples: NDArray[np.int16]
    """Shape (n,), at RATE."""
    words: tuple[WordSpoken, ...]
    phonemes: tuple[PhonemeSpoken, ...]


class _Identity(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_ubyte * _NAME_BYTES),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # in characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Identity),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def synthesize(text: str, speaker: Speaker, stop: Callable[[], bool]) -> Utterance:
    """Synthesize `text`; ends early once `stop()` is true, which is checked every 100 ms of sound.

    Raises ModelMissing if the library or its voices are missing, ConfigInvalid for an unknown
    voice.
    """
    recording = _Recording(stop)
    callback = _Callback(recording.take)
    encoded = text.encode()
    with _alone, _loaded() as library:
        library.espeak_SetSynthCallback(callback)
        _choose(library, speaker)
        library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, _UTF8, None, None)
    return recording.utterance()


class _Recording:
    """Collects the samples and events passed to the callback."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop
        self._pieces: list[NDArray[np.int16]] = []
        self._words: list[WordSpoken] = []
        self._phonemes: list[PhonemeSpoken] = []

    def take(self, samples: Any, count: int, events: Any) -> int:
        """Callback: copies samples and events; returning 1 makes the library stop."""
        if count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        for event in _until_end(events):
            if event.type == _WORD:
                self._words.append(WordSpoken(event.text_position - 1, event.sample))
            elif event.type == _PHONEME:
                self._phonemes.append(PhonemeSpoken(_name(event), event.sample))
        return int(self._stop())

    def utterance(self) -> Utterance:
        empty = np.zeros(0, np.int16)
        samples = np.concatenate([empty, *self._pieces])
        return Utterance(samples, tuple(self._words), tuple(self._phonemes))


def _until_end(events: Any) -> Iterator[Any]:
    index = 0
    while events[index].type != _END_OF_LIST:
        yield events[index]
        index += 1


def _name(event: Any) -> str:
    return bytes(event.id.string).partition(b"\0")[0].decode(errors="ignore")


@contextmanager
def _loaded() -> Iterator[Any]:
    library, voices = _opened()
    try:
        library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, voices.encode(), _IPA_EVENTS)
        library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        yield library
    finally:
        library.espeak_Terminate()
        _unload(library)


def _opened() -> tuple[Any, str]:
    """Load the library; returns it and the folder of its voices."""
    try:
        import espeakng_loader

        voices = espeakng_loader.get_data_path()
        if not Path(voices, _TABLE).is_file():
            raise ModelMissing(f"The voices of espeak-ng are not in {voices}.", _HINT)
        return ctypes.CDLL(espeakng_loader.get_library_path()), voices
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelMissing(f"The voice espeak-ng cannot be loaded: {error}.", _HINT) from error


def _unload(library: Any) -> None:
    release = getattr(_ctypes, "dlclose", None) or getattr(_ctypes, "FreeLibrary")  # noqa: B009
    release(library._handle)  # noqa: SLF001  ctypes has no public way to unload


def _choose(library: Any, speaker: Speaker) -> None:
    if library.espeak_SetVoiceByName(speaker.voice.encode()) != 0:
        raise ConfigInvalid(
            f"espeak-ng has no voice {speaker.voice!r}.", "Choose one of the manifest's voices."
        )
    library.espeak_SetParameter(_SPEED, speaker.words_per_minute, 0)
    library.espeak_SetParameter(_PITCH, speaker.pitch, 0)
    library.espeak_SetParameter(_RANGE, speaker.expression, 0)
