"""`avatar-app setup` fetches what a newcomer begins with, uses it, and takes that back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import typer
import yaml
from misbehaving import Site, serving

from avatar_app.cli import main as cli
from avatar_app.cli import setup as cli_setup
from avatar_app.core.manifest import Manifest
from avatar_app.models.catalog import user_catalog
from avatar_app.models.store import Presence, Store
from avatar_app.performance import brain
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.storage.measurements import Measurements
from avatar_app.system.hardware import fingerprint
from avatar_app.system.paths import app_paths

BODIES = {
    "whisper-base": b"ears" * 500,
    "kokoro-v1.0-int8": b"voice" * 500,
    "smollm2-135m": b"b" * 9,
    "smart-turn-v3.2": b"t" * 9,
}
ENGINES = {
    "whisper-base": ("asr", "whisper"),
    "kokoro-v1.0-int8": ("tts", "kokoro"),
    "smollm2-135m": ("dialogue", "llama"),
    "smart-turn-v3.2": ("turn", "smart_turn"),
}

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `avatar-app setup …`; returns its status, output and errors."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for console in (cli.err, cli_setup.out, cli_setup.err):
        monkeypatch.setattr(console, "_width", 300)

    def run_line(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["avatar-app", "setup", *words])
        returned = cli.run_command_line()
        captured = capsys.readouterr()
        return returned, captured.out, captured.err

    return run_line


@pytest.fixture(autouse=True)
def site() -> Iterator[Site]:
    """Serves small files under the names of the starter set's models."""
    with serving(Site(dict(BODIES))) as each:
        models = []
        for name, body in BODIES.items():
            kind, engine = ENGINES[name]
            file = {"name": "m.bin", "urls": [each.url(name)], "bytes": len(body)}
            file["sha256"] = hashlib.sha256(body).hexdigest()
            models.append(
                {"id": name, "kind": kind, "engine": engine, "title": name.title(), "files": [file]}
                | {"summary": "", "source": "a test", "license": "MIT"}
            )
        licenses = {"MIT": {"title": "MIT", "url": "https://example.org"}}
        sets = {"voices": ["kokoro-v1.0-int8"]}
        document = yaml.safe_dump({"licenses": licenses, "sets": sets, "models": models})
        app_paths().models.mkdir(parents=True)
        (app_paths().models / "catalog.yaml").write_text(document)
        yield each


@pytest.fixture(autouse=True)
def slow_machine() -> None:
    """Its speed is known, and too low for a larger language model."""
    machine_of(1.0)


def machine_of(gflops: float) -> None:
    with closing(Measurements.of(app_paths())) as measurements:
        measurements.keep_speed(fingerprint(), gflops)


def chosen() -> dict[str, tuple[str, str]]:
    settings, _ = load_settings()
    sections = {"asr": settings.asr, "tts": settings.tts, "dialogue": settings.dialogue}
    sections["turn"] = settings.turn
    return {
        name: (each.engine, str(each.options.get("model", ""))) for name, each in sections.items()
    }


def installed() -> set[str]:
    store = Store.of(app_paths())
    models = user_catalog(store.root).models
    return {each.id for each in models if store.presence(each) is Presence.INSTALLED}


def test_setup_downloads_uses_and_undoes_the_starter_set(run: Run) -> None:
    before = chosen()
    returned, output, errors = run("--yes")
    assert (returned, errors) == (0, "")
    for word in (
        "hears",
        "speaks",
        "thinks",
        "waits",
        "MIT",
        "Download: 5 kB",
        "Downloaded 5 kB in",
    ):
        assert word in output
    assert installed() == set(BODIES)
    assert chosen() == {kind: (engine, name) for name, (kind, engine) in ENGINES.items()}
    returned, output, _ = run()  # nothing is asked where nothing is to be fetched
    assert (returned, "already match" in output) == (0, True)
    assert run("--undo")[0] == 0
    assert chosen() == before
    assert installed() == set(BODIES)
    assert run("--undo")[0] == 0
    assert chosen() != before


