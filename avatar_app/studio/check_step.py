"""The step “check”: does the clip show what it should, and is anything wrong with it?

Two embeddings are compared, of the actor's picture and of a frame of the clip: it must still be the
same person. With a prompt, the frame must fit that, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from avatar_app.core.errors import EngineFailed, InputInvalid
from avatar_app.core.generation import Verification
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Image
from avatar_app.settings.schema import EngineChoice
from avatar_app.studio.engine_cache import StudioEngines
from avatar_app.studio.speech_step import StoredSpeech

SAME_PERSON = 0.6
"""Least cosine between the embeddings of the actor's picture and of a frame of the clip."""
_SILENT = 1e-4
"""Of full scale."""
_LOOKED_AT = 24
"""Frames that are compared."""


def self_check(frames: Image, fps: float, speech: StoredSpeech) -> None:
    """Raise EngineFailed where the clip cannot be right: silent, black, frozen, or of another
    length than its sound."""
    step = max(1, len(frames) // _LOOKED_AT)
    looked_at = np.ascontiguousarray(frames[::step, ::4, ::4])
    flaw = ""
    if float(np.abs(speech.samples).max(initial=0)) < _SILENT:
        flaw = "nothing is heard"
    elif abs(len(frames) / fps - speech.seconds) > 1 / fps + 1e-6:
        flaw = f"the pictures last {len(frames) / fps:.2f} s, the sound {speech.seconds:.2f} s"
    elif looked_at.max(initial=0) == looked_at.min(initial=255):
        flaw = "the pictures are empty"
    elif len(looked_at) > 2 and not (looked_at[1:] != looked_at[:1]).any():
        flaw = "nothing moves"
    if flaw:
        raise EngineFailed(
            f"The clip failed its check: {flaw}.", "Choose another face or voice, or try again."
        )


def verify_clip(
    frame: Image,
    portrait: Image | None,
    prompt: str,
    choice: EngineChoice,
    engines: StudioEngines,
    job: Job[Any],
) -> Verification:
    """Return how well a frame fits the prompt, and its embedding.

    Raises InputInvalid where it does not fit, or shows somebody else than the portrait.
    """
    with engines.use(Kind.VERIFY, choice) as verifier:
        found: Verification = verifier.verify(frame, prompt, job)
        before: Verification | None = None
        if portrait is not None and found.embedding:
            before = verifier.verify(portrait, "", job)
    if not found.fits:
        scores = ", ".join(
            f"{score.model} {score.similarity:.2f} of {score.threshold:.2f}"
            for score in found.scores
        )
        raise InputInvalid(
            f"The clip does not show “{prompt[:60]}” ({scores}).",
            "Choose another seed, or lower the thresholds of studio.verify.options.",
        )
    if before is not None and before.embedding:
        likeness = float(np.dot(before.embedding, found.embedding))
        if likeness < SAME_PERSON:
            raise InputInvalid(
                f"The clip shows somebody else than the portrait (likeness {likeness:.2f}).",
                "Choose another face engine.",
            )
    return found
