"""Phonemes for Coqui's models, through the packaged espeak-ng."""

from __future__ import annotations

import logging
from typing import Any

import espeakng_loader
import phonemizer
from phonemizer.backend.espeak.wrapper import EspeakWrapper
from TTS.tts.utils.text import phonemizers
from TTS.tts.utils.text.phonemizers.base import BasePhonemizer


def use_packaged_espeak() -> None:
    """Register `Espeak` for models that ask for espeak."""
    phonemizers._register_phonemizers()  # noqa: SLF001 else it does so later
    phonemizers.PHONEMIZERS[Espeak.name()] = Espeak
    logging.getLogger("phonemizer").setLevel(logging.ERROR)  # it reports which words it joined


class Espeak(BasePhonemizer):
    """Like coqui-tts' class, which calls a program that may not be installed."""

    def __init__(self, language: str, **options: Any) -> None:
        EspeakWrapper.set_library(espeakng_loader.get_library_path())
        EspeakWrapper.set_data_path(espeakng_loader.get_data_path())
        super().__init__(language, **options)

    @staticmethod
    def name() -> str:
        return "espeak"

    @staticmethod
    def supported_languages() -> dict[str, str]:
        from TTS.tts.utils.text.phonemizers.espeak_wrapper import ESpeak

        return {name: name for name in ESpeak.supported_languages()} | {"en-us": "English"}

    def version(self) -> str:
        return str(phonemizer.__version__)

    def is_available(self) -> bool:
        return True

    def _phonemize(self, text: str, separator: str = "") -> str:  # noqa: ARG002 phonemes are signs
        said = phonemizer.phonemize(
            text, self._language, strip=True, with_stress=True, preserve_punctuation=True
        )
        return str(said)
