"""The queue of clips in SQLite: it survives kill -9, and several workers take from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from avatar_app.storage.database import Database
from avatar_app.storage.studio_schema import FILE, MIGRATIONS
from avatar_app.system.paths import AppPaths

MOST_ATTEMPTS = 4
"""After as many failures a clip stays failed, until somebody tries it again."""
MOST_DEATHS = 8
"""After as many deaths of its workers, too: they may have been killed for other reasons."""
FIRST_WAIT, MOST_WAIT = 5.0, 600.0
"""Seconds until the first new attempt; each further one waits twice as long."""


class ClipState(StrEnum):
    """Where a clip of the queue stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # a dead letter: tried too often, or it can never work
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class QueuedClip:
    """A clip of the queue."""

    number: int
    name: str
    recipe: Mapping[str, Any]
    """JSON-compatible."""
    output: Path
    priority: int
    """Higher ones go first."""
    state: ClipState
    attempts: int
    """How often it was begun."""
    not_before: float
    """Seconds since the epoch."""
    owner: str
    """The worker's process; empty while none works on it."""
    stopping: bool
    """Somebody asked for it to be stopped."""
    step: str
    """What is being done, as readable text."""
    fraction: float
    """Of the whole clip, in [0, 1]."""
    error: str
    """Why the last attempt failed; empty where none did."""
    seconds: float | None
    """Of work, once it is done."""


_COLUMNS = (
    "number, name, recipe, output, priority, state, attempts, not_before, owner, stopping, step,"
    " fraction, error, seconds"
)
_DUE = f"(CASE WHEN not_before > ? + {MOST_WAIT} THEN 0 ELSE not_before END)"
"""When a clip is due; at once where it is further away than any wait: the clock was set back."""


