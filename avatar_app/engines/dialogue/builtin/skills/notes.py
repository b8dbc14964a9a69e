"""Skill: takes, reads and deletes notes."""

from __future__ import annotations

from avatar_app.engines.dialogue.builtin import spoken
from avatar_app.engines.dialogue.builtin.asking import Ask, Carry, Reply, Skill


def add_note(ask: Ask) -> Reply:
    text = ask.slots["text"]
    yield from ask.use("add_note", text=text)
    yield ask.say("note_added", text=text)
    return None


def add_note_openly(ask: Ask) -> Reply:
    yield ask.say("note_what")
    return Carry(answer=add_note)


def list_notes(ask: Ask) -> Reply:
    notes = yield from ask.use("list_notes")
    if not notes:
        yield ask.say("no_notes")
        return None
    lines = "; ".join(note["text"] for note in notes)
    yield ask.say("notes", count=spoken.counted(len(notes), "note"), list=lines)
    return None


def delete_last_note(ask: Ask) -> Reply:
    notes = yield from ask.use("list_notes")
    if not notes:
        yield ask.say("no_notes")
        return None
    yield from ask.use("delete_note", id=notes[-1]["id"])
    yield ask.say("note_deleted", text=notes[-1]["text"])
    return None


def clear_notes(ask: Ask) -> Reply:
    notes = yield from ask.use("list_notes")
    if not notes:
        yield ask.say("no_notes")
        return None
    count = yield from ask.use("delete_all_notes")  # the pipeline asks for consent
    yield ask.say("notes_cleared", count=spoken.counted(count, "note"))
    return None


SKILLS: dict[str, Skill] = {
    "add_note": add_note,
    "add_note_openly": add_note_openly,
    "list_notes": list_notes,
    "delete_last_note": delete_last_note,
    "clear_notes": clear_notes,
}
