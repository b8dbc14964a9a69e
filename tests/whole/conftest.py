"""For whole conversations: who hears their events, and models that say what the tests chose."""

from __future__ import annotations

from pathlib import Path

import pytest
from event_recorder import EventRecorder
from real_models import ANSWER, CONTEXT, SAID

from avatar_app.bench.scripted.llama import write_llama
from avatar_app.bench.scripted.whisper import write_whisper


@pytest.fixture
def recorder() -> EventRecorder:
    return EventRecorder()


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whisper(tmp_path_factory.mktemp("whisper"), SAID)


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("gguf") / "small.gguf", ANSWER, context=CONTEXT)
