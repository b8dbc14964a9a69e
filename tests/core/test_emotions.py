"""Tags of emotions differ from words, and leave a text that can be shown."""

from __future__ import annotations

import pytest

from avatar_app.core.emotions import EMOTIONS, after_marks, without_emotions


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Hello.", "Hello."),
        ("a < b and c > d, <b>bold</b>  <laughter>", "a < b and c > d, <b>bold</b>  <laughter>"),
        ("Ha <laugh>! Well <SIGH/> <yawn> , so.", "Ha! Well, so."),
        ("<gasp> Oh<cough>no", "Ohno"),
        ("<laugh>", ""),
        ("Ha.<laugh> So.", "Ha. So."),
    ],
)
def test_a_text_without_tags(text: str, bare: str) -> None:
    assert without_emotions(text) == bare


def test_some_may_be_kept() -> None:
    text = "".join(f"<{name}> " for name in EMOTIONS)
    assert without_emotions(text, ("sigh",)) == "<sigh>"
    assert without_emotions(text, EMOTIONS) == text.strip()


def test_marks_come_before_tags() -> None:
    assert after_marks("Ha <laugh> <sigh> ! Yes") == "Ha! <laugh> <sigh> Yes"
    assert after_marks("<laugh>, yes") == "<laugh>, yes"
