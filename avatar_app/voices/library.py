"""The cloned voice library: one folder each; a voice opens only with its speaker's consent.

A folder contains voice.json, reference.wav, consent.json and, once computed, latents.safetensors.
The signed consent names every other file with its hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import AvatarError, InputInvalid
from avatar_app.system.file_lock import wait_for_lock
from avatar_app.system.files import is_leftover, replace_file
from avatar_app.system.folder_library import FolderLibrary
from avatar_app.system.paths import AppPaths
from avatar_app.voices.signing import Purpose, sign_record, signing_key, verify_record

MANIFEST = "voice.json"
REFERENCE = "reference.wav"
CONSENT = "consent.json"
LATENTS = "latents.safetensors"
REVOKED = "revoked.json"
"""Revoked consents: a copy of a voice's folder does not bring it back."""
_REVOKED_LOCK = ".revoked.lock"
"""In the data folder; held while a consent is added, so that two that are revoked at once both
stay so."""
_LARGEST = 64 << 20
"""Maximum bytes of a voice's file; half a minute of sound has 6 MB, latents some 100 kB."""


@dataclass(frozen=True, slots=True)
class ClonedVoice:
    """A voice with valid consent."""

    name: str
    folder: Path
    seconds: float
    """Of its reference."""
    created: str
    """ISO 8601, UTC."""

    @property
    def reference(self) -> Path:
        return self.folder / REFERENCE

    @property
    def latents(self) -> Path | None:
        """Return what an engine computed from the reference; None where it has not yet."""
        path = self.folder / LATENTS
        return path if path.is_file() else None


@dataclass(frozen=True, slots=True)
class VoiceLibrary(FolderLibrary[ClonedVoice]):
    """The folder that contains the voices' folders."""

    noun = "cloned voice"
    commands = "voices"
    how_to_add = "Create one: avatar-app voices clone RECORDING --name NAME"

    paths: AppPaths

    @classmethod
    def of(cls, paths: AppPaths) -> VoiceLibrary:
        return cls(paths.data / "voices", paths)

    def load(self, folder: Path) -> ClonedVoice:
        return open_voice(folder, self.paths)

    def sign(self, folder: Path, record: dict[str, Any]) -> None:
        """Write the consent, with the hashes of the present files."""
        record = {**record, "files": _hashes(folder)}
        replace_file(
            folder / CONSENT, sign_record(record, Purpose.CONSENT, signing_key(self.paths))
        )

    def revoke(self, name: str) -> None:
        """Revoke the speaker's consent: the voice is deleted, and no copy of it opens."""
        key = signing_key(self.paths)
        folder = self.folder(name)
        try:
            consent = read_consent(folder, key)["id"]
        except AvatarError:
            consent = None  # a voice that cannot be opened is removed all the same
        if consent is not None:
            with wait_for_lock(self.paths.data / _REVOKED_LOCK, f"The list {REVOKED}"):
                revoked = sorted({*self.revoked(), str(consent)})
                content = sign_record({"revoked": revoked}, Purpose.REVOKED, key)
                replace_file(self.root / REVOKED, content)
        self.remove(name)

    def revoked(self) -> frozenset[str]:
        """Return the ids of revoked consents."""
        path = self.root / REVOKED
        if not path.exists():
            return frozenset()
        key = signing_key(self.paths)
        return frozenset(verify_record(text_of(path), Purpose.REVOKED, key)["revoked"])


def open_voice(folder: Path, paths: AppPaths) -> ClonedVoice:
    """Open the voice in `folder`. Raises InputInvalid without a valid consent, or where any file
    was changed, added or removed since the consent was signed."""
    record = read_consent(folder, signing_key(paths))
    if record["id"] in VoiceLibrary.of(paths).revoked():
        raise InputInvalid(
            f"The consent to the voice {folder.name} was revoked.", f"Delete {folder}."
        )
    found = _hashes(folder)
    if found not in (record["files"], record.get("before")):
        changed = sorted(dict(found.items() ^ record["files"].items()))
        raise InputInvalid(
            f"The voice {folder.name} was changed after its speaker consented: {changed[0]}.",
            f"Type: avatar-app voices remove {folder.name}  and clone it again.",
        )
    manifest = json.loads(text_of(folder / MANIFEST))
    return ClonedVoice(record["name"], folder, manifest["seconds"], manifest["created"])


def add_latents(folder: Path, latents: bytes, paths: AppPaths) -> None:
    """Store what an engine computed from the voice's reference: signed with the rest, deleted with
    it. A process that is killed meanwhile leaves a voice that opens.

    `latents`: a safetensors file. Raises like `open_voice`.
    """
    open_voice(folder, paths)
    key = signing_key(paths)
    present = _hashes(folder)
    files = present | {LATENTS: hashlib.sha256(latents).hexdigest()}
    record = {**read_consent(folder, key), "files": files, "before": present}
    replace_file(folder / CONSENT, sign_record(record, Purpose.CONSENT, key))
    replace_file(folder / LATENTS, latents)  # without it, after a kill, `before` holds


def read_consent(folder: Path, key: bytes) -> dict[str, Any]:
    """Return the signed consent. Raises InputInvalid where it is missing or was changed."""
    path = folder / CONSENT
    if not path.is_file():
        raise InputInvalid(
            f"The voice {folder.name} has no consent of its speaker.",
            "Clone it again: avatar-app voices clone REFERENCE --name NAME --record",
        )
    return verify_record(text_of(path), Purpose.CONSENT, key)


def _hashes(folder: Path) -> dict[str, str]:
    """Return the hashes of all files but the consent; raises InputInvalid for unexpected files.
    What a process left that was killed while it wrote one is read by nobody."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name == CONSENT or is_leftover(path):
            continue
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            raise InputInvalid(
                f"{path.name} does not belong to the voice {folder.name}.", f"Look at {folder}."
            )
        found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def text_of(path: Path) -> str:
    """Return the text of a small file; raises InputInvalid where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputInvalid(f"{path} cannot be read.", "Clone the voice again.") from error
