"""The set of engines restores the former engine after an error, also while it is being closed."""

from __future__ import annotations

import pytest

from avatar_app.bench.scripted.engines import FlatVoice
from avatar_app.core.errors import EngineFailed
from avatar_app.core.manifest import Kind
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.registry import Registry


class ClosableVoice(FlatVoice):
    """Counts how often it is closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def former() -> ClosableVoice:
    return ClosableVoice()


@pytest.fixture
def engines(former: ClosableVoice) -> EngineSet:
    return EngineSet(Registry(), {Kind.TTS: former})


def fail_to_load(engines: EngineSet, loading: ClosableVoice, *, is_closed: bool) -> None:
    with engines.replacing(Kind.TTS):
        engines.engines[Kind.TTS] = loading
        if is_closed:
            engines.close()
        raise EngineFailed("It does not load.")


def test_replacing_restores_the_former_engine_after_an_error(
    engines: EngineSet, former: ClosableVoice
) -> None:
    loading = ClosableVoice()
    with pytest.raises(EngineFailed, match="does not load"):
        fail_to_load(engines, loading, is_closed=False)
    assert engines.engines[Kind.TTS] is former
    assert (former.closed, loading.closed) == (0, 1)


def test_replacing_reports_the_error_if_the_set_was_closed(engines: EngineSet) -> None:
    """Closing the program waits five seconds for an engine that loads; then it closes them all."""
    loading = ClosableVoice()
    with pytest.raises(EngineFailed, match="does not load"):
        fail_to_load(engines, loading, is_closed=True)
    assert loading.closed == 1
    assert engines.engines == {}


def test_every_engine_is_closed_where_one_fails_in_that(former: ClosableVoice) -> None:
    class Broken(ClosableVoice):
        def close(self) -> None:
            raise EngineFailed("It cannot be closed.")

    last = ClosableVoice()
    engines = EngineSet(Registry(), {Kind.ASR: former, Kind.TTS: Broken(), Kind.DIALOGUE: last})
    with pytest.raises(EngineFailed, match="cannot be closed"):
        engines.close()
    assert (former.closed, last.closed) == (1, 1)
    assert engines.engines == {}
