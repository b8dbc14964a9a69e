"""The moving preview: alive while it is shown, in time with the sound, gone when it is left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from avatar_folders import add_avatars
from fake_parts import FakeChecks, FakeVoices

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.runtime.registry import Registry
from avatar_app.session.avatar_choices import AvatarChoices
from avatar_app.session.avatar_gallery import PICTURE, AvatarGallery
from avatar_app.session.avatar_preview import AvatarPreview, SpokenSentence, last_sentence
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths

LONG = 60.0


class Pictures:
    """Keeps what is shown; waits for so many."""

    def __init__(self) -> None:
        self.seen: list[Image] = []
        self._changed = threading.Condition()

    def __call__(self, image: Image) -> None:
        with self._changed:
            self.seen.append(image)
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, LONG)


@pytest.fixture
def gallery() -> AvatarGallery:
    registry = Registry()
    choices = AvatarChoices(registry, add_avatars(["Ada"]))
    return AvatarGallery(choices, SettingsStore(app_paths().settings_file, {}), app_paths())


@pytest.fixture
def checks() -> FakeChecks:
    return FakeChecks()


@pytest.fixture
def preview(gallery: AvatarGallery, checks: FakeChecks) -> Iterator[AvatarPreview]:
    shown = AvatarPreview(gallery, FakeVoices(), checks)
    yield shown
    shown.close()


def test_preview_moves_until_another_is_shown(
    preview: AvatarPreview, gallery: AvatarGallery
) -> None:
    ada, pip = Pictures(), Pictures()
    preview.show(gallery.preview("ada"), ada)
    ada.wait_for(4)
    assert ada.seen[0].shape == (PICTURE, PICTURE, 3)
    assert not np.array_equal(ada.seen[0], ada.seen[3])
    preview.show(gallery.preview("pip"), pip)
    pip.wait_for(1)
    before = len(ada.seen)
    pip.wait_for(5)
    assert len(ada.seen) == before


def test_a_sentence_moves_the_lips_and_is_played(
    preview: AvatarPreview, gallery: AvatarGallery, checks: FakeChecks
) -> None:
    shown = Pictures()
    preview.show(gallery.preview("mira"), shown)
    shown.wait_for(1)
    checks.may_finish.clear()
    job = Job[Any]("Speaking", lambda job: preview.say(job, None, "Hello"))
    speaking = threading.Thread(target=job.run)
    speaking.start()
    shown.wait_for(len(shown.seen) + 10)
    checks.may_finish.set()
    speaking.join()
    assert [rate for _, rate in checks.asked("play")] == [48_000]
    shown.wait_for(len(shown.seen) + 2)


def test_preview_stays_at_rest_without_a_loudspeaker(
    preview: AvatarPreview, gallery: AvatarGallery, checks: FakeChecks
) -> None:
    shown = Pictures()
    preview.show(gallery.preview("pip"), shown)
    checks.error = DeviceUnavailable("No loudspeaker was found.", "Plug one in.")
    with pytest.raises(DeviceUnavailable):
        Job[Any]("Speaking", lambda job: preview.say(job, None, "Hello")).run()
    shown.wait_for(len(shown.seen) + 3)


def test_preview_time_follows_the_loudspeaker() -> None:
    now = [10.0]
    sentence = SpokenSentence((), lambda: now[0])
    now[0] = 10.5
    assert sentence.heard == pytest.approx(0.5)
    sentence.follow(0.2, 10.6)  # the device holds a tenth of a second back
    assert sentence.heard == pytest.approx(0.1)
    now[0] = 11.0
    assert sentence.heard == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("It is nine. Is it late?", "Is it late?"),
        (" One \n sentence ", "One sentence"),
        ("", ""),
        ("word " * 100, ("word " * 32).strip()),
    ],
)
def test_spoken_preview_sentence_is_short(text: str, last: str) -> None:
    assert last_sentence(text) == last