class ClipQueue:
    """Thread-safe, and safe for several processes. Raises InputInvalid where the file cannot be
    used."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        """`clock`: seconds since the epoch."""
        self._database = Database(path, MIGRATIONS)
        self._clock = clock

    @classmethod
    def of(cls, paths: AppPaths, clock: Callable[[], float]) -> ClipQueue:
        return cls(paths.data / FILE, clock)

    def add(self, name: str, recipe: Mapping[str, Any], output: Path, priority: int = 0) -> int:
        """Append a clip and return its number."""
        now = self._clock()
        row = (name, json.dumps(recipe), str(output), priority, ClipState.WAITING, now, now)
        with self._database.transaction() as connection:
            added = connection.execute(
                "INSERT INTO clips (name, recipe, output, priority, state, added, not_before)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            return int(added.lastrowid or 0)

    def take(self, owner: str) -> QueuedClip | None:
        """Take the next clip that is due, for the worker `owner`; None where none is."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "UPDATE clips SET state = ?, owner = ?, attempts = attempts + 1, step = '',"
                " fraction = 0 WHERE number = (SELECT number FROM clips WHERE state = ? AND"
                f" {_DUE} <= ? ORDER BY priority DESC, number LIMIT 1)"
                f" RETURNING {_COLUMNS}",
                (ClipState.RUNNING, owner, ClipState.WAITING, *self._now(2)),
            ).fetchall()
        return _clip(rows[0]) if rows else None

    def tell(self, number: int, owner: str, step: str, fraction: float) -> bool:
        """Store how far a clip is; returns whether its worker may go on: False where somebody
        stopped it, or took it away."""
        with self._database.transaction(durable=False) as connection:
            rows = connection.execute(
                "UPDATE clips SET step = ?, fraction = ? WHERE number = ? AND owner = ?"
                " AND state = ? RETURNING stopping",
                (step, fraction, number, owner, ClipState.RUNNING),
            ).fetchall()
        return bool(rows) and not rows[0][0]

    def finish(self, number: int, owner: str, seconds: float) -> None:
        """The clip is written."""
        self._end(number, owner, ClipState.DONE, "", "fraction = 1, seconds = ?", (seconds,))

    def fail(self, number: int, owner: str, error: str, *, hopeless: bool = False) -> None:
        """An attempt failed: it waits for the next one, ever longer, or stays failed: after
        MOST_ATTEMPTS, or where it is `hopeless`."""
        attempts = self.clip(number).attempts
        if hopeless or attempts >= MOST_ATTEMPTS:
            self._end(number, owner, ClipState.FAILED, error)
            return
        self._wait_until(self._clock() + _wait(attempts), number, owner, error)

    def stopped(self, number: int, owner: str) -> None:
        """The worker has stopped, as somebody asked for."""
        self._end(number, owner, ClipState.CANCELLED, "")

    def give_back(self, number: int, owner: str) -> None:
        """The worker ends, through no fault of the clip: another goes on with it at once."""
        self._end(number, owner, ClipState.WAITING, "", "attempts = attempts - 1")

    def cancel(self, number: int) -> None:
        """Ask for a clip to be stopped, or take it out of the queue."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE clips SET stopping = 1 WHERE number = ? AND state = ?",
                (number, ClipState.RUNNING),
            )
            connection.execute(
                "UPDATE clips SET state = ? WHERE number = ? AND state = ?",
                (ClipState.CANCELLED, number, ClipState.WAITING),
            )

    def retry(self, number: int) -> None:
        """Put a failed or cancelled clip into the queue again."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE clips SET state = ?, attempts = 0, not_before = ?, error = '', stopping = 0"
                " WHERE number = ? AND state IN (?, ?)",
                (
                    ClipState.WAITING,
                    self._clock(),
                    number,
                    ClipState.FAILED,
                    ClipState.CANCELLED,
                ),
            )

    def remove(self, number: int) -> None:
        """Delete a clip that nobody works on from the list; its file stays."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM clips WHERE number = ? AND state != ?", (number, ClipState.RUNNING)
            )

    def recover(self, is_alive: Callable[[str], bool]) -> int:
        """Put clips of workers that died into the queue again, and return how many: at once, and
        from the second death on behind the others, so that none stands in their way or meets each
        kill. One whose workers die again and again stays failed."""
        lost = [clip for clip in self.clips((ClipState.RUNNING,)) if not is_alive(clip.owner)]
        for clip in lost:
            if clip.stopping:
                self.stopped(clip.number, clip.owner)
            elif clip.attempts >= MOST_DEATHS:
                error = "Its worker died again and again."
                self._end(clip.number, clip.owner, ClipState.FAILED, error)
            else:
                error = "Its worker died; another goes on."
                due = self._clock() + (_wait(clip.attempts - 1) if clip.attempts > 1 else 0.0)
                self._wait_until(due, clip.number, clip.owner, error)
        return len(lost)

    def clip(self, number: int) -> QueuedClip:
        """Return one clip; raises KeyError where there is none."""
        with self._database.transaction() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM clips WHERE number = ?", (number,)
            ).fetchone()
        if row is None:
            raise KeyError(number)
        return _clip(row)

    def clips(self, states: Sequence[ClipState] = tuple(ClipState)) -> tuple[QueuedClip, ...]:
        """Return the clips in these states, in the order in which they are done."""
        marks = ", ".join("?" * len(states))
        with self._database.transaction() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM clips WHERE state IN ({marks})"
                " ORDER BY priority DESC, number",
                tuple(states),
            ).fetchall()
        return tuple(_clip(row) for row in rows)

    def next_due(self) -> float | None:
        """Return the seconds until a waiting clip is due; None where none waits."""
        with self._database.transaction() as connection:
            (due,) = connection.execute(
                f"SELECT MIN({_DUE}) FROM clips WHERE state = ?", (*self._now(1), ClipState.WAITING)
            ).fetchone()
        return None if due is None else max(0.0, due - self._clock())

    def close(self) -> None:
        self._database.close()

    def _now(self, times: int) -> tuple[float, ...]:
        return (self._clock(),) * times

    def _wait_until(self, due: float, number: int, owner: str, error: str) -> None:
        self._end(number, owner, ClipState.WAITING, error, "not_before = ?", (due,))

    def _end(
        self,
        number: int,
        owner: str,
        state: ClipState,
        error: str,
        more: str = "step = ''",
        values: tuple[Any, ...] = (),
    ) -> None:
        """End the work of `owner` on a clip, if it still is that worker's."""
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE clips SET state = ?, owner = '', stopping = 0, error = ?, {more}"
                " WHERE number = ? AND owner = ? AND state = ?",
                (state, error, *values, number, owner, ClipState.RUNNING),
            )


def _wait(failures: int) -> float:
    """Return the seconds until the next attempt."""
    return min(FIRST_WAIT * 2.0 ** (failures - 1), MOST_WAIT)


def _clip(row: Any) -> QueuedClip:
    number, name, recipe, output, priority, state, attempts, due, owner, stopping, *rest = row
    return QueuedClip(
        number,
        name,
        json.loads(recipe),
        Path(output),
        priority,
        ClipState(state),
        attempts,
        due,
        owner,
        bool(stopping),
        *rest,
    )
