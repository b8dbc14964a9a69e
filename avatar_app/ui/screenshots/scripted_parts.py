"""What a scripted session says of devices, voices, clones and stored data: for pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.jobs import Job
from avatar_app.core.values import MICROPHONE_RATE, Permission, Samples, SpeechChunk, ToolEffect
from avatar_app.session.checks.device_checks import Follow, Watch
from avatar_app.session.checks.echo import EchoReport, EchoVerdict
from avatar_app.session.checks.microphone import MicrophoneReport, MicrophoneVerdict
from avatar_app.session.stored_data import Deletion, LaterErasure, StoredItem, StoredKind
from avatar_app.session.voice_cloning import ExaminedReference
from avatar_app.session.voice_gallery import InstalledVoice, MissingVoices, VoiceBlend, VoiceList
from avatar_app.storage.tool_log import ASKED, LoggedCall
from avatar_app.system.network_log import ConnectionAttempt
from avatar_app.voices.consent import ConsentRequest
from avatar_app.voices.consent_phrase import Sentence
from avatar_app.voices.library import ClonedVoice
from avatar_app.voices.likeness import Likeness
from avatar_app.voices.live_recording import ReadingSoFar, RecordingSoFar
from avatar_app.voices.recording import LISTENING
from avatar_app.voices.reference import Check, CheckName

_MB = 10**6
_SIZES = {
    StoredKind.HISTORY: ("history.db", 3.2 * _MB, 1),
    StoredKind.MEMORY: ("memory.db", 0.03 * _MB, 1),
    StoredKind.AGENDA: ("agenda.db", 0.02 * _MB, 1),
    StoredKind.CALLS: ("tools.db", 0.02 * _MB, 1),
    StoredKind.MEASUREMENTS: ("measurements.db", 0.4 * _MB, 1),
    StoredKind.VOICES: ("voices", 2.1 * _MB, 1),
    StoredKind.AVATARS: ("avatars", 14 * _MB, 3),
    StoredKind.PAGES: ("pages", 1 * _MB, 2),
    StoredKind.MODELS: ("models", 367 * _MB, 3),
    StoredKind.CACHE: ("cache", 22 * _MB, 2),
    StoredKind.LOGS: ("logs", 0.2 * _MB, 2),
    StoredKind.SETTINGS: ("config.yaml", 412, 1),
}


_DRAWN = Sentence(("humble", "astronaut", "swallowed", "wet", "computer", "aquarium"))
_GOOD_CHECKS = (
    Check(CheckName.LENGTH, passed=True, sentence="", figure=18.4),
    Check(CheckName.SPEECH, passed=True, sentence="", figure=15.2),
    Check(CheckName.LEVEL, passed=True, sentence="", figure=-24.0),
    Check(CheckName.CLIPPING, passed=True, sentence=""),
    Check(CheckName.NOISE, passed=True, sentence="", figure=38.0),
    Check(CheckName.ONE_SPEAKER, passed=True, sentence=""),
)


class ScriptedChecks:
    """`AudioChecks` in which everything is well."""

    def microphone(self, _job: Job[Any], watch: Watch) -> MicrophoneReport:
        watch(-24.0, 1.0)
        times = np.arange(round(3.5 * MICROPHONE_RATE)) / MICROPHONE_RATE
        sound = np.asarray(0.1 * np.sin(2 * np.pi * 180 * times), np.float32)
        return MicrophoneReport(
            sound, MicrophoneVerdict.WELL, "Built-in microphone", -25.0, -58.0, 0.0, 2.2
        )

    def play(
        self,
        _job: Job[Any],
        samples: Samples,
        rate: int = MICROPHONE_RATE,
        follow: Follow | None = None,
    ) -> None:
        """Nobody listens while pictures are taken."""

    def chime(self, _job: Job[Any]) -> None:
        """The same."""

    def echo(self, _job: Job[Any], watch: Watch) -> EchoReport:
        watch(-30.0, 1.0)
        return EchoReport(
            EchoVerdict.CANCELLED,
            erle_db=31.4,
            at_least=True,
            delay=0.042,
            echo_db=-28.0,
            noise_db=-58.0,
        )


class ScriptedVoices:
    """`VoiceGallery` with some voices of each kind."""

    def voices(self) -> VoiceList:
        espeak = [
            InstalledVoice("espeak", "Built-in voice (espeak-ng)", name, {"voice": name}, ("en",))
            for name in ("f2", "f4", "m1", "m3")
        ]
        kokoro = [
            InstalledVoice(
                "kokoro",
                "Kokoro 82M",
                name,
                {"model": "kokoro-v1.0", "voice": name},
                (tag,),
            )
            for name, tag in (
                ("af_heart", "en-us"),
                ("am_adam", "en-us"),
                ("bf_emma", "en-gb"),
                ("ff_siwis", "fr"),
                ("if_sara", "it"),
            )
        ]
        missing = MissingVoices(
            "Coqui (VITS, XTTS)",
            "Coqui (VITS, XTTS) needs coqui-tts, which is not installed.",
        )
        mixed = frozenset({"kokoro"})
        return VoiceList((*espeak, *kokoro), (missing,), ("grandma",), blending=mixed)

    def current(self) -> InstalledVoice | None:
        return self.voices().voices[0]

    def blended(self, blend: VoiceBlend) -> InstalledVoice:
        return blend.one

    def current_blend(self) -> VoiceBlend | None:
        return None

    def hear(self, _job: Job[Any], _voice: InstalledVoice | None, _text: str) -> None:
        """Nobody listens while pictures are taken."""

    def speech(
        self, _job: Job[Any], _voice: InstalledVoice | None, _text: str
    ) -> tuple[SpeechChunk, ...]:
        return ()

    def hear_reference(self, _job: Job[Any], _name: str) -> None:
        """The same."""

    def likeness(self, _job: Job[Any], _voice: InstalledVoice) -> Likeness:
        return Likeness(0.91)

    def remove(self, _name: str) -> None:
        """Nobody asks for it."""

    def revoke(self, _name: str) -> None:
        """Nobody asks for it."""

    def rest(self) -> None:
        """Nothing is loaded."""


class ScriptedCloner:
    """`VoiceCloner` of somebody who speaks well, and reads half of the sentence."""

    def record(
        self, job: Job[Any], watch: Callable[[RecordingSoFar], None], done: Callable[[], bool]
    ) -> Path:
        watch(RecordingSoFar(-20.0, _GOOD_CHECKS[:-1]))
        while not done():
            job.check()
            threading.Event().wait(0.05)
        return Path("reference.wav")

    def examine(self, _job: Job[Any], source: Path) -> ExaminedReference:
        return ExaminedReference(source, _GOOD_CHECKS)

    def play(self, _job: Job[Any], _source: Path) -> None:
        """Nobody listens while pictures are taken."""

    def ask(self, name: str) -> ConsentRequest:
        return ConsentRequest(name or "grandpa", _DRAWN, datetime.now(UTC))

    def cloning(
        self, _asked: ConsentRequest, _source: Path, watch: Callable[[ReadingSoFar], None]
    ) -> Job[ClonedVoice]:
        def work(job: Job[ClonedVoice]) -> ClonedVoice:
            job.report(LISTENING, "")
            watch(ReadingSoFar(-22.0, frozenset(range(11))))
            while True:
                job.check()
                threading.Event().wait(0.05)

        return Job("Cloning", work)

    def discard(self) -> None:
        """Nothing was recorded."""


class ScriptedStored:
    """`StoredData` of somebody who has used the program for a while."""

    def items(self) -> tuple[StoredItem, ...]:
        return tuple(
            StoredItem(kind, Path("~/.local/share/avatar_app") / name, int(size), count)
            for kind, (name, size, count) in _SIZES.items()
        )

    def delete(self, _kind: StoredKind) -> Deletion:
        return LaterErasure(lambda: None)

    def calls(self) -> tuple[LoggedCall, ...]:
        at = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
        return (
            LoggedCall(at, "delete_all_notes", "{}", ToolEffect.OUTWARD, Permission.SAID, "3"),
            LoggedCall(at, "delete_all_notes", "{}", ToolEffect.OUTWARD, Permission.NONE, ASKED),
            LoggedCall(
                at,
                "set_timer",
                '{"seconds": 480, "name": "pasta"}',
                ToolEffect.REVERSIBLE,
                Permission.NONE,
                "",
            ),
        )

    def connections(self) -> tuple[ConnectionAttempt, ...]:
        at = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
        return (
            ConnectionAttempt(at, "Model server", "connect", "127.0.0.1:11434", allowed=True),
            ConnectionAttempt(at, "avatar-app", "connect", "192.0.2.44:443", allowed=True),
            ConnectionAttempt(at, "avatar-app", "look up", "huggingface.co:443", allowed=True),
        )

    def purge(self) -> None:
        """Nothing was left aside."""
