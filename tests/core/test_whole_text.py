"""Halves of characters are joined or replaced before they reach a file or an engine."""

from __future__ import annotations

import pytest

from avatar_app.core.whole_text import TextPieces, whole_text


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", ""),
        ("Grüße 😀", "Grüße 😀"),
        ("\ud83d\ude00", "😀"),
        ("cut \ud83d", "cut \ufffd"),
        ("caf\udce9.txt", "caf\ufffd.txt"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
    ],
)
def test_surrogates_are_joined_or_replaced(text: str, whole: str) -> None:
    assert whole_text(text) == whole
    assert "".join(map(whole_text, whole)) == whole


def test_a_character_in_two_pieces_comes_whole_with_the_second() -> None:
    pieces = TextPieces()
    assert [pieces.add(each) for each in ("Hi \ud83d", "\ude00!", "", "\ud83d", "a", "\ud83d")] == [
        "Hi ", "😀!", "", "", "\ufffda", "",
    ]  # fmt: skip
    assert list(pieces.rest()) == ["\ufffd"]
    assert list(TextPieces().rest()) == []
