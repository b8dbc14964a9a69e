"""Engines as one client of several sees them: the protocols of `core.engines` over replicas."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from avatar_app.core.engines import Reply, SkilledDialogue
from avatar_app.core.errors import AvatarError, EngineDied, EngineFailed
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, SpeechChunk, Transcript
from avatar_app.runtime.sharing.going_on import TRIES, Replay, ReplyWatch, speech_to_end
from avatar_app.runtime.sharing.replicas import ReplicaPool

_END = object()
_CLIENTS = itertools.count(1)
MOST_TURNS = 1_000_000
"""Turns of a client whose numbers are different from those of all others."""


class _Part(Turn):
    """A turn as a shared engine sees it: its number is that of no other client's turn, as engines
    remember by it what was said before. It can end earlier; signs of life are passed on."""

    def __init__(self, whole: Turn, client: int) -> None:
        number = client * MOST_TURNS + whole.id % MOST_TURNS
        super().__init__(number, whole.user_text, language=whole.language)
        self._whole = whole
        whole.when_cancelled(self.cancel)

    def stir(self) -> None:
        super().stir()
        self._whole.stir()

    def explain_wait(self, sentence: str) -> None:
        super().explain_wait(sentence)
        self._whole.explain_wait(sentence)


class SharedEngine:
    """A client's view of the replicas; what it configures holds for this client alone."""

    def __init__(
        self, pool: ReplicaPool, client: str, options: Mapping[str, Any] | None = None
    ) -> None:
        self._pool, self._client = pool, client
        self._options = dict(options or {})
        self._number = next(_CLIENTS)

    def configure(self, **options: Any) -> None:
        self._options = self._options | options

    def close(self) -> None:
        """Nothing to release: the replicas belong to the server."""

    def _part(self, turn: Turn) -> Turn:
        return _Part(turn, self._number)


class SharedRecognizer(SharedEngine):
    """Speech to text; each utterance has a replica to itself."""

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        part, heard = self._part(turn), Replay(audio)
        for tried in range(1, TRIES + 1):
            try:
                with (
                    self._pool.engine(self._client, part, self._options) as engine,
                    closing(engine.transcribe(iter(heard), part)) as transcripts,
                ):
                    yield from transcripts
                return
            except EngineDied:
                if tried == TRIES:
                    raise


class SharedDialogue(SharedEngine):
    """Text to answer; `skills`, of this client alone, answer first what they understand."""

    prepares = False

    def __init__(
        self,
        pool: ReplicaPool,
        client: str,
        options: Mapping[str, Any] | None = None,
        skills: SkilledDialogue | None = None,
    ) -> None:
        super().__init__(pool, client, options)
        self._skills = skills

    def reply(self, prompt: Prompt, turn: Turn) -> Reply:
        if self._skills is not None and self._skills.understands(prompt):
            yield from self._skills.reply(prompt, turn)
            return
        part, answered = self._part(turn), ReplyWatch()
        for tried in range(1, TRIES + 1):
            try:
                with self._pool.engine(self._client, part, self._options) as engine:
                    yield from answered.noting(engine.reply(prompt, part))
                return
            except EngineDied:
                if answered.begun or tried == TRIES:
                    raise

    def close(self) -> None:
        if self._skills is not None:
            self._skills.close()


class SharedSynthesizer(SharedEngine):
    """Answer to speech, clause by clause: between two of them others are served."""

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        """Yield the speech of one clause. It is made in a thread, so that a listener who is slow
        keeps no replica from others."""
        part, pieces = self._part(turn), queue.SimpleQueue[Any]()
        maker = threading.Thread(
            target=self._make, args=(text, part, pieces), name="shared voice", daemon=True
        )
        maker.start()
        try:
            while (piece := pieces.get()) is not _END:
                turn.check()
                if isinstance(piece, AvatarError | TurnCancelled):
                    raise piece
                yield piece
            turn.check()
        finally:
            part.cancel()
            maker.join()

    def _make(self, text: str, turn: Turn, pieces: queue.SimpleQueue[Any]) -> None:
        try:
            for chunk in speech_to_end(lambda: self._spoken(text, turn)):
                pieces.put(chunk)
        except (AvatarError, TurnCancelled) as error:
            pieces.put(error)
        except Exception:
            pieces.put(EngineFailed("The voice failed.", "The log has the details."))
            raise
        finally:
            pieces.put(_END)

    def _spoken(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        with (
            self._pool.engine(self._client, turn, self._options) as voice,
            closing(voice.speak(text, turn)) as speech,
        ):
            yield from speech
