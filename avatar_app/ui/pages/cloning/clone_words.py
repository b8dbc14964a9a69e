"""Sentences for what was found in a recording, and for why a consent is missing."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from PySide6.QtCore import QObject

from avatar_app.core.errors import AvatarError
from avatar_app.session.voice_gallery import VoiceList
from avatar_app.ui.pages.check_words import CheckFinding
from avatar_app.voices.consent import ConsentRefused, Refusal
from avatar_app.voices.reference import LONGEST, SHORTEST, Check, CheckName

WANTED_SECONDS = 20
"""Length that a clone gains from; a reference may be shorter."""
_QUIET_ROOM = 25.0
"""dB between voice and noise from which a room counts as quiet."""


class Tone(Enum):
    """How well something is."""

    GOOD = auto()
    OPEN = auto()
    """Not yet decided."""
    BAD = auto()


class CloneWords(QObject):
    """A QObject, so that they can be translated."""

    def brief(self, check: Check) -> tuple[str, Tone]:
        """A few words about a check, for a list."""
        good = Tone.GOOD if check.passed else Tone.BAD
        match check.name:
            case CheckName.LENGTH:
                seconds = int(check.figure)
                enough = Tone.GOOD if seconds >= SHORTEST else Tone.OPEN
                if seconds >= WANTED_SECONDS:
                    tone = Tone.BAD if check.figure > LONGEST else Tone.GOOD
                    return self.tr("{} seconds").format(seconds), tone
                return self.tr("{} of {} seconds").format(seconds, WANTED_SECONDS), enough
            case CheckName.SPEECH:
                open_or_good = Tone.GOOD if check.passed else Tone.OPEN
                return self.tr("{} s of speech").format(int(check.figure)), open_or_good
            case CheckName.LEVEL:
                return (self.tr("loud enough") if check.passed else self.tr("too quiet")), good
            case CheckName.CLIPPING:
                return (self.tr("no clipping") if check.passed else self.tr("clipped")), good
            case CheckName.NOISE:
                if not check.passed:
                    return self.tr("too much noise"), good
                quiet = check.figure >= _QUIET_ROOM
                return (self.tr("quiet room") if quiet else self.tr("some noise")), good
        return (self.tr("one voice") if check.passed else self.tr("several voices")), good

    def examined(self, checks: Sequence[Check]) -> CheckFinding:
        """One sentence about a whole recording: that it can be used, or what is wrong first."""
        failed = next((check for check in checks if not check.passed), None)
        if failed is None:
            return CheckFinding(good=True, sentence=self.tr("This recording can be used."))
        sentence, hint = self._wrong()[failed.name]
        return CheckFinding(good=False, sentence=sentence, hint=hint)

    def refused(self, error: AvatarError) -> CheckFinding:
        """Why no voice was made, and what to do."""
        if not isinstance(error, ConsentRefused):
            return CheckFinding(good=False, sentence=error.message, hint=error.hint)
        sentence, hint = self._refusals()[error.reason]
        if error.reason is Refusal.MISREAD and error.heard:
            sentence = self.tr("I understood something else: “{}”.").format(error.heard)
        return CheckFinding(good=False, sentence=sentence, hint=hint)

    def unable(self, found: VoiceList) -> str:
        """Which engines cannot speak with a cloned voice, and which could."""
        titles = sorted({voice.engine_title for voice in found.voices})
        text = self.tr("{} cannot speak with a cloned voice. Coqui with the model XTTS can.")
        return text.format(", ".join(titles))

    def _wrong(self) -> dict[CheckName, tuple[str, str]]:
        again = self.tr("Record it again, or choose another file.")
        return {
            CheckName.LENGTH: (
                self.tr("The recording is too short or too long."),
                self.tr("Provide {} to {} seconds of speech.").format(int(SHORTEST), int(LONGEST)),
            ),
            CheckName.SPEECH: (self.tr("There is hardly any speech in it."), again),
            CheckName.LEVEL: (
                self.tr("The voice is too quiet."),
                self.tr("Move closer to the microphone, or turn it up, and record it again."),
            ),
            CheckName.CLIPPING: (
                self.tr("It is too loud: its peaks are cut off."),
                self.tr("Turn the microphone down, or move back, and record it again."),
            ),
            CheckName.NOISE: (
                self.tr("There is too much noise behind the voice."),
                self.tr("Record it where it is quiet, without music."),
            ),
            CheckName.ONE_SPEAKER: (
                self.tr("More than one person seems to speak."),
                self.tr("Only the person who consents may be heard."),
            ),
        }

    def _refusals(self) -> dict[Refusal, tuple[str, str]]:
        again = self.tr("Read the sentence again, clearly and to its end.")
        return {
            Refusal.EXPIRED: (
                self.tr("The sentence has expired: it is valid for ten minutes."),
                self.tr("Draw another one, and read that."),
            ),
            Refusal.SILENT: (
                self.tr("The microphone heard nothing."),
                self.tr("See whether it is muted: the page Devices checks it."),
            ),
            Refusal.SAME_RECORDING: (
                self.tr("That was the recording itself, played back."),
                self.tr("The person in it reads the sentence."),
            ),
            Refusal.NOBODY: (self.tr("I did not hear anybody speak."), again),
            Refusal.MISREAD: (self.tr("I did not understand the sentence."), again),
            Refusal.ANOTHER_VOICE: (
                self.tr("The sentence was read by another voice than the one in the recording."),
                self.tr("Only that person can consent, best with the same microphone."),
            ),
        }