def test_setup_downloads_nothing_without_consent(
    run: Run, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    before = chosen()
    assert run()[0] == 130
    assert site.asked == []
    assert chosen() == before
    assert installed() == set()


def test_a_failed_download_does_not_block_the_others(run: Run, site: Site) -> None:
    del site.files["kokoro-v1.0-int8"]
    before = chosen()
    returned, _, errors = run("--yes")
    assert returned == 1
    assert "Kokoro-V1.0-Int8 could not be downloaded. 127.0.0.1 no longer has the file" in errors
    after = chosen()
    assert after["tts"] == before["tts"]
    assert after["asr"] == ("whisper", "whisper-base")
    site.files["kokoro-v1.0-int8"] = BODIES["kokoro-v1.0-int8"]
    assert run("--yes")[0] == 0
    assert chosen()["tts"] == ("kokoro", "kokoro-v1.0-int8")


def test_an_engine_that_is_not_installed_is_not_chosen(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_self: Registry, manifest: Manifest) -> tuple[str, ...]:
        return ("kokoro-onnx",) if manifest.name == "kokoro" else ()

    monkeypatch.setattr(Registry, "missing_packages", missing)
    before = chosen()
    returned, output, errors = run("--yes")
    assert returned == 1
    assert "needs kokoro-onnx, which is not installed" in errors
    assert "pip install" in output
    assert chosen()["tts"] == before["tts"]
    assert chosen()["dialogue"] == ("llama", "smollm2-135m")


@pytest.fixture
def brains(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Serves two larger language models, which ask for a speed of 40 and of 6."""
    monkeypatch.setattr(brain, "GFLOPS_A_MB", 1e5)
    file = app_paths().models / "catalog.yaml"
    document = yaml.safe_load(file.read_text())
    small = next(each for each in document["models"] if each["id"] == "smollm2-135m")
    for name, body in (("wise", b"w" * 400), ("clever", b"c" * 60)):
        site.files[name] = body
        sha256 = hashlib.sha256(body).hexdigest()
        held = {"name": "m.bin", "urls": [site.url(name)], "bytes": len(body), "sha256": sha256}
        document["models"].append(small | {"id": name, "title": name.title(), "files": [held]})
    document["sets"] |= {"brains": ["wise", "clever"]}
    file.write_text(yaml.safe_dump(document))
    return site


@pytest.mark.parametrize(("gflops", "name"), [(10.0, "clever"), (50.0, "wise")])
def test_fast_machine_gets_the_best_language_model_it_can_run(
    run: Run, brains: Site, gflops: float, name: str
) -> None:
    machine_of(gflops)
    returned, output, errors = run("--yes")
    assert (returned, errors) == (0, "")
    expected = f"{name.title()} suits this machine. If it cannot be reached: Smollm2-135M, 9 bytes."
    assert expected in output
    assert chosen()["dialogue"] == ("llama", name)
    assert installed() == BODIES.keys() - {"smollm2-135m"} | {name}


def test_unreachable_language_model_falls_back_to_the_small_one(run: Run, brains: Site) -> None:
    machine_of(10.0)
    del brains.files["clever"]
    returned, output, errors = run("--yes")
    assert returned == 0
    assert "Clever could not be downloaded. 127.0.0.1 no longer has the file" in errors
    assert "Smollm2-135M is used; type setup again for another try." in errors
    assert chosen()["dialogue"] == ("llama", "smollm2-135m")
    assert installed() == set(BODIES)
    assert "dialogue.options.model: smollm2-135m" in output
    brains.files["clever"] = b"c" * 60
    assert run("--yes")[0] == 0
    assert chosen()["dialogue"] == ("llama", "clever")


def test_first_reachable_language_model_is_chosen(run: Run, brains: Site) -> None:
    machine_of(50.0)
    file = app_paths().models / "catalog.yaml"
    document = yaml.safe_load(file.read_text())
    document["sets"] |= {"brains": ["wise"], "packaged_brains": ["clever"]}
    file.write_text(yaml.safe_dump(document))
    del brains.files["wise"]
    returned, output, errors = run("--yes")
    assert returned == 0
    assert "cannot be reached: Clever, 60 bytes; or Smollm2-135M, 9 bytes." in output
    assert "Clever is used" in errors
    assert chosen()["dialogue"] == ("llama", "clever")
    assert "smollm2-135m" not in installed()


def test_undo_without_setup_changes_nothing(run: Run) -> None:
    returned, _, errors = run("--undo")
    assert returned == 1
    assert "No plan was written into your settings by avatar-app setup." in errors


def test_an_interrupted_setup_says_that_it_resumes(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_control_c(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("avatar_app.cli.progress.run_download", press_control_c)
    returned, _, errors = run("--yes")
    assert returned == 130
    assert "resumes where it stopped" in errors
