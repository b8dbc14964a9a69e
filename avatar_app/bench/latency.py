"""Latency: how long the user waits for the answer, and which stage takes the time."""

from __future__ import annotations

from collections.abc import Iterator

from avatar_app.bench.human_voice import HumanVoice
from avatar_app.bench.overhead import measure_overhead
from avatar_app.bench.pauses import measure_pauses
from avatar_app.bench.result import Report
from avatar_app.bench.turn_end import SMART_TURN, smart_turn
from avatar_app.bench.wait import measure_wait
from avatar_app.core.errors import ModelMissing
from avatar_app.engines.turn.smart_turn.engine import MODEL
from avatar_app.models.resolve import installed_path
from avatar_app.session.offline.simulated_user import PHRASES, Saying, recordings
from avatar_app.settings.schema import EngineChoice, Settings
from avatar_app.system.paths import AppPaths, app_paths

SOUND_P50, SOUND_P95 = 450.0, 700.0
"""Milliseconds from the end of the voice to the first sound, with Smart Turn."""


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Measure the pipeline's overhead, the wait with real engines, and pauses taken for an end; the
    last two with Smart Turn as well, where its model is here."""
    report = Report()
    measure_overhead(report, turns=10 if quick else 60)
    measure_wait(report, settings, paths, quick=quick)
    measure_pauses(report, settings, quick=quick)
    _measure_with_smart_turn(report, settings, paths, quick=quick)
    return report


def _measure_with_smart_turn(
    report: Report, settings: Settings, paths: AppPaths, *, quick: bool
) -> None:
    """By people's voices, or one like theirs: espeak-ng's rises and falls as nobody's does."""
    path = installed_path(MODEL, app_paths())
    if path is None:
        report.add("smart_turn_first_sound_p50", None, "ms", most=SOUND_P50)
        return
    choice = EngineChoice(engine=SMART_TURN, options={"model": str(path)})
    chosen = settings.model_copy(update={"turn": choice})
    for name, given in (("people_", settings), ("smart_turn_", chosen)):
        sound = (SOUND_P50, SOUND_P95) if given is chosen else (None, None)
        speakers = _people(quick=quick)
        measure_wait(report, given, paths, quick=quick, sound=sound, speakers=speakers, name=name)
    detector = smart_turn(chosen)
    measure_pauses(report, chosen, quick=quick, detector=detector, name="smart_turn_")
    detector.close()


def _people(*, quick: bool) -> Iterator[list[Saying]]:
    """Recordings, and what Kokoro says where it is here."""
    yield from ([recording] for recording in recordings()[: 1 if quick else None])
    try:
        with HumanVoice(app_paths()) as voice:
            yield [voice.say(text) for text in PHRASES[: 4 if quick else None]]
    except ModelMissing:
        return
