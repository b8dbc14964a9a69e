"""Embeds facts while nobody speaks, and questions as they are heard; a turn waits 4 ms at most."""

from __future__ import annotations

import logging
import queue
import re
import threading
from collections.abc import Callable

from avatar_app.core.errors import AvatarError
from avatar_app.core.events import Event, State, StateChanged, UserTranscript
from avatar_app.session.meaning.embedder import Embedder
from avatar_app.storage.memory import Memory
from avatar_app.storage.vectors import Vectors
from avatar_app.tools.services import RememberedFact

WAIT = 0.004
"""Seconds that an answer waits for the vector of the user's words."""
MOST = 3
"""Facts that are added by their meaning."""
LONGEST = 500
"""Characters of a question."""
_OWN = re.compile(
    r"\b(i|my|me|mine|myself|our|us|we|ich|mein\w*|mir|mich|unser\w*|uns|wir)\b", re.IGNORECASE
)
"""Who does not speak of themselves asks for nothing that is known of them: vectors alone cannot
tell, as the nearest fact to “Tell me a joke” is as near as a right one."""

log = logging.getLogger(__name__)


class MeaningIndex:
    """Receives the conversation's events, in any thread; owns one, which loads the model when the
    first fact is to be embedded."""

    def __init__(self, memory: Memory, load: Callable[[], Embedder], wait: float = WAIT) -> None:
        self._memory, self._load, self._wait = memory, load, wait
        self._tasks: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lock = threading.Condition()
        self._text = ""
        self._vector: Vectors | None = None
        self._name = ""
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="meaning", daemon=True)

    def __call__(self, event: Event) -> None:
        if self._closed:
            return
        match event:
            case StateChanged(State.IDLE):
                self._tasks.put("")
            case UserTranscript(_, text):
                self._want(text)

    def start(self) -> None:
        """Begin to embed what has no vector yet."""
        self._tasks.put("")
        self._thread.start()

    def related(self, text: str) -> list[RememberedFact]:
        """Return the facts that are nearest in meaning to what the user says about themselves;
        nothing where their vector is not there in time."""
        if not self._name or not _OWN.search(text):
            return []
        self._want(text)
        with self._lock:
            self._lock.wait_for(lambda: self._has(text), self._wait)
            vector = self._vector if self._has(text) else None
        return self._memory.near(self._name, vector, MOST) if vector is not None else []

    def close(self) -> None:
        """End the thread, after the text on which it works."""
        self._closed = True
        self._tasks.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _has(self, text: str) -> bool:
        return self._text == text[:LONGEST] and self._vector is not None

    def _want(self, text: str) -> None:
        with self._lock:
            if not text.strip() or self._text == text[:LONGEST]:
                return
            self._text, self._vector = text[:LONGEST], None
        self._tasks.put(text[:LONGEST])

    def _run(self) -> None:
        embedder: Embedder | None = None
        while (task := self._tasks.get()) is not None and not self._closed:
            try:
                if embedder is None and self._memory.vectors.missing("", 1):
                    embedder = self._load()
                    self._name = embedder.name
                if embedder is not None and task:
                    self._embed(embedder, task)
                elif embedder is not None:
                    self._embed_facts(embedder)
            except (AvatarError, ImportError, OSError, RuntimeError) as error:
                log.warning("facts are found by their words only: %s", error)
                self._name, self._closed = "", True
                return

    def _embed(self, embedder: Embedder, text: str) -> None:
        if text != self._text:
            return  # more was said meanwhile
        vector = embedder.question(text)
        with self._lock:
            if text == self._text:
                self._vector = vector
                self._lock.notify_all()

    def _embed_facts(self, embedder: Embedder) -> None:
        """One by one, so that a question is never far behind."""
        while self._tasks.empty() and not self._closed:
            facts = self._memory.vectors.missing(embedder.name, 1)
            if not facts:
                return
            ids, texts = zip(*facts, strict=True)
            self._memory.vectors.keep(embedder.name, ids, embedder.passages(texts))
        self._tasks.put("")
