"""Who goes first on a busy processor, and how many threads each engine has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from avatar_app.core.manifest import Isolation, Kind
from avatar_app.core.turn import Turn
from avatar_app.engines.hosting.hosted import HOSTED
from avatar_app.engines.hosting.share import NO_PRIMITIVES
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.factory import resolve_options
from avatar_app.runtime.processor_shares import SHARES, THREADS, share_of, threads_for, with_threads
from avatar_app.runtime.registry import Registry
from avatar_app.system.paths import app_paths


def test_engines_that_delay_the_answer_have_priority() -> None:
    first = [share_of(kind).niceness for kind in (Kind.TTS, Kind.FACE)]
    assert max(first) < share_of(Kind.ASR).niceness < share_of(Kind.DIALOGUE).niceness
    assert HOSTED.keys() <= SHARES.keys(), "a process without a share"


@pytest.mark.parametrize(
    ("cores", "voice", "face", "dialogue"),
    [(1, 1, 1, 1), (2, 2, 2, 2), (8, 4, 2, 4), (32, 4, 2, 8)],
)
def test_threads_are_shared_out_by_the_number_of_cores(
    cores: int, voice: int, face: int, dialogue: int
) -> None:
    assert threads_for(Kind.TTS, cores) == voice
    assert threads_for(Kind.FACE, cores) == face
    assert threads_for(Kind.DIALOGUE, cores) == dialogue


def test_chosen_thread_count_is_kept() -> None:
    assert with_threads({THREADS: 3}, Kind.TTS) == {THREADS: 3}
    assert with_threads({}, Kind.TTS) == {}
    assert with_threads({THREADS: 0}, Kind.TTS) == {THREADS: threads_for(Kind.TTS)}


def test_engines_default_to_the_thread_table(tmp_path: Path) -> None:
    found = 0
    for manifest in Registry(user=tmp_path).all():
        if THREADS not in manifest.checked({}):
            continue
        found += 1
        assert manifest.checked({})[THREADS] == 0, manifest.name
        if not manifest.needs.models:
            options = resolve_options({}, manifest, app_paths())
            assert options[THREADS] == threads_for(manifest.kind)
    assert found >= 5


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no niceness")
def test_an_engine_in_a_process_has_the_niceness_of_its_kind() -> None:
    registry = Registry()
    manifest = next(
        each
        for each in registry.all()
        if each.kind is Kind.ASR and each.isolation is Isolation.PROCESS and not each.needs.models
    )
    engine = create_engine(registry, manifest, {})
    try:
        list(engine.transcribe(iter(()), Turn(1)))
        own = os.getpriority(os.PRIO_PROCESS, 0)
        hosted = os.getpriority(os.PRIO_PROCESS, engine.pid)
        assert hosted == min(19, own + share_of(Kind.ASR).niceness)
    finally:
        engine.close()


@pytest.mark.parametrize("own", [None, "7"])
def test_an_engines_process_keeps_no_compiled_shapes_unless_the_user_wants_it(
    own: str | None,
) -> None:
    name, value = NO_PRIMITIVES
    code = (
        "import os; from avatar_app.engines.hosting.share import ProcessShare;"
        f" ProcessShare().take(); print(os.environ[{name!r}])"
    )
    environment = {key: kept for key, kept in os.environ.items() if key != name}
    environment |= {name: own} if own else {}
    output = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert output.strip() == (own or value)
