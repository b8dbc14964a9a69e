"""The plan for a machine: what fits, what does not and why, what would help; with made-up cards."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from avatar_app.bench.scripted.llama import write_llama
from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.cli.main import app
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import user_catalog
from avatar_app.models.store import Store, StoredFile
from avatar_app.performance.apply import apply, changes, undo
from avatar_app.performance.planner import Plan, Planner
from avatar_app.performance.profiles import Profile, read_profiles, suitable_profile
from avatar_app.performance.profiling import profile_engine
from avatar_app.runtime.memory.estimate import choice_key, estimate, model_mb
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import MemoryLimits
from avatar_app.storage.measurements import EngineProfile, Measurements
from avatar_app.system.hardware import (
    Cards,
    GraphicsCard,
    Hardware,
    fingerprint,
    look_at_hardware,
    meters,
)
from avatar_app.system.memory import Pool
from avatar_app.system.paths import app_paths

GB = 1024.0
LAPTOP = Hardware(ram_mb=16 * GB, free_ram_mb=12 * GB, cores=4, gflops=60)
PROCESSORS_DIFFER = 25.0
"""MB that the same library takes more on a processor with wider instructions."""
STATION = replace(LAPTOP, cores=16, gflops=900, card=GraphicsCard("RTX", 12 * GB, 0.5 * GB))


class NVMLError(Exception):
    """As the library's."""


def library(*cards: tuple[str, float, float], fails: str = "") -> Any:
    """Behaves like pynvml; cards: name, GB in all, GB in use. `fails`: the function that does."""
    called: list[str] = []

    def function(name: str, answer: Any) -> Any:
        def call(*arguments: Any) -> Any:
            called.append(name)
            if name == fails:
                raise NVMLError("Driver Not Loaded")
            return answer(*arguments)

        return call

    functions = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetCount": lambda: len(cards),
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda handle: cards[handle][0],
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(
            total=cards[handle][1] * 2**30, used=cards[handle][2] * 2**30
        ),
        "nvmlDeviceGetComputeRunningProcesses": lambda handle: [
            SimpleNamespace(pid=4711, usedGpuMemory=2**30),
            SimpleNamespace(pid=1, usedGpuMemory=None),
        ],
    }
    made = {name: function(name, answer) for name, answer in functions.items()}
    return SimpleNamespace(NVMLError=NVMLError, called=called, **made)


def fetch(*names: str) -> None:
    """Models that are here, their licenses accepted; they hold a byte."""
    store = Store.of(app_paths())
    catalog = user_catalog(store.root)
    for name in names:
        model = catalog.find(name)
        files = {}
        for content in model.contents:
            path = store.folder(model) / content
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
            files[content] = StoredFile(1, "")
        store.record_files(model, files, "a test")
        store.accept(model)


def planner(hardware: Hardware, **more: Any) -> Planner:
    store = Store.of(app_paths())
    return Planner(hardware, Registry(), store, user_catalog(store.root), **more)


def taken(plan: Plan) -> dict[Kind, str]:
    return {row.kind: row.name for row in plan.taken}


def test_gpu_with_the_most_memory_is_chosen() -> None:
    cards = Cards(library(("small", 4, 1), ("large", 12, 2)))
    assert cards.best() == GraphicsCard("large", 12 * GB, 2 * GB)
    assert cards.used_mb_by(frozenset({4711, 1})) == 2 * GB  # a GB on each of them


@pytest.mark.parametrize("fails", ["nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetMemoryInfo"])
def test_failing_gpu_driver_means_no_gpu(fails: str) -> None:
    loaded = library(("card", 12, 0), fails=fails)
    assert Cards(loaded).best() is None
    assert fails in loaded.called


def test_missing_nvml_library_means_no_gpu() -> None:
    assert Cards(None).all() == ()
    assert set(meters(Cards(None))) == {Pool.RAM}


def test_meters_report_memory_of_other_processes() -> None:
    read = meters(Cards(library(("card", 12, 3))))
    assert read[Pool.VRAM]().foreign_mb == 3 * GB
    ram = read[Pool.RAM]()
    assert 0 < ram.foreign_mb < ram.total_mb


def test_machine_speed_is_measured_once() -> None:
    with_file = Measurements.of(app_paths())
    first = look_at_hardware(with_file, Cards(None), seconds=0.1)
    assert first.gflops > 0.1
    assert look_at_hardware(with_file, Cards(None)).gflops == first.gflops
    with_file.close()


def test_profiles_name_existing_engines_and_options() -> None:
    registry = Registry()
    for wishes in read_profiles().values():
        for kind, each in wishes.items():
            for wish in each:
                registry.find(kind, wish.engine).checked(wish.options)


