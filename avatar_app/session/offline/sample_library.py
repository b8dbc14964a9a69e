"""A library of models with something in it, and measured turns: for pictures of the pages."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.core.values import Pictures
from avatar_app.models.catalog import STARTER
from avatar_app.models.errors import AGAIN
from avatar_app.models.store import StoredFile
from avatar_app.runtime.memory.estimate import choice_key
from avatar_app.runtime.registry import Registry
from avatar_app.session.model_library import ModelLibrary
from avatar_app.session.performance_reports import PerformanceReports
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.measurements import EngineProfile, Measurements
from avatar_app.storage.stage_times import times_of
from avatar_app.system.hardware import fingerprint
from avatar_app.system.paths import AppPaths

_GFLOPS = 130.0
_TRIALS = {
    (Kind.DIALOGUE, "llama", "smollm2-135m"): EngineProfile(
        338, first_output_ms=180, tokens_per_second=38
    ),
    (Kind.ASR, "whisper", "whisper-base"): EngineProfile(
        374, first_output_ms=640, realtime_factor=0.31
    ),
    (Kind.TTS, "kokoro", "kokoro-v1.0-int8"): EngineProfile(
        512, first_output_ms=420, realtime_factor=0.42
    ),
}
"""As they were measured on a laptop."""
_FETCHED = "llama-3.2-1b"
_FAILED = "piper-en-us-joe-medium"


def sample_library(settings: SettingsStore, paths: AppPaths, registry: Registry) -> ModelLibrary:
    """The starter set is here and in use; one model is half here, another could not be had. Files
    have their sizes and no bytes."""
    library = ModelLibrary(settings, paths, registry)
    catalog, store = library.catalog(), library.store
    for model in catalog.find_all([STARTER]):
        files = {file.name: StoredFile(file.bytes or 0, file.sha256 or "") for file in model.files}
        for name, file in files.items():
            path = store.folder(model) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as hollow:
                hollow.truncate(file.bytes)
        store.record_files(model, files, "the documentation")
        settings.change(
            {f"{model.kind}.engine": model.engine, f"{model.kind}.options.model": model.id},
            undoable=False,
        )
    with closing(Measurements.of(paths)) as measurements:
        measurements.keep_speed(fingerprint(), _GFLOPS)
        for (kind, engine, id), trial in _TRIALS.items():
            key = choice_key(registry.find(kind, engine).checked({"model": id}))
            measurements.keep_trial(kind, engine, key, trial)
    half = catalog.find(_FETCHED)
    part = store.folder(half) / half.files[0].name
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as hollow:
        hollow.truncate((half.bytes or 0) * 2 // 5)
    for id in (_FETCHED, _FAILED):
        library.downloads.queue.put(id)
    library.downloads.queue.pause(_FETCHED)
    library.downloads.queue.fail(
        _FAILED,
        "huggingface.co cannot be reached.",
        f"Is the network connected? {AGAIN}",
        "Unreachable",
    )
    return library


def sample_performance(
    settings: SettingsStore, paths: AppPaths, registry: Registry
) -> PerformanceReports:
    """Stored times of twenty turns, and a last one whose first word came late."""
    with closing(Measurements.of(paths)) as measurements:
        measurements.forget()
        for number in range(20):
            turn = _turn(0.55 + 0.02 * (number % 5), 0.1 * (number % 4))
            measurements.add_times(times_of(turn), {}, datetime.now(UTC))
    reports = PerformanceReports(settings, paths, registry)
    reports(_turn(0.58, 0.62))
    return reports


def _turn(end_of_turn: float, thinking: float) -> TurnEnded:
    """`thinking`: seconds to the first word, in addition to a fifth."""
    text = end_of_turn - 0.18
    clause = text + 0.2 + thinking + 0.12
    speech = clause + 0.24
    begins = max(end_of_turn, speech)
    marks = {
        "user_stopped": 0.0,
        "text": text,
        "end_of_turn": end_of_turn,
        "first_token": text + 0.2 + thinking,
        "first_clause": clause,
        "first_speech": speech,
        "first_frame": begins + 0.07,
        "first_sound": begins + 0.045,
    }
    pictures = Pictures(shown=214, dropped=3, skew_p50_ms=7.6, skew_p99_ms=21.4)
    return TurnEnded(1, Outcome.FINISHED, "Hello", "Hi", "Hi", marks, pictures=pictures)
