"""One utterance of the user, and its segments between pauses."""

from __future__ import annotations

from dataclasses import dataclass, field

from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk
from avatar_app.pipeline.spoken_name import without_call
from avatar_app.pipeline.stage import Feed


@dataclass(eq=False, slots=True)
class AudioSegment:
    """The sound between two pauses, and its transcript."""

    turn: Turn
    """Identifies this recognition; it is cancelled when the utterance is withdrawn, or when the
    segment is recognized again."""
    feed: Feed[AudioChunk]
    text: str = ""
    replaces: int = 0
    """Number of segments before this one whose text it contains."""
    language: str = ""
    """ISO 639-1; empty where the recognizer does not report it."""
    final: bool = False
    open: bool = True
    sound: list[AudioChunk] = field(default_factory=list)
    """Sound with the silence before and after the voice; kept until the text is final, in case a
    recognizer fails, and until the end for a dialogue engine that hears."""
    heard_again: bool = False
    """The built-in recognizer processes it."""


@dataclass(eq=False, slots=True)
class Utterance:
    """Everything the user says in one go. Owned by the conversation thread."""

    id: int
    """Of the turn it becomes."""
    carried: str = ""
    """What the user said before, if the answer to it was not heard."""
    segments: list[AudioSegment] = field(default_factory=list)
    called: str = ""
    """The wake word that it begins with, which is no part of its text."""
    over_avatar: bool = False
    """It began while the avatar spoke."""
    ended: bool = False
    """The turn detector is sure that the user has ended."""
    marks: dict[str, float] = field(default_factory=dict)
    answer: Turn | None = None
    """The answer that is prepared before the end is certain."""
    speech_id: int = field(init=False)
    """For the recognizer: that of the utterance with which it may go on, or its own."""

    def __post_init__(self) -> None:
        self.speech_id = self.id

    def go_on_with(self, before: Utterance) -> None:
        """Add what was said in `before`."""
        self.carried, self.segments[:0] = before.carried, before.segments

    @property
    def text(self) -> str:
        texts = [segment.text for segment in self.segments]
        for index, segment in enumerate(self.segments):
            replaced = range(max(0, index - segment.replaces), index)
            texts[replaced.start : index] = [""] * len(replaced)
        said = " ".join(text for text in texts if text)
        return " ".join(text for text in (self.carried, without_call(said, self.called)) if text)

    @property
    def language(self) -> str:
        """Return the language of the last words whose language is known."""
        known = (segment.language for segment in reversed(self.segments) if segment.language)
        return next(known, "")

    @property
    def sound(self) -> tuple[AudioChunk, ...]:
        """Return all that was said; empty where some of it is not kept."""
        if self.carried or not all(segment.sound for segment in self.segments):
            return ()
        return tuple(chunk for segment in self.segments for chunk in segment.sound)

    @property
    def understood(self) -> bool:
        """Whether every segment has its final text."""
        return all(segment.final for segment in self.segments)

    def drop_answer(self) -> None:
        """The user had not ended: what was prepared is of no use."""
        if self.answer is not None:
            self.answer.cancel()
            self.answer = None

    def segment_of(self, turn: Turn) -> AudioSegment | None:
        return next((segment for segment in self.segments if segment.turn is turn), None)