@pytest.mark.parametrize(
    ("hardware", "profile"),
    [
        (LAPTOP, Profile.LOW),
        (replace(LAPTOP, gflops=200), Profile.MEDIUM),
        (replace(LAPTOP, card=GraphicsCard("small", 4 * GB, 0)), Profile.MEDIUM),
        (STATION, Profile.HIGH),
        (replace(STATION, ram_mb=6 * GB), Profile.LOW),
    ],
)
def test_the_profile_suits_the_machine(hardware: Hardware, profile: Profile) -> None:
    assert suitable_profile(hardware) is profile


def test_where_nothing_was_fetched_the_builtin_engines_are_taken_and_help_is_named() -> None:
    plan = planner(STATION).plan()
    assert plan.profile is Profile.HIGH
    assert taken(plan) == {
        Kind.ASR: "pocketsphinx",
        Kind.TTS: "espeak",
        Kind.DIALOGUE: "builtin",
        Kind.TURN: "pauses",
        Kind.FACE: "illustrated",
    }
    remedies = {row.remedy for row in plan.rows if row.remedy}
    assert "avatar-app models download whisper-large-v3-turbo" in remedies
    assert "avatar-app avatars add PHOTO" in remedies


def test_best_installed_fitting_model_is_chosen() -> None:
    fetch("whisper-small", "whisper-large-v3-turbo", "llama-3.2-3b", "wav2lip")
    plan = planner(STATION, avatars=("ada",)).plan()
    found = taken(plan)
    assert found[Kind.ASR] == "whisper whisper-large-v3-turbo"
    assert found[Kind.DIALOGUE] == "llama llama-3.2-3b"
    (face,) = (row for row in plan.taken if row.kind is Kind.FACE)
    assert (face.engine, face.options["height"], face.options["avatar"]) == ("wav2lip", 1080, "ada")


def test_a_slow_processor_takes_smaller_models_and_fetches_none_that_are_too_slow() -> None:
    fetch("whisper-tiny", "whisper-small")
    plan = planner(LAPTOP).plan(Profile.HIGH)
    assert taken(plan)[Kind.ASR] == "whisper whisper-tiny"
    turbo = next(row for row in plan.rows if "turbo" in row.name)
    assert turbo.why == "too slow: needs 2700 GFLOP/s"
    assert turbo.remedy == ""


def test_a_model_that_does_not_fit_is_replaced_by_a_smaller_one() -> None:
    full = replace(STATION, card=GraphicsCard("full", 12 * GB, 10.9 * GB), free_ram_mb=1.8 * GB)
    measured = Measurements.of(app_paths())
    fetch("whisper-small", "whisper-tiny")
    manifest = Registry().find(Kind.ASR, "whisper")
    for device in ("auto", "cpu"):
        options = {"model": "whisper-small", "device": device}
        for compute in ("auto", "int8"):
            key = choice_key(manifest.checked(options | {"compute": compute}))
            measured.keep_trial(
                Kind.ASR, "whisper", key, EngineProfile(900, 800 * (device == "auto"))
            )
    plan = planner(full, measurements=measured).plan(Profile.MEDIUM)
    small = next(row for row in plan.rows if "small" in row.name)
    assert small.is_measured
    assert small.why == "does not fit: 900 MB of memory, 478 are left"
    assert taken(plan)[Kind.ASR] == "whisper whisper-tiny"
    measured.close()


def test_a_model_too_large_for_the_gpu_runs_on_the_cpu() -> None:
    fetch("whisper-small")
    quick = replace(STATION, card=GraphicsCard("full", 12 * GB, 10.9 * GB))
    measured = Measurements.of(app_paths())
    manifest = Registry().find(Kind.ASR, "whisper")
    key = choice_key(manifest.checked({"model": "whisper-small"}))
    measured.keep_trial(Kind.ASR, "whisper", key, EngineProfile(400, 900))
    key = choice_key(manifest.checked({"model": "whisper-small", "compute": "int8"}))
    measured.keep_trial(Kind.ASR, "whisper", key, EngineProfile(400, 600))
    plan = planner(quick, measurements=measured).plan(Profile.MEDIUM)
    asr = next(row for row in plan.taken if row.kind is Kind.ASR)
    assert asr.options == {"model": "whisper-small", "compute": "int8", "device": "cpu"}
    assert asr.why == "fits, on the cpu"
    measured.close()


