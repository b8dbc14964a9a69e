"""Tool choice: which few of many functions are offered to a model, and how long that takes."""

from __future__ import annotations

import time

from avatar_app.core.prompt import Message, Prompt, Role, ToolDescription
from avatar_app.engines.dialogue.prompting.tools import fitting
from avatar_app.tools.box import BUILT_IN, describe

QUESTIONS = (
    ("please remember that my sister lives in Oslo", "remember_fact"),
    ("set a timer for the pasta", "set_timer"),
    ("remind me to call the dentist tomorrow", "add_reminder"),
    ("write down a note about the milk", "add_note"),
    ("which notes have I written", "list_notes"),
    ("convert five miles into kilometers", "convert_units"),
    ("calculate the square root of two", "calculate"),
    ("take a picture with the camera", "look"),
    ("undo what was done last", "undo_last"),
    ("search the repository for open issues", "code__search_repository"),
    ("send a message to Anna", "mail__send_message"),
    ("read the file about the garden", "files__read_file"),
)
"""What is said, and the function that must be among those that are offered."""
_FOREIGN = (
    ("files__read_file", "Read the whole content of a file."),
    ("mail__send_message", "Send a message to a person."),
    ("code__search_repository", "Search a repository for issues and code."),
)
FILLING = 60
"""More functions of other programs, which fit nothing that is said."""


def measure_choice() -> tuple[list[float], float]:
    """Return the milliseconds of processor time of each choice, and the percentage of questions for
    which the right function is offered."""
    foreign = [ToolDescription(name, about, {}) for name, about in _FOREIGN]
    foreign += [
        ToolDescription(f"zoo__animal_{n}", f"Feed the zebra of enclosure {n}.", {})
        for n in range(FILLING)
    ]
    tools = (*map(describe, BUILT_IN), *foreign)
    took, right = list[float](), 0
    for said, wanted in QUESTIONS:
        prompt = Prompt((Message(Role.USER, said),), tools)
        began = time.process_time()
        chosen = fitting(prompt)
        took.append((time.process_time() - began) * 1000)
        right += wanted in {tool.name for tool in chosen}
    return took, 100 * right / len(QUESTIONS)
