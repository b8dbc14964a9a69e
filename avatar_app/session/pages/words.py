"""What the avatar says about a page on which it works."""

from __future__ import annotations

DOING = {
    "begin": "I am writing the page.",
    "frontend": "I am writing the page.",
    "backend": "I am writing the page.",
    "save": "I am writing its tests.",
    "tests": "I am writing its tests.",
    "save_tests": "I am running its tests.",
    "test_0": "I am reviewing it.",
}
"""What goes on after a step."""
REPAIRING = "I am repairing and testing it."
CUT_OFF = "I was building a page when the program ended. Say “go on building”, and I finish it."
UNDONE = "Taken back: {step}."
