"""The interface for answers in the language that the user speaks."""

from __future__ import annotations

from typing import Protocol

from avatar_app.core.engines import SpeechSynthesizer
from avatar_app.core.prompt import Prompt


class AnswerLanguages(Protocol):
    """Languages are ISO 639-1 codes; an empty one is unknown. Thread-safe."""

    def asked(self, prompt: Prompt, language: str) -> Prompt:
        """Return the prompt, with the request to answer in the language where that is wanted."""

    def voice(self, language: str) -> SpeechSynthesizer | None:
        """Return a voice that speaks the language, loaded, which may take seconds; None where the
        one in use speaks it, or nobody else does."""


class SameLanguage:
    """Leaves the language of an answer to the model, and speaks with one voice."""

    def asked(self, prompt: Prompt, _language: str) -> Prompt:
        return prompt

    def voice(self, _language: str) -> SpeechSynthesizer | None:
        return None
