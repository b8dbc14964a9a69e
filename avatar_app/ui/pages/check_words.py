"""Sentences for what the checks of the devices found."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject

from avatar_app.core.errors import AvatarError
from avatar_app.session.checks.echo import EchoReport, EchoVerdict
from avatar_app.session.checks.microphone import MicrophoneReport, MicrophoneVerdict
from avatar_app.ui.language.formats import number_text, percent_text
from avatar_app.ui.language.texts import translated

LATE = 0.35
"""Seconds of delay beyond which a device without a cable is the likely cause."""


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """What a check found, for a person to read."""

    good: bool
    sentence: str
    hint: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    """Numbers with their units, and what they are."""


def failed_check(error: AvatarError) -> CheckFinding:
    """What kept a check from being made."""
    return CheckFinding(False, translated(error.message), translated(error.hint))  # noqa: FBT003


class CheckWords(QObject):
    """A QObject, so that they can be translated."""

    def microphone(self, report: MicrophoneReport) -> CheckFinding:
        """One sentence about a microphone."""
        sentence, hint = self._of_microphone(report.verdict)
        good = report.verdict is MicrophoneVerdict.WELL
        if report.verdict in (MicrophoneVerdict.NOTHING, MicrophoneVerdict.MISSING):
            return CheckFinding(good, sentence, hint)
        voice = self._db(report.voice_db) if report.spoken else "–"
        figures = ((voice, self.tr("your voice")), (self._db(report.noise_db), self.tr("noise")))
        return CheckFinding(good, sentence, hint, figures)

    def echo(self, report: EchoReport) -> CheckFinding:
        """One sentence about the echo, and what to do about it."""
        sentence, hint = self._of_echo(report)
        good = report.verdict in (
            EchoVerdict.CANCELLED,
            EchoVerdict.FAINT,
            EchoVerdict.HEADPHONES,
        )
        figures: list[tuple[str, str]] = []
        if report.erle_db is not None:
            removed = self._db(report.erle_db)
            text = self.tr("over {}").format(removed) if report.at_least else removed
            figures.append((text, self.tr("of the echo removed")))
        if report.delay is not None:
            delay = self.tr("{} ms").format(round(1000 * report.delay))
            figures.append((delay, self.tr("from loudspeaker to microphone")))
        if report.verdict not in (EchoVerdict.SILENT, EchoVerdict.DISTURBED):
            taken = percent_text(report.voiced)
            figures.append((taken, self.tr("of the time taken for your voice")))
        return CheckFinding(good, sentence, hint, tuple(figures))

    def heard(self) -> CheckFinding:
        """The user heard the loudspeaker."""
        return CheckFinding(True, self.tr("The loudspeaker works."))  # noqa: FBT003

    def unheard(self) -> CheckFinding:
        """The user heard nothing."""
        return CheckFinding(
            good=False,
            sentence=self.tr("Nothing was heard."),
            hint=self.tr("Turn up the system's volume, or choose another loudspeaker above."),
        )

    def _of_microphone(self, verdict: MicrophoneVerdict) -> tuple[str, str]:
        return {
            MicrophoneVerdict.WELL: (
                self.tr("Your voice comes through well."),
                self.tr("Play it back to hear what I hear."),
            ),
            MicrophoneVerdict.TOO_QUIET: (
                self.tr("Your voice is too quiet."),
                self.tr("Move closer, or raise the microphone's level in the system's settings."),
            ),
            MicrophoneVerdict.TOO_LOUD: (
                self.tr("Your voice is too loud: its peaks are cut off."),
                self.tr("Lower the microphone's level in the system's settings, or move back."),
            ),
            MicrophoneVerdict.NOISY: (
                self.tr("There is so much noise that words get lost."),
                self.tr("Turn off what is loud, or move closer to the microphone."),
            ),
            MicrophoneVerdict.NO_SPEECH: (
                self.tr("The microphone works, but nobody spoke."),
                self.tr("Try again, and say a sentence at once."),
            ),
            MicrophoneVerdict.NOTHING: (
                self.tr("No sound arrives: the microphone seems to be muted in the system."),
                self.tr("Look for a switch on it and in the system, or choose another one above."),
            ),
            MicrophoneVerdict.MISSING: (
                self.tr("No microphone was found."),
                self.tr("Plug one in; it is used at once."),
            ),
        }[verdict]

    def _of_echo(self, report: EchoReport) -> tuple[str, str]:
        quieter = self.tr(
            "Turn the loudspeaker down, move the microphone away from it, or use headphones."
        )
        if report.delay is not None and report.delay > LATE:
            quieter = self.tr(
                "The sound comes very late, as with some wireless loudspeakers. Use one with a "
                "cable, or headphones."
            )
        return {
            EchoVerdict.HEADPHONES: (
                self.tr("No echo: I cannot hear myself."),
                self.tr("As with headphones. You can interrupt me at any time."),
            ),
            EchoVerdict.CANCELLED: (
                self.tr("The loudspeaker's echo is removed well."),
                self.tr("You can interrupt me at any time."),
            ),
            EchoVerdict.FAINT: (
                self.tr("I hear myself so faintly that it does not matter."),
                self.tr("You can interrupt me at any time."),
            ),
            EchoVerdict.REMAINS: (
                self.tr("Echo remains: I may take my own voice for yours."),
                quieter,
            ),
            EchoVerdict.OVERDRIVEN: (
                self.tr("The loudspeaker is too loud for the microphone."),
                self.tr("Turn the loudspeaker down, or lower the microphone's level."),
            ),
            EchoVerdict.DISTURBED: (
                self.tr("Something else was louder than my voice."),
                self.tr("Be quiet for five seconds and try again; or turn the loudspeaker up."),
            ),
            EchoVerdict.SILENT: (
                self.tr("The microphone gave no sound at all."),
                self.tr("Test the microphone first."),
            ),
        }[report.verdict]

    def _db(self, decibels: float) -> str:
        return self.tr("{} dB").format(number_text(round(decibels)))
