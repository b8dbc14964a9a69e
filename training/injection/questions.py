"""Questions about pictures and tones, with their answers."""

from __future__ import annotations

from dataclasses import dataclass

from injection_scenes import COLORS, LOUDNESSES, PITCHES, SHAPES

ANSWERS = {
    "color": tuple(COLORS),
    "shape": SHAPES,
    "pitch": tuple(PITCHES),
    "loudness": tuple(LOUDNESSES),
}
CAPTIONS = {
    "picture": ("green square", "white heart", "red circle"),
    "sound": ("low quiet", "high loud", "middle loud"),
}
"""In the place of vectors, in the questions before: color and shape; pitch and loudness."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that is asked of every picture, or of every tone."""

    modality: str
    aspect: str
    """The attribute of a Picture or Tone that answers it."""
    text: str

    @property
    def answers(self) -> tuple[str, ...]:
        """Return all answers, equally often right."""
        return ANSWERS[self.aspect]

    @property
    def examples(self) -> tuple[tuple[str, str], ...]:
        """Return captions with the answers that they have."""
        return tuple(
            (caption, word)
            for caption in CAPTIONS[self.modality]
            for word in caption.split()
            if word in self.answers
        )


QUESTIONS = (
    Question("picture", "color", "What color is the shape in the picture? Picture:"),
    Question("picture", "shape", "What shape is in the picture? Picture:"),
    Question("sound", "pitch", "How high is the tone? Tone:"),
    Question("sound", "loudness", "How loud is the tone? Tone:"),
)
REPHRASED = (
    Question("picture", "color", "Tell me the color that you see here:"),
    Question("picture", "shape", "Which form do you see here?"),
    Question("sound", "pitch", "What is the pitch of this?"),
    Question("sound", "loudness", "How strong is this sound?"),
)
