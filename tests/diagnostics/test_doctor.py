"""The doctor says what is wrong in one line with a remedy, and goes on with the next check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.manifest import Kind
from avatar_app.diagnostics import doctor
from avatar_app.diagnostics.doctor import Finding, examine
from avatar_app.diagnostics.scripted_conversation import hold_conversation
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths, app_paths


@pytest.fixture
def paths() -> AppPaths:
    return app_paths()


def settings(**overrides: object) -> Settings:
    names = {name.replace("__", "."): value for name, value in overrides.items()}
    return load_settings(overrides=names)[0]


def found(check: doctor.Check, settings: Settings, paths: AppPaths) -> list[Finding]:
    return list(check(settings, paths))


def test_failing_check_does_not_stop_the_others(
    paths: AppPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: Settings, _paths: AppPaths) -> Iterator[Finding]:
        yield Finding.passed("first")
        raise DeviceUnavailable("PortAudio is missing.", "Install libportaudio2.")

    def sound(_settings: Settings, _paths: AppPaths) -> Iterator[Finding]:
        yield Finding.passed("last")

    monkeypatch.setattr(doctor, "CHECKS", (broken, sound))
    assert list(examine(settings(), paths)) == [
        Finding.passed("first"),
        Finding.failed("PortAudio is missing.", "Install libportaudio2."),
        Finding.passed("last"),
    ]


def test_each_problem_is_reported_once(paths: AppPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    def loads(_settings: Settings, _paths: AppPaths) -> Iterator[Finding]:
        yield Finding.failed("tts: There is no tts engine 'foo'.", "Choose another.")
        yield Finding.failed("Another thing.")

    def talks(_settings: Settings, _paths: AppPaths) -> Iterator[Finding]:
        yield Finding.failed("There is no tts engine 'foo'.", "Another one is used.")
        yield Finding.passed("Another thing.")

    monkeypatch.setattr(doctor, "CHECKS", (loads, talks))
    findings = [(finding.ok, finding.text) for finding in examine(settings(), paths)]
    assert findings == [
        (False, "tts: There is no tts engine 'foo'."),
        (False, "Another thing."),
        (True, "Another thing."),
    ]


def test_a_builtin_engine_with_a_wrong_option_is_not_recommended(paths: AppPaths) -> None:
    wrong = [
        finding
        for finding in found(doctor._engines, settings(tts__options__speed=99), paths)
        if not finding.ok
    ]
    assert [finding.remedy for finding in wrong] == ["It takes a number from 0.5 to 2."]


def test_an_engine_that_does_not_load_is_reported_with_a_hint(paths: AppPaths) -> None:
    findings = found(doctor._engines, settings(hearing__vad__engine="silerro"), paths)
    assert len(findings) == len(Kind)
    wrong = [finding for finding in findings if not finding.ok]
    assert len(wrong) == 1
    assert "silerro" in wrong[0].text
    assert "silero" in wrong[0].remedy
    assert all(" s" in finding.text for finding in findings if finding.ok)


def test_a_folder_that_cannot_be_written_is_reported(paths: AppPaths, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    findings = found(doctor._folders, settings(), replace(paths, logs=file / "logs"))
    wrong = [finding for finding in findings if not finding.ok]
    assert [finding.text.split()[0] for finding in wrong] == ["Log"]
    assert wrong[0].remedy


def test_a_full_disk_is_reported(paths: AppPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ENOUGH_FREE_GB", 1e9)
    wrong = [f for f in found(doctor._folders, settings(), paths) if not f.ok]
    assert [finding.remedy for finding in wrong] == ["Free some space on it."]


def test_a_broken_settings_file_is_reported(paths: AppPaths) -> None:
    assert all(finding.ok for finding in found(doctor._settings_read, settings(), paths))
    paths.config.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text("window: {theme: purple}\n", encoding="utf-8")
    wrong = [f for f in found(doctor._settings_read, settings(), paths) if not f.ok]
    assert "purple" in wrong[0].text


def test_a_missing_package_is_reported(paths: AppPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no-such-package"))
    wrong = [f for f in found(doctor._python, settings(), paths) if not f.ok]
    assert "no-such-package" in wrong[0].text
    assert "pip install no-such-package" in wrong[0].remedy


def test_scripted_conversation_passes_every_check(paths: AppPaths) -> None:
    small = settings(face__options__width=320, face__options__height=180)
    findings = list(hold_conversation(small, paths, "What can you do?"))
    assert [ok for ok, _, _ in findings[:3]] == [True] * 3, findings
    assert len(findings) == 5
    assert not paths.memory_file.exists()


def test_conversation_without_recognition_is_reported(
    paths: AppPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avatar_app.diagnostics.scripted_conversation.LONGEST", 0.05)
    small = settings(face__options__width=320, face__options__height=180)
    findings = list(hold_conversation(small, paths, "What can you do?"))
    assert [ok for ok, _, _ in findings] == [False, False, False]
    assert all(remedy for _, _, remedy in findings)
