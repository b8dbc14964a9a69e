"""Text that is still being written is cut early, in good places, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from avatar_app.pipeline.output.clauses import LONGEST_CLAUSE, split_clauses


def clauses(*pieces: str) -> list[str]:
    return list(split_clauses(pieces))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("Hello", ["Hello"]),
        ("Hello there. How are you?", ["Hello there.", "How are you?"]),
        ("What?! Never!", ["What?!", "Never!"]),
        ("Well... I see.", ["Well...", "I see."]),
        ("Well… I see.", ["Well…", "I see."]),
        ("“It is late.” She left.", ["“It is late.”", "She left."]),
        ("(It is late.) She left.", ["(It is late.)", "She left."]),
        ("One\nTwo\n\nThree", ["One", "Two", "Three"]),
        ("It costs 3.50 dollars. Fine.", ["It costs 3.50 dollars.", "Fine."]),
        ("See example.com. Thanks.", ["See example.com.", "Thanks."]),
        ("Ask Dr. Smith about it.", ["Ask Dr. Smith about it."]),
        ("By J. R. Tolkien, e.g. this one.", ["By J. R. Tolkien,", "e.g. this one."]),
        ("The 3. place is yours.", ["The 3. place is yours."]),
        ("Am 3. Mai, z.B. um 9 Uhr.", ["Am 3. Mai,", "z.B. um 9 Uhr."]),
        ("你好。你叫什么名字？很好！", ["你好。", "你叫什么名字？", "很好！"]),
        ("こんにちは、元気ですか。", ["こんにちは、元気ですか。"]),
    ],
)
def test_text_is_cut_into_clauses(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


def test_no_is_a_sentence_but_no_7_is_an_abbreviation() -> None:
    assert clauses("No. That is wrong.") == ["No.", "That is wrong."]
    assert clauses("It is No. 7 of the list.") == ["It is No. 7 of the list."]


def test_the_first_clause_may_be_short_and_later_ones_have_room() -> None:
    assert clauses("Of course, I can do that, and I will, and gladly, whatever it takes me.") == [
        "Of course,",
        "I can do that, and I will, and gladly, whatever it takes me.",
    ]


def test_three_short_words_are_a_first_clause() -> None:
    assert clauses("I am in, as you see.") == ["I am in,", "as you see."]
    assert clauses("I do, as you see.") == ["I do, as you see."]


def test_a_very_short_beginning_is_not_cut_at_its_comma() -> None:
    assert clauses("Yes, that is what I meant.") == ["Yes, that is what I meant."]


def test_numbers_and_times_are_not_cut_at_their_marks() -> None:
    assert clauses("It is 10:30, or about 1,000,000 seconds.") == [
        "It is 10:30,",
        "or about 1,000,000 seconds.",
    ]


def test_text_without_punctuation_is_cut_at_a_blank() -> None:
    text = "word " * 200
    parts = clauses(text)
    assert all(len(part) <= LONGEST_CLAUSE for part in parts)
    assert " ".join(parts).split() == text.split()


def test_text_without_spaces_is_cut() -> None:
    assert "".join(clauses("x" * 1000)) == "x" * 1000
    assert max(map(len, clauses("x" * 1000))) <= LONGEST_CLAUSE


def test_a_sentence_is_spoken_as_soon_as_it_is_written() -> None:
    written: list[str] = []

    def writing() -> Iterator[str]:
        for piece in ("It is", " late.", " ", "Good", " night", ".\n", "Sleep"):
            written.append(piece)
            yield piece

    stream = split_clauses(writing())
    assert next(stream) == "It is late."
    assert written[-1] == " "
    assert next(stream) == "Good night."
    assert written[-1] == ".\n"
    assert list(stream) == ["Sleep"]


def test_a_first_clause_does_not_wait_for_its_sentence() -> None:
    def writing() -> Iterator[str]:
        yield "Let me see, "
        raise AssertionError("asked for more than was needed")

    assert next(split_clauses(writing())) == "Let me see,"


def word_by_word(text: str) -> list[str]:
    """The clauses of a text that comes as language models write."""
    return clauses(*(f" {word}" if index else word for index, word in enumerate(text.split())))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("It is not possible for me to walk so far today.", "It is not possible for me"),
        ("You can offer me advice on how to avoid that.", "You can offer me advice"),
        ("I think of the old town by the sea now and then.", "I think of the old town"),
        ("This one is short enough.", "This one is short enough."),
        ("Well, I see what you mean by that now.", "Well, I see what you mean"),
        ("These are five words here. And more.", "These are five words here."),
        ("I am going to climb 2 kilometers at least.", "I am going to climb"),
        ("One of my friends, you see.", "One of my friends,"),
    ],
)
def test_the_first_clause_does_not_wait_for_a_long_sentence_to_be_written(
    text: str, first: str
) -> None:
    parts = word_by_word(text)
    assert parts[0] == first
    assert " ".join(parts) == text


def test_a_sentence_that_comes_as_a_whole_is_not_cut_at_a_word() -> None:
    sentence = "It is not possible for me to walk so far today."
    assert clauses(sentence) == [sentence]
    assert clauses(sentence, " Good night.") == [sentence, "Good night."]


def test_later_sentences_are_not_cut_at_a_word() -> None:
    text = "Of course. It is not possible for me to walk so far today."
    assert word_by_word(text)[1:] == ["It is not possible for me to walk so far today."]


alphabet = st.text(st.sampled_from("abcIV 0123.,;:!?…—–-\"'()”’\n\tä"), max_size=400)


@st.composite
def pieces(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> list[str]:
    """A text, cut anywhere."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def long_words(text: str) -> bool:
    return any(len(word) >= LONGEST_CLAUSE for word in text.split())


@settings(max_examples=300, deadline=None)
@given(pieces(alphabet))
@example(["Dr", ". ", "No", " I."])
def test_words_are_preserved_for_any_chunking(pieces: list[str]) -> None:
    text = "".join(pieces)
    parts = clauses(*pieces)
    assert all(part and part == part.strip() for part in parts)
    assert all(len(part) <= LONGEST_CLAUSE + max(map(len, pieces)) for part in parts)
    if not long_words(text):
        assert " ".join(parts).split() == text.split()


@settings(max_examples=200, deadline=None)
@given(pieces(st.text(max_size=600)))
def test_no_letter_of_any_text_is_lost(pieces: list[str]) -> None:
    assert "".join("".join(clauses(*pieces)).split()) == "".join("".join(pieces).split())


def test_a_non_text_item_ends_a_clause():
    assert list(split_clauses(["Look at ", "this", 7, " and go on. ", 8])) == [
        "Look at this",
        7,
        "and go on.",
        8,
    ]
