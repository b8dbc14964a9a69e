"""Asks the window over the accessibility bus, as a screen reader does: `make test-atspi`.

Run by the system's Python, which has pyatspi, inside a session bus and an X display. It starts the
program, walks all that the bus shows of each page, and prints what could not be announced.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pyatspi
from gi.repository import Atspi

PATIENCE = 60.0
"""Seconds until the window must be on the bus, and answer: what it does meanwhile is no matter."""
SETTLE = 3.0
"""Seconds in which a page gets its rows."""
PRESSES = ("Press", "Toggle")
FIELD, SEND, ALLOW = "Message", "Send", "Allow: "
SENTENCES = {"Take a note: buy milk": "milk", "Delete all my notes": "consent"}
"""What is typed, so that the window asks for consent, and a word of the answer."""
CONTROLS = {
    pyatspi.ROLE_PUSH_BUTTON,
    pyatspi.ROLE_CHECK_BOX,
    pyatspi.ROLE_TOGGLE_BUTTON,
    pyatspi.ROLE_RADIO_BUTTON,
    pyatspi.ROLE_COMBO_BOX,
    pyatspi.ROLE_SLIDER,
    pyatspi.ROLE_SPIN_BUTTON,
    pyatspi.ROLE_TEXT,
    pyatspi.ROLE_ENTRY,
    pyatspi.ROLE_LIST,
}


def say(text: str) -> None:
    """Report to the terminal."""
    sys.stdout.write(f"{text}\n")


def window_of(process: subprocess.Popen[bytes]) -> Any:
    """Wait for the program's window on the bus."""
    desktop = pyatspi.Registry.getDesktop(0)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        for application in desktop:
            if application is not None and application.get_process_id() == process.pid:
                for window in application:
                    if window is not None and window.getState().contains(pyatspi.STATE_SHOWING):
                        return window
        time.sleep(0.5)
    raise SystemExit("the window did not appear on the accessibility bus")


def showing(node: Any) -> Iterator[Any]:
    """All that is on show, in its order."""
    if not node.getState().contains(pyatspi.STATE_SHOWING):
        return
    yield node
    for child in node:
        if child is not None:
            yield from showing(child)


def problem(node: Any) -> str:
    """What a screen reader could not say of a control; empty where it can."""
    if node.getRole() not in CONTROLS:
        return ""
    labels = [
        r for r in node.getRelationSet() if r.getRelationType() == pyatspi.RELATION_LABELLED_BY
    ]
    if not (node.name or labels or node.description):
        return "no name"
    if node.getRole() in (pyatspi.ROLE_SLIDER, pyatspi.ROLE_SPIN_BUTTON):
        try:
            node.queryValue()
        except NotImplementedError:
            return "no value"
    return ""


def press(node: Any) -> None:
    """Press a button, as a screen reader does for its user."""
    action = node.queryAction()
    names = [action.getName(number) for number in range(action.nActions)]
    action.doAction(next(number for number, name in enumerate(names) if name in PRESSES))


def named(window: Any, name: str) -> Any:
    """Wait for the control whose name begins so."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for node in showing(window):
            if node.name.startswith(name) and node.getRole() in CONTROLS:
                return node
        time.sleep(0.2)
    raise SystemExit(f"{name} is not on the bus")


def wait_for_caption(window: Any, word: str) -> None:
    """Wait until the caption below the portrait has this word, as a screen reader reads it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if any(node.name == "Captions" and word in node.description for node in showing(window)):
            return
        time.sleep(0.1)
    raise SystemExit(f"no caption says {word}")


def problems(window: Any, place: str) -> Iterator[str]:
    """What could not be announced of all that is on show."""
    nodes = [node for node in showing(window) if node.getRole() in CONTROLS]
    say(f"{place}: {len(nodes)} controls")
    for node in nodes:
        if trouble := problem(node):
            yield f"{place}: {node.getRoleName()} has {trouble}: {node.description!r}"


def audit(window: Any) -> Iterator[str]:
    """Talk until the window asks for consent, then open each page; what could not be announced."""
    yield from problems(window, "Conversation")
    for sentence, word in SENTENCES.items():
        named(window, FIELD).queryEditableText().setTextContents(sentence)
        press(named(window, SEND))
        wait_for_caption(window, word)
    named(window, ALLOW)
    yield from problems(window, "Consent")
    yield from pages(window)


def pages(window: Any) -> Iterator[str]:
    """Open each page; what could not be announced on it."""
    press(named(window, "Settings, models and more"))
    named(window, "Close")
    rail = next(node for node in showing(window) if node.name == "Pages")
    for page in [node for node in showing(rail) if node.getRole() in CONTROLS]:
        press(page)
        time.sleep(SETTLE)
        yield from problems(window, page.name)


def main(program: list[str]) -> int:
    Atspi.set_timeout(int(PATIENCE * 1000), int(PATIENCE * 1000))
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "QT_QPA_PLATFORM": "xcb"}
        process = subprocess.Popen([*program, "run", "--data-dir", folder], env=environ)
        try:
            found = list(audit(window_of(process)))
        finally:
            process.terminate()
            process.wait(30)
    say("\n".join([*found, f"{len(found)} problems"]))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
