"""What the page of the studio calls emotions, formats, states and steps."""

from __future__ import annotations

from PySide6.QtCore import QObject

from avatar_app.media.clip_formats import ClipFormat, ClipQuality
from avatar_app.storage.clip_queue import ClipState
from avatar_app.studio.emotions import Emotion
from avatar_app.studio.recipe import Life


class StudioWords(QObject):
    """Words in the language of the window."""

    def emotions(self) -> dict[str, str]:
        """Return what emotions are called, by value."""
        return {
            Emotion.NEUTRAL: self.tr("Neutral"),
            Emotion.EXCITED: self.tr("Excited"),
            Emotion.SAD: self.tr("Sad"),
            Emotion.ANGRY: self.tr("Angry"),
            Emotion.MANIC: self.tr("Manic"),
        }

    def life(self) -> dict[str, str]:
        """Return what moves in the picture, by value."""
        return {
            Life.STILL: self.tr("Head and mouth"),
            Life.ANIMATE: self.tr("A loop of the portrait"),
            Life.VIDEO: self.tr("A moving picture"),
        }

    def formats(self) -> dict[str, str]:
        """Return the kinds of file, by value."""
        return {form: f".{form}" for form in ClipFormat}

    def qualities(self) -> dict[str, str]:
        """Return how exact the pictures are, by value."""
        return {
            ClipQuality.LOW: self.tr("Low"),
            ClipQuality.MEDIUM: self.tr("Medium"),
            ClipQuality.HIGH: self.tr("High"),
            ClipQuality.LOSSLESS: self.tr("Lossless"),
        }

    def state(self, state: ClipState) -> str:
        """Return where a clip of the queue stands."""
        return {
            ClipState.WAITING: self.tr("Waiting"),
            ClipState.RUNNING: self.tr("Being made"),
            ClipState.DONE: self.tr("Done"),
            ClipState.FAILED: self.tr("Failed"),
            ClipState.CANCELLED: self.tr("Cancelled"),
        }[state]

    def step(self, text: str) -> str:
        """Return what is being done."""
        return {
            "Speaking": self.tr("Speaking"),
            "Drawing": self.tr("Drawing"),
            "Checking": self.tr("Checking"),
            "Writing": self.tr("Writing"),
        }.get(text, self.tr("Preparing"))
