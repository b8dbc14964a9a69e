"""No voice is made, and none is opened, without its speaker's consent."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import keyring
import numpy as np
import pytest
from cloning import DRAWN, NAME, cloned
from keyrings import MemoryKeyring
from spoken import HIM, STORY, spoken, written

from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.system.paths import app_paths
from avatar_app.voices import consent
from avatar_app.voices import library as library_module
from avatar_app.voices.cloning import Cloning, ask, read_recording, read_request
from avatar_app.voices.consent_phrase import Sentence, compare, draw, template
from avatar_app.voices.consent_reading import heard_by_grammar
from avatar_app.voices.library import (
    CONSENT,
    LATENTS,
    MANIFEST,
    REFERENCE,
    REVOKED,
    ClonedVoice,
    VoiceLibrary,
    add_latents,
    open_voice,
)
from avatar_app.voices.signing import ACCOUNT_FILE, KEY_FILE, KEYRING

pytestmark = pytest.mark.usefixtures("no_keyring", "always_drawn")


def left_behind() -> list[str]:
    root = VoiceLibrary.of(app_paths()).root
    return [path.name for path in root.iterdir() if path.name != ".asked"] if root.exists() else []


def test_voice_with_consent_is_created_and_opens(tmp_path: Path) -> None:
    voice = cloned(tmp_path)
    assert open_voice(voice.folder, app_paths()) == voice
    assert VoiceLibrary.of(app_paths()).names() == (NAME,)
    assert voice.seconds == pytest.approx(len(spoken(STORY)) / MICROPHONE_RATE, abs=0.01)
    record = json.loads((voice.folder / CONSENT).read_text())["record"]
    assert record["sentence"] == record["heard"] == DRAWN.text
    assert record["distance"] < consent.FARTHEST
    recorded = voice.reference.read_bytes()
    assert record["reference_sha256"] == hashlib.sha256(recorded).hexdigest()
    assert sorted(path.name for path in voice.folder.iterdir()) == [CONSENT, REFERENCE, MANIFEST]
    assert "recording" not in " ".join(left_behind())


def test_consent_sentence_can_be_used_once(voice: ClonedVoice) -> None:
    VoiceLibrary.of(app_paths()).remove(NAME)
    with pytest.raises(InputInvalid, match="No sentence was drawn"):
        read_request(NAME, app_paths())


@pytest.mark.parametrize(
    ("recording", "sentence"),
    [
        (lambda: spoken(DRAWN.text, HIM), "read by another voice"),
        (lambda: spoken(STORY), "are the same recording"),
        (lambda: np.concatenate([spoken(STORY)[20_000:60_000] * -0.5, spoken(DRAWN.text)]), "same"),
        (lambda: np.zeros(5 * MICROPHONE_RATE, np.float32), "is silent"),
        (lambda: np.tile(np.eye(1, MICROPHONE_RATE, dtype=np.float32)[0], 5), "Nobody speaks"),
    ],
)
def test_cloning_without_valid_consent_leaves_no_files(
    recording: Callable[[], Samples], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputInvalid, match=sentence):
        cloned(tmp_path, recording())
    assert left_behind() == []


@pytest.mark.parametrize(
    "heard",
    [
        "",
        "I allow a copy of my voice",
        "the humble astronaut swallowed a wet computer near the aquarium",
        "I allow a copy of my voice. The angry astronaut swallowed a wet window near the aquarium.",
    ],
)
def test_reading_another_sentence_is_refused(heard: str, tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="differs from the one drawn"):
        cloned(tmp_path, understood=lambda _: heard)
    assert left_behind() == []


def test_one_misrecognized_word_is_tolerated() -> None:
    assert compare(DRAWN, DRAWN.text.lower().replace("humble", "bumble")).is_the_sentence
    twice = DRAWN.text.replace("humble", "bumble").replace("wet", "dry")
    assert not compare(DRAWN, twice).is_the_sentence


def test_builtin_recognizer_distinguishes_consent_sentences() -> None:
    heard = heard_by_grammar(spoken(DRAWN.text))
    assert compare(DRAWN, heard).is_the_sentence
    assert not compare(Sentence((*DRAWN.drawn[:4], "piano", "school")), heard).is_the_sentence


def test_consent_sentences_come_from_a_billion() -> None:
    lists = template().lists
    assert np.prod([len(set(lists[name])) for name in template().names]) == 2**30
    assert len({draw() for _ in range(50)}) == 50


def test_consent_sentence_expires_after_ten_minutes() -> None:
    asked = ask(NAME, app_paths())
    for later in (-1, consent.VALID_SECONDS + 1):
        with pytest.raises(InputInvalid, match="expired"):
            read_request(NAME, app_paths(), lambda at=asked.at + timedelta(seconds=later): at)


def test_modified_consent_sentence_is_refused() -> None:
    ask(NAME, app_paths())
    path = VoiceLibrary.of(app_paths()).root / ".asked" / f"{NAME}.json"
    path.write_text(path.read_text().replace("humble", "young"))
    with pytest.raises(InputInvalid, match="signature is invalid"):
        read_request(NAME, app_paths())
    path.write_text(ask("eve", app_paths()) and path.with_name("eve.json").read_text())
    with pytest.raises(InputInvalid, match="was drawn for the voice eve"):
        read_request(NAME, app_paths())


def test_a_taken_name_is_reported_before_recording(voice: ClonedVoice) -> None:
    with pytest.raises(ConfigInvalid, match="A cloned voice ada exists already"):
        ask(NAME, app_paths())


def exchange_reference(folder: Path) -> None:
    written(folder / REFERENCE, spoken(STORY, HIM))


def forge_record(folder: Path) -> None:
    path = folder / CONSENT
    path.write_text(path.read_text().replace('"ada"', '"eve"'))


def bring_latents(folder: Path) -> None:
    (folder / LATENTS).write_bytes(b"another voice")


def link_away(folder: Path) -> None:
    (folder / REFERENCE).rename(folder.parent / "elsewhere.wav")
    (folder / REFERENCE).symlink_to(folder.parent / "elsewhere.wav")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (exchange_reference, "was changed after its speaker consented: reference.wav"),
        (forge_record, "signature is invalid"),
        (bring_latents, "was changed after its speaker consented: latents"),
        (link_away, "does not belong to the voice"),
        (lambda folder: (folder / CONSENT).unlink(), "has no consent"),
        (lambda folder: (folder / CONSENT).write_bytes(b"\xff"), "cannot be read"),
        (lambda folder: (folder / CONSENT).write_text("[1]"), "signature is invalid"),
        (lambda folder: (folder / MANIFEST).unlink(), "was changed"),
        (lambda _: (app_paths().data / KEY_FILE).write_bytes(b"x" * 32), "another user"),
    ],
)
def test_a_modified_voice_does_not_open(
    change: Callable[[Path], object], sentence: str, voice: ClonedVoice
) -> None:
    change(voice.folder)
    with pytest.raises(InputInvalid, match=sentence):
        open_voice(voice.folder, app_paths())


class Killed(BaseException):
    """Ends the program at once."""


@pytest.mark.parametrize("writes", [0, 1])
def test_a_kill_while_latents_are_stored_costs_no_voice(
    voice: ClonedVoice, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    left = [writes]
    write = library_module.replace_file

    def write_until_killed(*arguments: Any) -> None:
        if not left[0]:
            (voice.folder / f".{LATENTS}.1.part").write_bytes(b"num")
            raise Killed
        left[0] -= 1
        write(*arguments)

    with monkeypatch.context() as killed:
        killed.setattr(library_module, "replace_file", write_until_killed)
        with pytest.raises(Killed):
            add_latents(voice.folder, b"numbers", app_paths())
    assert open_voice(voice.folder, app_paths()).latents is None
    add_latents(voice.folder, b"numbers", app_paths())
    assert open_voice(voice.folder, app_paths()).latents is not None
    bring_latents(voice.folder)
    with pytest.raises(InputInvalid, match="was changed"):
        open_voice(voice.folder, app_paths())


def test_cached_latents_are_signed(voice: ClonedVoice) -> None:
    add_latents(voice.folder, b"numbers", app_paths())
    latents = open_voice(voice.folder, app_paths()).latents
    assert latents is not None
    assert latents.read_bytes() == b"numbers"


def test_a_revoked_voice_is_deleted_and_no_copy_of_it_opens(
    voice: ClonedVoice, tmp_path: Path
) -> None:
    shutil.copytree(voice.folder, tmp_path / "copy")
    library = VoiceLibrary.of(app_paths())
    library.revoke(NAME)
    assert left_behind() == [REVOKED]
    with pytest.raises(InputInvalid, match="was revoked"):
        open_voice(tmp_path / "copy", app_paths())
    library.root.joinpath(REVOKED).write_text("{}")
    with pytest.raises(InputInvalid, match="signature"):
        open_voice(tmp_path / "copy", app_paths())


def test_removed_voice_can_be_recreated_and_its_copy_opens(
    voice: ClonedVoice, tmp_path: Path
) -> None:
    shutil.copytree(voice.folder, tmp_path / "copy")
    VoiceLibrary.of(app_paths()).remove(NAME)
    assert open_voice(tmp_path / "copy", app_paths()).name == NAME
    assert cloned(tmp_path).folder == voice.folder
    with pytest.raises(ConfigInvalid, match="Unknown cloned voice 'adda'") as refused:
        VoiceLibrary.of(app_paths()).remove("adda")
    assert refused.value.hint == "Did you mean ada?"
    with pytest.raises(ConfigInvalid) as unknown:
        VoiceLibrary.of(app_paths()).remove("a")
    assert "Did you mean" not in unknown.value.hint


def test_signing_key_is_stored_in_the_keyring_if_available(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    keyring.set_keyring(ring)
    folder = cloned(tmp_path).folder
    (key,) = ring.passwords.values()
    assert key not in (app_paths().data / KEY_FILE).read_text()
    ring.is_locked = True
    with pytest.raises(ConfigInvalid, match="locked or denies access"):
        open_voice(folder, app_paths())
    ring.is_locked = False
    assert open_voice(folder, app_paths()).name == NAME


def moved(target: Path, monkeypatch: pytest.MonkeyPatch) -> VoiceLibrary:
    """The user moves the data folder."""
    shutil.move(app_paths().data, target)
    monkeypatch.setenv("AVATAR_DATA_DIR", str(target))
    return VoiceLibrary.of(app_paths())


def opens(library: VoiceLibrary) -> bool:
    return open_voice(library.folder(NAME), app_paths()).name == NAME


def test_voices_of_a_moved_data_folder_find_their_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = MemoryKeyring()
    keyring.set_keyring(ring)
    first = cloned(tmp_path).folder.parents[1]
    assert opens(moved(tmp_path / "second", monkeypatch))
    monkeypatch.setenv("AVATAR_DATA_DIR", str(first))
    cloned(tmp_path)  # by somebody who begins again in the former place
    assert len(ring.passwords) == 2, "no key replaced another"
    assert opens(VoiceLibrary.of(app_paths()))
    monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path / "second"))
    assert opens(VoiceLibrary.of(app_paths()))
    assert opens(moved(tmp_path / "third", monkeypatch))


@pytest.mark.parametrize("when", ["before the update", "after it"])
def test_key_of_an_earlier_version_is_found_in_a_moved_folder(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring.set_keyring(MemoryKeyring())
    cloned(tmp_path)
    (app_paths().data / ACCOUNT_FILE).unlink()  # earlier versions wrote none
    if when == "after it":
        assert opens(VoiceLibrary.of(app_paths()))
    library = moved(tmp_path / "second", monkeypatch)
    if when == "after it":
        ring = keyring.get_keyring()
        monkeypatch.setattr(ring, "get_credential", lambda *_: None)  # as some systems have it
    assert opens(library)


def test_key_of_another_folder_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = MemoryKeyring()
    keyring.set_keyring(ring)
    cloned(tmp_path)
    (app_paths().data / ACCOUNT_FILE).unlink()
    ring.passwords = {(KEYRING, "another folder"): "00" * 32}
    library = moved(tmp_path / "second", monkeypatch)
    with pytest.raises(ConfigInvalid, match="in the keyring"):
        opens(library)


def test_consents_revoked_at_the_same_time_stay_revoked(voice: ClonedVoice) -> None:
    library = VoiceLibrary.of(app_paths())
    names = ["bea", "cid", "dee", "eve"]
    record = json.loads((voice.folder / CONSENT).read_text())["record"]
    for name in names:
        shutil.copytree(voice.folder, library.root / name)
        library.sign(library.root / name, record | {"id": name})
    begin = threading.Barrier(len(names))

    def revoke(name: str) -> None:
        begin.wait()
        library.revoke(name)

    threads = [threading.Thread(target=revoke, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert library.revoked() == set(names)


def test_key_file_is_readable_by_its_owner_only(voice: ClonedVoice) -> None:
    path = app_paths().data / KEY_FILE
    assert path.stat().st_mode & 0o077 == 0
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ConfigInvalid, match="is damaged"):
        open_voice(voice.folder, app_paths())


def test_a_cancelled_cloning_leaves_nothing(tmp_path: Path) -> None:
    ask(NAME, app_paths())
    reference = written(tmp_path / "story.wav", spoken(STORY))

    def give_up(job: Job[object]) -> Samples:
        job.cancel()
        job.check()
        raise AssertionError

    job = Cloning(NAME, reference, give_up, lambda _: "", app_paths()).job()
    with pytest.raises(Exception, match="Cloning ada"):
        job.run()
    assert left_behind() == []


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "a" * 41])
def test_odd_names_are_refused(name: str) -> None:
    with pytest.raises(AvatarError, match="cannot be called"):
        ask(name, app_paths())


def test_hour_long_reading_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "long.wav", np.zeros(61 * MICROPHONE_RATE, np.float32))
    with pytest.raises(InputInvalid, match=r"61\.0 s long"):
        read_recording(path)