def test_unmeasured_models_are_estimated_from_measured_ones() -> None:
    store = Store.of(app_paths())
    catalog = user_catalog(store.root)
    manifest = Registry().find(Kind.ASR, "whisper")
    models = [store.root / name for name in ("one", "other")]
    for size, path in zip((10, 30), models, strict=True):
        path.mkdir(parents=True)
        (path / "model.bin").write_bytes(bytes(size << 20))
    measured = Measurements.of(app_paths())
    key = choice_key(manifest.checked({"model": str(models[0])}))
    measured.keep_trial(Kind.ASR, "whisper", key, EngineProfile(200, 0, 10))
    found = estimate(manifest, {"model": str(models[1])}, measured, store, catalog)
    assert found.weight.ram_mb == pytest.approx(200 + 20 * manifest.needs.per_model_mb)
    assert not found.is_measured
    assert estimate(manifest, {"model": str(models[0])}, measured, store, catalog).is_measured
    measured.close()


def test_the_sum_of_a_plan_stays_below_the_soft_limit() -> None:
    fetch("whisper-large-v3-turbo", "whisper-small", "llama-3.2-3b", "llama-3.2-1b")
    for used in (0.0, 8.0, 10.0, 11.0):
        hardware = replace(STATION, card=GraphicsCard("card", 12 * GB, used * GB))
        plan = planner(hardware).plan()
        assert plan.weight.vram_mb <= max(12 * GB * MemoryLimits().soft - used * GB, 0)


def test_applying_writes_the_settings_and_leaves_the_rest(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("# mine\nwindow: {theme: dark}\ntts: {options: {language: de}}\n")
    plan = planner(LAPTOP).plan(Profile.LOW)
    wanted = changes(plan, file)
    assert ("face.options.width", 960) in wanted
    before = file.read_text()
    apply(wanted, file)
    settings, notices = load_settings(user_file=file, environ={})
    assert notices == ()
    assert settings.face.options == {"width": 960, "height": 540, "fps": 25}
    assert settings.tts.options == {"language": "de"}
    assert "# mine" in file.read_text()
    assert changes(plan, file) == ()
    undo(file)
    assert file.read_text() == before
    undo(file)
    assert changes(plan, file) == ()


def test_undo_without_apply_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    with pytest.raises(ConfigInvalid, match="No plan"):
        undo(file)
    assert not file.exists()
    apply((("tts.engine", "espeak"),), file)
    undo(file)
    assert load_settings(user_file=file, environ={})[1] == ()


def fit(*arguments: str, typed: str = "") -> Any:
    """The command on a machine whose speed is known."""
    with closing(Measurements.of(app_paths())) as measurements:
        measurements.keep_speed(fingerprint(), 60.0)
    return CliRunner().invoke(app, ["fit", "--profile", "low", *arguments], input=typed)


def test_the_command_asks_before_it_writes_and_takes_it_back() -> None:
    file = app_paths().settings_file
    shown = fit("--apply", typed="n\n")
    assert shown.exit_code == 0
    assert "face.options.width: 960" in shown.output
    assert not file.exists()
    fit("--apply", typed="y\n")
    assert load_settings(user_file=file)[0].face.options["width"] == 960
    assert "already match" in fit("--apply").output
    output = fit("--undo").output
    assert "width" not in load_settings(user_file=file)[0].face.options
    assert "were swapped with those before; --undo once more swaps them again." in output
    assert fit("--undo").output == output
    assert load_settings(user_file=file)[0].face.options["width"] == 960


def test_applying_and_undoing_at_once_is_refused() -> None:
    fit("--apply", "--yes")
    refused = fit("--apply", "--undo")
    assert isinstance(refused.exception, ConfigInvalid)
    assert load_settings(user_file=app_paths().settings_file)[0].face.options["width"] == 960


def test_invalid_settings_are_reported() -> None:
    file = app_paths().settings_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("window: {theme: pink}\n")
    assert "window.theme cannot be 'pink'" in fit().output


@pytest.mark.parametrize("engine", ["whisper", "llama", "espeak"])
def test_the_estimate_is_within_a_tenth_of_the_measured_peak(engine: str, tmp_path: Path) -> None:
    """Nothing was measured before: from the manifest, the size of the model and its header."""
    registry, store = Registry(), Store.of(app_paths())
    (manifest,) = (each for each in registry.all() if each.name == engine)
    options = {}
    if engine == "whisper":
        options["model"] = str(write_whisper(tmp_path / "whisper", "hello there"))
    if engine == "llama":
        options["model"] = str(write_llama(tmp_path / "x.gguf", "It is fine today.", layers=24))
    catalog = user_catalog(store.root)
    foretold = estimate(manifest, options, None, store, catalog)
    size = model_mb(options.get("model", ""), manifest, store, catalog)
    trial = profile_engine(registry, manifest, options, size)
    assert foretold.weight.ram_mb == pytest.approx(trial.ram_mb, rel=0.1, abs=PROCESSORS_DIFFER)
