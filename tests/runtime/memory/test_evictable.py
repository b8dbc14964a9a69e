"""Engines under short memory: lighter options, then the built-in one; the idle leave and return."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_app.core.errors import EngineFailed, OutOfMemory
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.runtime.memory.broker import MemoryBroker
from avatar_app.runtime.memory.budget import MemoryBudget
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice, MemoryLimits
from avatar_app.system.memory import MemoryFootprint, MemoryReading, Pool
from avatar_app.system.paths import app_paths

pytestmark = pytest.mark.usefixtures("user_engines_forgotten")

ENGINE = '''
import os
from pathlib import Path

from avatar_app.core.values import AudioChunk, SpeechChunk, Transcript
import numpy as np

class Hungry:
    """Needs room: 2 with full precision, 1 with half; 1 more on the card."""

    def __init__(self, **options):
        self.options = options
        log = Path(__file__).with_name("tried.txt")
        with log.open("a") as file:
            file.write(f"{options['precision']} {options['device']}\\n")
        self.parts = np.ones(1 << 20, np.float32)
        self._need(int(options["room"]))

    def _need(self, room):
        need = {"full": 2, "half": 1}[self.options["precision"]]
        if need + (self.options["device"] == "card") > room:
            raise MemoryError("bad_alloc")

    def configure(self, **options):
        self.options |= options

    def close(self):
        self.parts = None

    def speak(self, text, turn):
        self._need(int(self.options["room_at_work"]))
        yield SpeechChunk(AudioChunk(np.zeros(10, np.float32), 16000), f"{text} {os.getpid()}")

    def reply(self, prompt, turn):
        self._need(int(self.options["room_at_work"]))
        yield f"{self.options['precision']} {self.options['device']} {self.options['room_at_work']}"

    def transcribe(self, audio, turn):
        self._need(int(self.options["room_at_work"]))
        yield Transcript(f"heard {sum(len(each.samples) for each in audio)}", True)
'''
MANIFEST = """
name: hungry
kind: {kind}
entry: engine:Hungry
title: The hungry one
summary: It takes much.
license: MIT
isolation: {isolation}
needs: {{ram_mb: 400}}
lighter: [{{precision: half}}, {{device: processor}}]
options:
  precision: {{type: choice, values: [full, half], default: full, help: How exact.}}
  device: {{type: choice, values: [card, processor], default: card, help: Where.}}
  room: {{type: integer, default: 9, help: What is there when it is loaded.}}
  room_at_work: {{type: integer, default: 9, help: What is there later.}}
