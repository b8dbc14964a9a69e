"""Repetition ends an answer in any script, however it is cut into pieces; speech does not."""

from __future__ import annotations

import pytest

from avatar_app.engines.dialogue.prompting.endings import Ending, Limits

in_pieces = pytest.mark.parametrize("size", [1, 7, 10_000])


def said(text: str, size: int, **limits: int) -> str:
    ending = Ending(Limits(**limits))
    pieces = (text[at : at + size] for at in range(0, len(text), size))
    return "".join(ending.taken(piece) for piece in pieces) + ending.rest()


@in_pieces
@pytest.mark.parametrize(
    "repeated",
    [
        "今天天气很好，我们去公园玩吧。",
        "はい、わかりました。",
        "ฉันชอบคุณมาก",
        "ฉันชอบคุณมาก ",
        "مجھے چائے پسند ہے اور میں روز صبح دو کپ چائے پیتا ہوں۔ ",
        "मुझे चाय बहुत पसंद है। ",
        "안녕하세요. 반갑습니다. ",
        "The quick brown fox jumps over the lazy dog near the old river bank\n",
        "and then we go to the big house on the hill near the old river, ",
        "- eat\n- sleep\n",
        "\U0001f600 \U0001f44d ",
        "\U0001f600",
    ],
)
def test_whatever_is_repeated_is_said_at_most_thrice(repeated: str, size: int) -> None:
    text = said("So: " + repeated * 30, size).removeprefix("So: ")
    assert text.count(repeated.strip()) <= 12 / len(repeated.split()) / len(repeated.strip()) + 3


@in_pieces
def test_a_list_that_only_counts_on_is_stopped(size: int) -> None:
    text = said("".join(f"{number}. Eat well and sleep\n" for number in range(1, 40)), size)
    assert " ".join(text.split()) == "1. Eat well and sleep 2. Eat well and sleep"


@in_pieces
@pytest.mark.parametrize(
    "text",
    [
        "哈哈哈哈，真好笑。好吧好吧好吧，我来了。",
        "2 times 3 is 6. 2 times 4 is 8. 2 times 5 is 10. 2 times 6 is 12.",
        "1. Eat well.\n2. Sleep well.\n3. Walk a lot.\n4. Eat well again.",
        "Row, row, row your boat, gently down. Merrily, merrily, merrily, life is a dream.",
        "Yes.\nNo.\nYes.\nNo way.\nYes.",
        "```\nx = 1\nx = 1\nx = 1\nx = 1\n```\nDone.",
        "```\nconst it = {\n  user: 1,\n  input: 2,\n};\n```\n",
        "Great \U0001f600\U0001f600\U0001f600, is it not?",
    ],
)
def test_what_people_say_is_no_repetition(text: str, size: int) -> None:
    assert said(text, size) == text


@in_pieces
def test_a_number_in_a_list_is_no_sentence(size: int) -> None:
    assert said("1. One it is. 2. Two it is. Three.", size, sentences=2) == (
        "1. One it is. 2. Two it is. "
    )
