"""What is on this computer: servers and models of other programs, as changes of the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.core.manifest import Kind
from avatar_app.models import servers
from avatar_app.models.discovery import Found
from avatar_app.models.servers import Server
from avatar_app.runtime.registry import Registry
from avatar_app.session import local_findings
from avatar_app.session.local_findings import MOST, find_local
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths


def model(name: str, kind: Kind, engine: str, size: int, flaw: str = "") -> Found:
    return Found(Path(f"/models/{name}"), name, "LM Studio", kind, engine, size, flaw=flaw)


@pytest.fixture
def settings() -> SettingsStore:
    store = SettingsStore(app_paths().settings_file)
    store.know_engines(Registry().all())
    return store


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A computer with servers and models; what was asked of it."""
    asked: list[str] = []
    answering = (
        Server("http://127.0.0.1:8080/v1", "llama-server", ()),
        Server("http://127.0.0.1:11434/v1", "Ollama", ("llama3.2:1b", "qwen3")),
    )
    models = (
        model("large.gguf", Kind.DIALOGUE, "llama", 9_000_000_000),
        model("small.gguf", Kind.DIALOGUE, "llama", 900_000_000),
        model("broken.gguf", Kind.DIALOGUE, "llama", 5, "It is truncated."),
        model("whisper-base", Kind.ASR, "whisper", 140_000_000),
        model("huge.gguf", Kind.DIALOGUE, "llama", 90_000_000_000),
    )

    def look() -> tuple[Server, ...]:
        asked.append("ports")
        return answering

    def found(_folders: object) -> tuple[Found, ...]:
        asked.append("folders")
        return models

    monkeypatch.setattr(servers, "look", look)
    monkeypatch.setattr(local_findings, "found_models", found)
    return asked


def test_servers_precede_small_models(settings: SettingsStore, machine: list[str]) -> None:
    found = find_local(settings)
    assert len(found) == MOST
    titles = [each.title for each in found]
    assert titles == ["llama3.2:1b", "whisper-base", "small.gguf", "large.gguf"]
    assert machine == ["ports", "folders"]


def test_findings_are_valid_setting_changes(settings: SettingsStore, machine: list[str]) -> None:
    for finding in find_local(settings):
        settings.change(finding.settings)
    assert settings.settings.asr.engine == "whisper"
    assert settings.get("asr.options.model") == "/models/whisper-base"
    assert settings.settings.dialogue.engine == "llama"
    assert settings.get("dialogue.options.model") == "/models/large.gguf"
    settings.change(find_local(settings)[0].settings)
    assert settings.settings.dialogue.engine == "openai"
    assert settings.get("dialogue.options.model") == "llama3.2:1b"


def test_no_port_is_probed_when_the_network_is_disabled(
    settings: SettingsStore, machine: list[str]
) -> None:
    settings.set("network.allowed", "none")
    assert find_local(settings)[0].title == "whisper-base"
    assert machine == ["folders"]