"""
HALF = "The hungry one continues with precision half."
PROCESSOR = "The hungry one continues with device processor."


def add_engine(kind: Kind, isolation: str) -> Path:
    folder = app_paths().engines / kind / "hungry"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(MANIFEST.format(kind=kind, isolation=isolation))
    (folder / "engine.py").write_text(ENGINE)
    return folder / "tried.txt"


class Case:
    """An engine set on a machine of 1000 MB, of which `foreign` are used by others."""

    def __init__(self, kind: Kind = Kind.DIALOGUE, isolation: str = "process") -> None:
        self.kind, self.foreign = kind, 0.0
        self.tried_file = add_engine(kind, isolation)
        self.notices: list[Noticed] = []
        meters = {Pool.RAM: lambda: MemoryReading(1000.0, self.foreign)}
        self.residency = MemoryBudget(meters, MemoryLimits(soft=0.9, hard=0.95))
        self.weights: dict[tuple[str, str], float] = {}
        broker = MemoryBroker(self.residency, self._weigh)
        self.engine_set = EngineSet(Registry(), broker=broker, notice=self.notices.append)

    def _weigh(self, manifest: Manifest, options: dict[str, Any]) -> MemoryFootprint:
        checked = manifest.checked(options)
        key = (checked.get("precision", ""), checked.get("device", ""))
        return MemoryFootprint(self.weights.get(key, 10.0))

    def put(self, **options: Any) -> Any:
        choice = EngineChoice(engine="hungry", options=options)
        self.engine_set.put_or_builtin(self.kind, choice, self.notices.append)
        return self.engine_set.engines[self.kind]

    @property
    def tried(self) -> list[str]:
        return self.tried_file.read_text().splitlines() if self.tried_file.exists() else []

    @property
    def hints(self) -> list[str]:
        return [notice.hint for notice in self.notices]

    @property
    def leased(self) -> int:
        return len(self.residency._leases)


@pytest.fixture
def sets_closed() -> Iterator[list[Case]]:
    cases: list[Case] = []
    yield cases
    for case in cases:
        case.engine_set.close()
        assert case.leased == 0


def replied(engine: Any) -> str:
    prompt = Prompt((Message(Role.USER, "hello"),))
    return "".join(engine.reply(prompt, Turn(1)))


@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_load_without_memory_tries_lighter_options_with_notices(
    isolation: str, sets_closed: list[Case]
) -> None:
    case = Case(isolation=isolation)
    sets_closed.append(case)
    engine = case.put(room=1)
    assert replied(engine) == "half processor 9"
    assert case.tried == ["full card", "half card", "half processor"]
    assert case.hints == [HALF, PROCESSOR]
    assert all("not enough memory" in notice.message for notice in case.notices)


@pytest.mark.parametrize("kind", [Kind.ASR, Kind.TTS])
def test_every_kind_supports_lighter_options(kind: Kind, sets_closed: list[Case]) -> None:
    case = Case(kind)
    sets_closed.append(case)
    engine = case.put(room=2)
    if kind is Kind.ASR:
        silence = AudioChunk(np.zeros(160, np.float32), MICROPHONE_RATE)
        outputs = [each.text for each in engine.transcribe(iter([silence]), Turn(1))]
        assert outputs == ["heard 160"]
    else:
        assert [chunk.text.split()[0] for chunk in engine.speak("hello", Turn(1))] == ["hello"]
    assert case.tried == ["full card", "half card"]
    assert case.hints == [HALF]


def test_builtin_engine_follows_the_lightest_options_in_process(sets_closed: list[Case]) -> None:
    case = Case(isolation="thread")
    sets_closed.append(case)
    case.put(room=0)
    assert case.tried == ["full card", "half card", "half processor"]
    assert case.engine_set.manifests[Kind.DIALOGUE].name == BUILTIN[Kind.DIALOGUE]
    assert case.hints[:2] == [HALF, PROCESSOR]
    assert case.hints[2].endswith("The built-in engine is used instead.")
    assert len(case.hints) == 3


def test_hosted_engine_reports_when_even_the_lightest_does_not_fit(
    sets_closed: list[Case],
) -> None:
    case = Case()
    sets_closed.append(case)
    engine = case.put(room=0)
    with pytest.raises(OutOfMemory):
        engine.wait_ready()
    assert case.hints == [HALF, PROCESSOR]
    assert case.leased == 0
    with pytest.raises(OutOfMemory):
        engine.wait_ready()
    assert case.tried[-2:] == ["half processor"] * 2
    assert len(case.notices) == 2


def test_out_of_memory_in_a_turn_makes_the_next_lighter(sets_closed: list[Case]) -> None:
    case = Case()
    sets_closed.append(case)
    engine = case.put(room_at_work=2)
    with pytest.raises(EngineFailed) as failed:
        replied(engine)
    assert failed.value.hint == HALF
    assert not isinstance(failed.value, OutOfMemory)
    assert replied(engine) == "half card 2"
    assert case.notices == []


def test_a_refused_lease_tries_lighter_options_without_loading(
    sets_closed: list[Case],
) -> None:
    case = Case()
    sets_closed.append(case)
    case.weights = {("full", "card"): 2000, ("half", "card"): 1500}
    engine = case.put()
    assert replied(engine).startswith("half processor")
    assert case.tried == ["half processor"]
    assert case.notices[0].message == "The hungry one needs 2000 MB of memory, and 950 MB are left."
    assert case.hints == [HALF, PROCESSOR]


def test_builtin_engines_are_never_refused(sets_closed: list[Case]) -> None:
    case = Case()
    sets_closed.append(case)
    case.foreign = 1000
    case.engine_set.put(Kind.DIALOGUE, EngineChoice(engine=BUILTIN[Kind.DIALOGUE]))
    case.engine_set.put(Kind.FACE, EngineChoice(engine=BUILTIN[Kind.FACE]))
    assert case.leased == 2
    assert case.notices == []


def test_evicted_engine_returns_with_its_configuration(sets_closed: list[Case]) -> None:
    case = Case()
    sets_closed.append(case)
    engine = case.put()
    engine.configure(room_at_work=7)
    first = engine._engine.pid
    with_room = case.residency.lease("another", MemoryFootprint(880))
    assert engine._engine is None
    with_room.close()
    assert replied(engine) == "full card 7"
    assert engine._engine.pid != first
    assert case.notices == []


def test_the_measured_memory_replaces_the_estimate(sets_closed: list[Case]) -> None:
    case = Case()
    sets_closed.append(case)
    case.weights = {("full", "card"): 500}
    engine = case.put()
    engine.wait_ready()  # it has not worked yet, and is not at its peak
    before = case.residency.free_mb(Pool.RAM)
    replied(engine)
    free = case.residency.free_mb(Pool.RAM)
    assert before == pytest.approx(400)
    assert free is not None
    assert 900 - 200 < free < 900 - 15, "a small Python with numpy"


def test_closing_during_load_leaks_nothing() -> None:
    case = Case()
    engine = case.put()
    ended: list[BaseException | None] = []

    def wait() -> None:
        try:
            engine.wait_ready()
            ended.append(None)
        except EngineFailed as error:
            ended.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    case.engine_set.close()
    waiting.join(30)
    assert len(ended) == 1
    assert case.leased == 0
    with pytest.raises(EngineFailed, match="closed"):
        engine.wait_ready()
    assert case.leased == 0
