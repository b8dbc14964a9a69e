"""Vectors of facts in SQLite, as BLOBs of float32: which fact is nearest in meaning to a question.

A vector belongs to one model: those of another are computed again. They go with their fact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from avatar_app.storage.database import Database

Vectors = npt.NDArray[np.float32]


def create_vectors(connection: sqlite3.Connection) -> None:
    """Keep a vector beside each fact; it is deleted with the fact."""
    connection.execute(
        "CREATE TABLE fact_vectors (fact INTEGER PRIMARY KEY, model TEXT NOT NULL,"
        " vector BLOB NOT NULL)"
    )
    connection.execute(
        "CREATE TRIGGER vector_removed AFTER DELETE ON remembered BEGIN"
        " DELETE FROM fact_vectors WHERE fact = old.id; END"
    )


class VectorTable:
    """The vectors in the database of the memory; thread-safe as that is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._state: tuple[object, ...] = ()
        self._ids: list[int] = []
        self._matrix: Vectors = np.empty((0, 0), np.float32)

    def missing(self, model: str, most: int = 32) -> list[tuple[int, str]]:
        """Return the facts without a vector of a model: their ids, and the words to embed."""
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT id, said, subject || ' ' || attribute || ': ' || value FROM remembered"
                " LEFT JOIN fact_vectors ON fact = id AND model = ?"
                " WHERE replaced_by IS NULL AND fact IS NULL LIMIT ?",
                (model, most),
            ).fetchall()
        return [(id, said or stated) for id, said, stated in rows]

    def keep(self, model: str, ids: Sequence[int], vectors: Vectors) -> None:
        """Store vectors, float32, shape (facts, dimensions), of unit length. A fact that was
        deleted meanwhile gets none."""
        rows = [
            (model, np.ascontiguousarray(vector, np.float32).tobytes(), id)
            for id, vector in zip(ids, vectors, strict=True)
        ]
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO fact_vectors (fact, model, vector)"
                " SELECT id, ?, ? FROM remembered WHERE id = ?",
                rows,
            )

    def nearest(self, model: str, question: Vectors, most: int) -> list[int]:
        """Return the ids of the current facts whose vectors point most in the direction of
        `question`, shape (dimensions,), the nearest first."""
        ids, matrix = self._all(model, len(question))
        if not ids:
            return []
        order = np.argsort(-(matrix @ question), kind="stable")[:most]
        return [ids[at] for at in order]

    def _all(self, model: str, dimensions: int) -> tuple[list[int], Vectors]:
        """Return all vectors; they are read again only after a change."""
        current = (
            "FROM fact_vectors JOIN remembered ON id = fact"
            " WHERE replaced_by IS NULL AND model = ? AND length(vector) = ?"
        )
        wanted = model, 4 * dimensions
        with self._database.transaction() as connection:
            counted = connection.execute(
                f"SELECT count(*), total(fact), max(fact) {current}", wanted
            )
            state = (*wanted, *counted.fetchone())
            if state != self._state:
                rows = connection.execute(
                    f"SELECT fact, vector {current} ORDER BY fact", wanted
                ).fetchall()
                blobs = b"".join(vector for _, vector in rows)
                self._ids = [fact for fact, _ in rows]
                self._matrix = np.frombuffer(blobs, np.float32).reshape(len(rows), dimensions)
                self._state = state
            return self._ids, self._matrix
