"""The settings whose engines are being loaded are known, and each change is reported."""

from __future__ import annotations

import pytest

from avatar_app.core.manifest import Kind
from avatar_app.session.engine_loads import EngineLoads


def test_a_setting_is_named_until_the_last_of_its_engines_is_there() -> None:
    loads = EngineLoads()
    seen: list[frozenset[str]] = []
    unsubscribe = loads.subscribe(lambda: seen.append(loads.settings))
    loads.begin(Kind.TTS)
    loads.begin(Kind.TTS)  # another was chosen meanwhile
    loads.end(Kind.TTS)
    loads.end(Kind.TTS)
    assert seen == [{"tts.engine"}, {"tts.engine"}, {"tts.engine"}, frozenset()]
    unsubscribe()
    loads.begin(Kind.FACE)
    assert len(seen) == 4


def test_what_cannot_be_loaded_is_named_no_longer() -> None:
    loads = EngineLoads()
    seen: list[frozenset[str]] = []
    loads.subscribe(lambda: seen.append(loads.settings))

    def fail() -> None:
        with loads.loading(Kind.ASR):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert seen == [{"asr.engine"}, frozenset()]
