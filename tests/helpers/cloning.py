"""A cloned voice with its speaker's consent, made as the user makes one, for tests to work on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spoken import STORY, spoken, written

from avatar_app.core.values import Samples
from avatar_app.system.paths import app_paths
from avatar_app.voices.cloning import Cloning, ask
from avatar_app.voices.consent_phrase import Sentence
from avatar_app.voices.library import ClonedVoice

NAME = "ada"
DRAWN = Sentence(("humble", "astronaut", "swallowed", "wet", "computer", "aquarium"))
"""Drawn for every test, so that it is spoken once for all."""


def cloned(
    folder: Path,
    recording: Samples | None = None,
    understood: Callable[[str], str] = lambda text: text,
    name: str = NAME,
) -> ClonedVoice:
    """What comes of a reference and a recording of the sentence, heard as `understood` says."""
    recording = spoken(DRAWN.text) if recording is None else recording
    reference = written(folder / "story.wav", spoken(STORY))
    paths = app_paths()
    sentence = ask(name, paths).sentence.text
    return (
        Cloning(name, reference, lambda _: recording, lambda _: understood(sentence), paths)
        .job()
        .run()
    )
