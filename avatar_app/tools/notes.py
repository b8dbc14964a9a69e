"""Notes the user dictates."""

from __future__ import annotations

from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.tools.services import Note, Services


def add_note(services: Services, text: str) -> dict[str, Any]:
    """Write a note down for the user.

    Args:
        text: The note, in the user's words.
    """
    if not text.strip():
        raise InputInvalid("The note is empty.")
    return _note_record(services.memory.add_note(text.strip(), services.clock()))


def list_notes(services: Services) -> list[dict[str, Any]]:
    """List the user's notes, the oldest first."""
    return [_note_record(note) for note in services.memory.notes()]


def delete_note(services: Services, id: int) -> bool:
    """Delete one note; false if no note has this id.

    Args:
        id: The note's id, as listed.
    """
    return services.memory.delete_note(id)


def delete_all_notes(services: Services) -> int:
    """Delete all notes of the user, after the user has confirmed it; returns how many."""
    return services.memory.clear_notes()


def _note_record(note: Note) -> dict[str, Any]:
    return {"id": note.id, "text": note.text, "written": note.written.isoformat(timespec="seconds")}


TOOLS = (add_note, list_notes, delete_note, delete_all_notes)
