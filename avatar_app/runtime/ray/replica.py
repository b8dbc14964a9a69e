"""An engine that runs in an actor of Ray, behind the protocols of `core.engines`."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

from avatar_app.core.engines import Reply
from avatar_app.core.errors import EngineDied
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk, Transcript
from avatar_app.runtime.ray.actor import AT_ONCE, EngineActor, Step, TurnFields
from avatar_app.runtime.ray.cluster import joined_cluster

CORES = 0.1
"""Of the cluster, that are kept for an engine: most wait for somebody to speak most of the time."""
LOOK = 0.05
"""Seconds after which one who waits looks whether the turn was cancelled."""


class RayReplica:
    """A recognizer, dialogue or voice: whichever `make` makes, in the actor."""

    prepares = False

    def __init__(self, make: Callable[[], Any], title: str, cores: float = CORES) -> None:
        """Wait until the engine is loaded; raises what its constructor raises. `cores`: of the
        cluster, that are kept for it."""
        self._ray, self._title = joined_cluster(), title
        actor = self._ray.remote(EngineActor)
        self.actor = actor.options(num_cpus=cores, max_concurrency=AT_ONCE).remote()
        try:
            self._do(self.actor.load.remote(make))
        except BaseException:
            self.close()
            raise

    def configure(self, **options: Any) -> None:
        self._do(self.actor.configure.remote(options))

    def close(self) -> None:
        self._ray.kill(self.actor)

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        number, last = self._begin("speak", text, turn), False
        try:
            while not last:
                steps: list[Step] = self._result(self.actor.take.remote(number), turn)
                last = steps[-1].is_last
                for step in steps:
                    if _is_end(step, turn):
                        return
                    yield step.output
        finally:
            if not last:  # the actor has forgotten what it has ended itself
                self.actor.end.remote(number)

    def reply(self, prompt: Prompt, turn: Turn) -> Reply:
        number = self._begin("reply", prompt, turn)
        yield from self._outputs(number, turn)

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        number = self._begin("transcribe", None, turn)
        ended = threading.Event()
        feeder = threading.Thread(
            target=self._feed, args=(number, audio, ended), name="ray sound", daemon=True
        )
        feeder.start()
        try:
            yield from self._outputs(number, turn)
        finally:
            ended.set()

    def _do(self, reference: Any) -> None:
        step: Step = self._result(reference, Turn(0))
        if step.error is not None:
            raise step.error

    def _feed(self, number: int, audio: Iterator[AudioChunk], ended: threading.Event) -> None:
        pieces = itertools.chain(audio, [None])
        for index, piece in enumerate(pieces):
            if ended.is_set():
                return
            self.actor.hear.remote(number, index, piece)

    def _begin(self, method: str, given: Any, turn: Turn) -> int:
        fields = TurnFields.of(turn)
        return int(self._result(self.actor.begin.remote(method, given, fields), turn))

    def _outputs(self, number: int, turn: Turn) -> Generator[Any, Any, None]:
        answer, last = None, False
        try:
            while True:
                step: Step = self._result(self.actor.step.remote(number, answer), turn)
                last = step.is_last
                if _is_end(step, turn):
                    return
                answer = yield step.output
        finally:
            if not last:
                self.actor.end.remote(number)

    def _result(self, reference: Any, turn: Turn) -> Any:
        """Wait for a call of the actor; raises EngineDied where there is none any more."""
        ray = self._ray
        while True:
            turn.check()
            try:
                return ray.get(reference, timeout=LOOK)
            except ray.exceptions.GetTimeoutError:
                continue
            except ray.exceptions.RayActorError as error:
                raise EngineDied(
                    f"{self._title}: a replica has gone.", "Another one is started."
                ) from error


def _is_end(step: Step, turn: Turn) -> bool:
    """Raises what the step raised."""
    if step.error is not None:
        raise step.error
    if step.has_ended:
        turn.check()
    return step.has_ended
