"""Notes the user dictates."""

from __future__ import annotations

from functools import partial
from typing import Any

from avatar_app.core.errors import InputInvalid
from avatar_app.core.turn import Turn
from avatar_app.tools.services import Note, Services


def add_note(services: Services, turn: Turn | None, text: str) -> dict[str, Any]:
    """Write a note down for the user.

    Args:
        text: The note, in the user's words.
    """
    if not text.strip():
        raise InputInvalid("The note is empty.")
    note = services.memory.add_note(text.strip(), services.clock())
    services.undo.add(f"the note: {note.text}", partial(_remove, services, note), turn)
    return _note_record(note)


def list_notes(services: Services) -> list[dict[str, Any]]:
    """List the user's notes, the oldest first."""
    return [_note_record(note) for note in services.memory.notes()]


def delete_note(services: Services, id: int) -> bool:
    """Delete one note; false if no note has this id.

    Args:
        id: The note's id, as listed.
    """
    memory = services.memory
    found = next((note for note in memory.notes() if note.id == id), None)
    if found is None:
        return False
    services.undo.add(
        f"deleting the note: {found.text}", lambda: memory.add_note(found.text, found.written)
    )
    return memory.delete_note(id)


def delete_all_notes(services: Services) -> int:
    """Delete all notes of the user for good; returns how many."""
    return services.memory.clear_notes()


def _remove(services: Services, note: Note) -> None:
    """Delete a note by its text and time: undone deletions give it another id."""
    for each in services.memory.notes():
        if (each.text, each.written) == (note.text, note.written):
            services.memory.delete_note(each.id)


def _note_record(note: Note) -> dict[str, Any]:
    return {"id": note.id, "text": note.text, "written": note.written.isoformat(timespec="seconds")}


TOOLS = (add_note, list_notes, delete_note, delete_all_notes)
