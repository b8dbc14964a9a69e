"""Converts text to IPA phonemes with the packaged espeak-ng; punctuation is preserved.

Interface: espeak-ng/src/include/espeak-ng/speak_lib.h, API revision 12. The library has global
state; a separate copy of it is loaded, which shares none with others in this process.
"""

from __future__ import annotations

import ctypes
import re
import shutil
from collections.abc import Callable, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from avatar_app.core.errors import ConfigInvalid, ModelMissing

_RETRIEVAL = 1  # AUDIO_OUTPUT_RETRIEVAL: it makes no sound
_DONT_EXIT = 0x8000
_UTF8 = 1
_IPA = 0x02
_MARKS = re.compile(r"([,;:.!?…—–«»¡¿\"“”]+)")
_FLAGS = re.compile(r"\([a-z-]+\)")  # where espeak-ng switches to another language
_HINT = "Reinstall the package espeakng-loader."


def phonemizer() -> Callable[[Sequence[str], str], list[str]]:
    """Return a function that converts texts of a language, as named by espeak-ng.

    Raises ModelMissing if the library is missing. The function raises ConfigInvalid for an unknown
    language.
    """
    library = _library()

    def phonemize(texts: Sequence[str], language: str) -> list[str]:
        if library.espeak_SetVoiceByName(language.encode()) != 0:
            raise ConfigInvalid(
                f"espeak-ng does not read {language!r}.", "Choose another language, or auto."
            )
        return [_read(library, text) for text in texts]

    return phonemize


def _library() -> Any:
    try:
        import espeakng_loader

        voices = espeakng_loader.get_data_path()
        with TemporaryDirectory(prefix="espeak-ng-", ignore_cleanup_errors=True) as folder:
            library = ctypes.CDLL(shutil.copy(espeakng_loader.get_library_path(), folder))
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelMissing(f"espeak-ng cannot be loaded: {error}.", _HINT) from error
    if library.espeak_Initialize(_RETRIEVAL, 0, voices.encode(), _DONT_EXIT) < 0:
        raise ModelMissing(f"The voices of espeak-ng are not in {voices}.", _HINT)
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return library


def _read(library: Any, text: str) -> str:
    """Return the phonemes between the punctuation marks of `text`, which stay after the preceding
    word."""
    said: list[str] = []
    for index, piece in enumerate(_MARKS.split(text)):
        if index % 2:
            said.append(piece)
        elif piece.isspace():
            said.append(" ")
        elif phonemes := _clauses(library, piece):
            said.append((" " if said and piece[:1].isspace() else "") + phonemes)
    return "".join(said).strip()


def _clauses(library: Any, text: str) -> str:
    """Convert clause by clause: each call of espeak-ng advances the pointer to the next one."""
    if not text.strip():
        return ""
    buffer = ctypes.create_string_buffer(text.encode())
    rest = ctypes.c_void_p(ctypes.addressof(buffer))
    clauses = []
    while rest.value:
        read = library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA)
        clauses.append(_FLAGS.sub("", (read or b"").decode(errors="ignore")).strip())
    return " ".join(filter(None, clauses))
