"""The starter set is offered twice at most, and put to work part by part."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta

import pytest
import yaml
from misbehaving import Site, serving

from avatar_app.core.errors import AvatarError, EngineFailed
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.manifest import Kind
from avatar_app.performance.apply import undo
from avatar_app.performance.starter import COMMAND
from avatar_app.runtime.registry import Registry
from avatar_app.session.starter import Offer, PartState, StarterOutcome, StarterProgress
from avatar_app.session.starter_installer import StarterInstaller, offer_on, postponed
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import EngineChoice
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.measurements import Measurements
from avatar_app.system.hardware import fingerprint
from avatar_app.system.paths import app_paths

TODAY = date(2026, 3, 5)
PARTS = {"ears": ("asr", "whisper"), "voice": ("tts", "kokoro"), "brain": ("dialogue", "llama")}

pytestmark = pytest.mark.usefixtures("loopback")


class Conversation:
    """Takes every engine at once, unless it cannot be had or shall not be."""

    def __init__(self) -> None:
        self.settings = SettingsStore(app_paths().settings_file)
        self.is_open = True
        self.used: list[tuple[Kind, EngineChoice]] = []
        self.said: list[str] = []
        self.broken: set[Kind] = set()
        self.slow: set[Kind] = set()

    def wait_open(self) -> bool:
        return self.is_open

    def use(
        self,
        kind: Kind,
        choice: EngineChoice,
        then: Callable[[], None],
        failed: Callable[[AvatarError], None],
    ) -> None:
        if kind in self.broken:
            failed(EngineFailed("It does not load.", "Choose another."))
        elif kind not in self.slow:
            self.used.append((kind, choice))
            self.settings.set(f"{kind}.engine", choice.engine)
            then()

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def conversation() -> Conversation:
    return Conversation()


@pytest.fixture(autouse=True)
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serves a starter set of a few bytes."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with serving(Site({name: name.encode() for name in PARTS})) as each:
        models = [
            {"id": name, "kind": kind, "engine": engine, "title": name, "license": "MIT"}
            | {"summary": "", "source": "a test"}
            | {"files": [{"name": "m.bin", "urls": [each.url(name)], "bytes": len(name)}]}
            for name, (kind, engine) in PARTS.items()
        ]
        licenses = {"MIT": {"title": "MIT", "url": "https://example.org"}}
        sets = {"starter": [*PARTS], "voices": ["voice"]}
        document = {"licenses": licenses, "models": models, "sets": sets}
        app_paths().models.mkdir(parents=True)
        (app_paths().models / "catalog.yaml").write_text(yaml.safe_dump(document))
        yield each


@pytest.fixture
def installer(conversation: Conversation) -> StarterInstaller:
    return made(conversation)


def made(conversation: Conversation) -> StarterInstaller:
    return StarterInstaller(conversation, conversation.settings, app_paths(), Registry())


def get(
    installer: StarterInstaller, watch: Callable[[StarterProgress], None] = lambda _: None
) -> StarterOutcome:
    return Job("", lambda job: installer.get(installer.items(), job, watch)).run()


def test_starter_is_offered_twice_at_most_a_week_apart() -> None:
    assert offer_on(TODAY, "first") is Offer.FIRST
    put_off = postponed(TODAY, "first")
    assert [offer_on(TODAY + timedelta(days), put_off) for days in (0, 6, 7, 30)] == [
        Offer.NO,
        Offer.NO,
        Offer.LAST,
        Offer.LAST,
    ]
    assert offer_on(TODAY + timedelta(9999), postponed(TODAY, put_off)) is Offer.NO


def test_postponing_is_remembered(installer: StarterInstaller, conversation: Conversation) -> None:
    assert installer.offer() is Offer.FIRST
    installer.postpone()
    assert installer.offer() is Offer.NO
    assert made(Conversation()).offer() is Offer.NO
    installer.postpone()
    settings, notices = load_settings()
    assert (settings.window.starter_offer, notices) == ("never", ())


def test_offer_date_may_be_edited_by_hand() -> None:
    app_paths().settings_file.parent.mkdir(parents=True, exist_ok=True)
    app_paths().settings_file.write_text("window: {starter_offer: 2026-03-05}\n")
    settings, notices = load_settings()
    assert (settings.window.starter_offer, notices) == ("2026-03-05", ())


def test_only_built_in_engines_are_replaced(conversation: Conversation) -> None:
    conversation.settings.set("dialogue.engine", "openai")
    assert [item.kind for item in made(conversation).items()] == [Kind.TTS, Kind.ASR]


def test_voice_is_installed_first_and_announces_the_others(
    installer: StarterInstaller, conversation: Conversation
) -> None:
    reported = list[StarterProgress]()
    outcome = get(installer, reported.append)
    assert [kind for kind, _ in conversation.used] == [Kind.TTS, Kind.ASR, Kind.DIALOGUE]
    assert conversation.used[0][1] == EngineChoice(engine="kokoro", options={"model": "voice"})
    for text, part in zip(
        conversation.said, ("new voice", "recognition is new", "new language model"), strict=True
    ):
        assert part in text
    assert [item.kind for item in outcome.at_work] == [Kind.TTS, Kind.ASR, Kind.DIALOGUE]
    assert set(reported[-1].parts.values()) == {PartState.AT_WORK}
    assert reported[-1].download.fraction == 1.0
    assert installer.items() == ()


@pytest.mark.parametrize("reachable", [True, False])
def test_fast_machine_gets_a_better_reachable_language_model(
    conversation: Conversation, site: Site, *, reachable: bool
) -> None:
    file = app_paths().models / "catalog.yaml"
    document = yaml.safe_load(file.read_text())
    clever = {"id": "clever", "kind": "dialogue", "engine": "llama", "title": "Clever"}
    clever |= {"summary": "", "source": "a test", "license": "MIT"}
    clever["files"] = [{"name": "m.bin", "urls": [site.url("clever")], "bytes": 6}]
    document["models"].append(clever)
    document["sets"]["brains"] = ["clever"]
    file.write_text(yaml.safe_dump(document))
    if reachable:
        site.files["clever"] = b"clever"
    assert "clever" not in {item.model.id for item in made(conversation).items()}, "never measured"
    with closing(Measurements.of(app_paths())) as measurements:
        measurements.keep_speed(fingerprint(), 1.0)
    reported = list[StarterProgress]()
    outcome = get(made(conversation), reported.append)
    used = dict(conversation.used)
    name = "clever" if reachable else "brain"
    assert used[Kind.DIALOGUE] == EngineChoice(engine="llama", options={"model": name})
    assert not outcome.failures
    assert set(reported[-1].parts.values()) == {PartState.AT_WORK}


def test_failing_part_does_not_prevent_the_others(
    installer: StarterInstaller, conversation: Conversation, site: Site
) -> None:
    del site.files["ears"]
    conversation.broken = {Kind.TTS}
    outcome = get(installer)
    assert [item.kind for item in outcome.at_work] == [Kind.DIALOGUE]
    assert {item.kind for item, _ in outcome.failures} == {Kind.TTS, Kind.ASR}
    assert [item.kind for item in installer.items()] == [Kind.TTS, Kind.ASR]


def test_installation_can_be_stopped_while_an_engine_loads(
    installer: StarterInstaller, conversation: Conversation
) -> None:
    conversation.slow = {Kind.DIALOGUE}

    def stop_at_last(progress: StarterProgress) -> None:
        if progress.parts[Kind.DIALOGUE] is PartState.LOADING:
            job.cancel()

    job = Job("", lambda job: installer.get(installer.items(), job, stop_at_last))
    with pytest.raises(JobCancelled):
        job.run()
    assert [kind for kind, _ in conversation.used] == [Kind.TTS, Kind.ASR]


def test_parts_installed_without_a_conversation_are_used_next_and_undone(
    installer: StarterInstaller, conversation: Conversation
) -> None:
    conversation.is_open = False
    before, _ = load_settings()
    get(installer)
    after, _ = load_settings()
    assert [after.asr.engine, after.tts.engine, after.dialogue.engine] == [
        "whisper",
        "kokoro",
        "llama",
    ]
    undo(app_paths().settings_file, COMMAND)
    assert load_settings()[0] == before


def test_undo_uses_what_was_there_before_with_its_options(
    installer: StarterInstaller, conversation: Conversation
) -> None:
    conversation.settings.set("tts.options.variant", "m3")
    conversation.broken.add(Kind.ASR)
    get(installer)
    assert conversation.settings.settings.tts.engine == "kokoro"
    conversation.settings.set("window.theme", "dark")
    installer.undo()
    now = conversation.settings.settings
    assert (now.tts.engine, now.tts.options["variant"]) == ("espeak", "m3")
    assert (now.asr.engine, now.dialogue.engine) == ("pocketsphinx", "builtin")
    assert now.window.theme == "dark", "what was changed since stays"
    assert load_settings()[0].tts.engine == "espeak"


def test_undo_after_a_second_try_goes_back_to_the_first(
    installer: StarterInstaller, conversation: Conversation
) -> None:
    items = installer.items()
    for _ in range(2):
        Job("", lambda job: installer.get(items, job, lambda _: None)).run()
    installer.undo()
    assert conversation.settings.settings.tts.engine == "espeak"
