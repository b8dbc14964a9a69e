"""Clones a voice: draws a consent phrase, checks both recordings, signs and stores the voice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.values import AudioChunk, Samples
from avatar_app.media.sound_reader import write_sound
from avatar_app.system.files import replace_file
from avatar_app.system.paths import AppPaths
from avatar_app.voices import consent
from avatar_app.voices.consent import ConsentRequest
from avatar_app.voices.consent_phrase import draw
from avatar_app.voices.consent_reading import Transcriber
from avatar_app.voices.library import (
    MANIFEST,
    REFERENCE,
    ClonedVoice,
    VoiceLibrary,
    open_voice,
    text_of,
)
from avatar_app.voices.recording import Open, record
from avatar_app.voices.reference import (
    Check,
    Reference,
    at_microphone_rate,
    checks,
    read_between,
    read_reference,
)
from avatar_app.voices.signing import Purpose, sign_record, signing_key, verify_record

Clock = Callable[[], datetime]

_SHORTEST_READING, _LONGEST_READING = 2.0, 60.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Cloning:
    """The inputs for a new voice."""

    name: str
    source: Path
    """The reference: 3 to 30 seconds of the speaker."""
    record: Callable[[Job[ClonedVoice]], Samples]
    """Returns the sentence as it is read, at 16 kHz: from a file or a microphone."""
    read: Transcriber
    paths: AppPaths
    clock: Clock = consent.now

    def job(self) -> Job[ClonedVoice]:
        """Return the job, for any thread. Its result is the opened voice; raises InputInvalid with
        what was rejected."""
        return Job(f"Cloning {self.name}", self._run)

    def _run(self, job: Job[ClonedVoice]) -> ClonedVoice:
        library = VoiceLibrary.of(self.paths)
        library.check_free(self.name)
        job.report(0.1, "Listening to the reference")
        reference = read_reference(self.source)
        raise_failed(tuple(checks(reference)))
        asked = read_request(self.name, self.paths, self.clock)
        recording = self.record(job)
        job.report(0.6, "Transcribing the sentence")
        with library.new(self.name) as folder:
            self._keep(folder, reference, asked, recording)
            job.report(0.9, "Signing")
        _asked_file(self.name, self.paths).unlink(missing_ok=True)
        return open_voice(library.folder(self.name), self.paths)

    def _keep(
        self, folder: Path, reference: Reference, asked: ConsentRequest, recording: Samples
    ) -> None:
        stored = folder / REFERENCE
        write_sound(stored, AudioChunk(reference.samples, reference.rate))
        digest = hashlib.sha256(stored.read_bytes()).hexdigest()
        at = self.clock()
        given = consent.give(asked, reference, recording, self.read, at, digest)
        manifest = {
            "name": self.name,
            "created": given.read_at,
            "seconds": round(len(reference.samples) / reference.rate, 3),
            "rate": reference.rate,
        }
        replace_file(folder / MANIFEST, json.dumps(manifest, indent=2).encode())
        VoiceLibrary.of(self.paths).sign(folder, asdict(given))


def cloning_job(
    name: str,
    source: Path,
    reading: Path | None,
    microphone: Open,
    read: Transcriber,
    paths: AppPaths,
) -> Job[ClonedVoice]:
    """Return the job that clones the voice in `source`, once its speaker was asked for consent.

    `reading`: the sentence as its speaker read it; None listens to the microphone. `read`: what
    recognizes it. Raises InputInvalid at once where no sentence was drawn for `name`.
    """
    read_request(name, paths)

    def bring(job: Job[ClonedVoice]) -> Samples:
        return record(job, microphone) if reading is None else read_recording(reading)

    return Cloning(name, source, bring, read, paths).job()


def raise_failed(found: tuple[Check, ...]) -> None:
    """Raise InputInvalid with the first failed check."""
    for check in found:
        if not check.passed:
            raise InputInvalid(f"The reference cannot be used. {check.sentence}", check.hint)


def ask(name: str, paths: AppPaths, clock: Clock = consent.now) -> ConsentRequest:
    """Draw the sentence that the speaker of a new voice must read within ten minutes.

    It replaces one that was drawn before for the same name.
    """
    VoiceLibrary.of(paths).check_free(name)
    asked = ConsentRequest(name, draw(), clock())
    content = sign_record(consent.asked_as_record(asked), Purpose.ASKED, signing_key(paths))
    replace_file(_asked_file(name, paths), content)
    return asked


def read_request(name: str, paths: AppPaths, clock: Clock = consent.now) -> ConsentRequest:
    """Return the latest request; raises InputInvalid where there is none, it was changed, or has
    expired."""
    path = _asked_file(name, paths)
    if not path.is_file():
        raise InputInvalid(
            f"No sentence was drawn for the voice {name}.",
            f"Type: avatar-app voices consent-phrase {name}",
        )
    asked = consent.request_from(verify_record(text_of(path), Purpose.ASKED, signing_key(paths)))
    if asked.name != name:
        raise InputInvalid(
            f"The sentence was drawn for the voice {asked.name}, not for {name}.",
            f"Type: avatar-app voices consent-phrase {name}",
        )
    consent.check_time(asked, clock())
    return asked


def read_recording(path: Path) -> Samples:
    """Read the recorded sentence from a file, at 16 kHz."""
    return at_microphone_rate(*read_between(path, _SHORTEST_READING, _LONGEST_READING))


def _asked_file(name: str, paths: AppPaths) -> Path:
    return VoiceLibrary.of(paths).root / ".asked" / f"{name}.json"
