"""What of an answer is said, what is shown, and what goes; whatever pieces it comes in."""

from __future__ import annotations

import pytest

from avatar_app.core.values import Block, BlockKind
from avatar_app.pipeline.output.clauses import split_clauses
from avatar_app.pipeline.output.formulas import spoken_formula
from avatar_app.pipeline.output.speakable import speakable


def said(text: str, size: int) -> list[str | Block]:
    pieces = (text[at : at + size] for at in range(0, len(text), size))
    return list(split_clauses(speakable(pieces)))


def words(outputs: list[str | Block]) -> str:
    return " ".join(" ".join(each.split()) for each in outputs if isinstance(each, str))


CODE = "def add(a, b):\n    return a + b  # *sum*\n\nprint(add(1, 2))"
TABLE = "| City | Temp |\n|------|-----:|\n| Rome | 21 |"
in_pieces = pytest.mark.parametrize("size", [1, 3, 10_000])


@in_pieces
@pytest.mark.parametrize(
    ("text", "spoken", "shown"),
    [
        (
            f"Here you go:\n\n```python\n{CODE}\n```\n\nThat adds.",
            "Here you go: Here is the code. That adds.",
            [Block(BlockKind.CODE, CODE)],
        ),
        (
            f"~~~\n{CODE}",
            "Here is the code.",
            [Block(BlockKind.CODE, CODE)],
        ),
        (
            f"A table:\n\n{TABLE}\n\nThat is all.",
            "A table: Here is the table. That is all.",
            [Block(BlockKind.TABLE, TABLE)],
        ),
        (
            "So:\n$$\\int_0^1 x dx\n= \\frac{1}{2}$$\nDone.",
            "So: Here is the formula. Done.",
            [Block(BlockKind.FORMULA, "$$\\int_0^1 x dx\n= \\frac{1}{2}$$")],
        ),
    ],
)
def test_code_tables_and_formulas_are_shown_and_announced(text, spoken, shown, size):
    outputs = said(text, size)
    assert words(outputs) == spoken
    assert [each for each in outputs if isinstance(each, Block)] == shown
    assert "Here is the" in str(outputs[outputs.index(shown[0]) + 1]), "what is seen is announced"


@in_pieces
@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("*smiles warmly and waves* Hello! It is you. *tilts head*", "Hello! It is you."),
        ("[laughs] Hello! (chuckles softly) It is you. _nods_", "Hello! It is you."),
        ("<happy>Hello!</happy> [joy] It is <break time='1s'/>you.", "Hello! It is you."),
        ("Ha<laugh>! It is </laugh> <SIGH/> you <gasp>. <yawn>",
         "Ha<laugh>! It is <SIGH/> you <gasp>. <yawn>"),
        ("I am *really* sure, **very** __sure__, ~~no~~ _yes_.",
         "I am really sure, very sure, no yes."),
        ("# Plan\n\n1. **First** step\n- [ ] open\n* [x] done\n> A quote.\n\n---\n\nDone.",
         "Plan 1. First step open done A quote. Done."),
        ("The area is $\\pi r^2$, or \\(\\frac{a}{b}\\).",
         "The area is pi r squared, or a over b."),
        ("See [the page](https://x.org/a_b) or `pip install x`.", "See the page or pip install x."),
        ("Rome is old.[1][2] It is big【4†source】.", "Rome is old. It is big."),
        ("2 * 3 * 4 is 24, it costs $5 and $6, a < b and c > d.",
         "2 * 3 * 4 is 24, it costs $5 and $6, a < b and c > d."),
        ("snake_case_name (it has legs) and a star * alone, (never closed",
         "snake_case_name (it has legs) and a star * alone, (never closed"),
        ("In C#, 5 - 3 = 2.\n+1 for you!", "In C#, 5 - 3 = 2. +1 for you!"),
    ],
)  # fmt: skip
def test_markup_and_gestures_are_removed_from_speech(text, spoken, size):
    assert words(said(text, size)) == spoken


@in_pieces
@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("So x<y>z holds.", "So x<y>z holds."),
        ("If a<b and c>d, stop.", "If a<b and c>d, stop."),
        ("If n<limit && m>0, go on.", "If n<limit && m>0, go on."),
        ("It is 3<x>2 or f(x)<y>z.", "It is 3<x>2 or f(x)<y>z."),
        ("If x <y> z or not.", "If x <y> z or not."),
        ("A List<String> and a Vec<u8> or Map<String, int>.",
         "A List<String> and a Vec<u8> or Map<String, int>."),
        ("Write to <ada@example.org> or <https://example.org/a_b>.",
         "Write to ada@example.org or https://example.org/a_b."),
        ("Put `<div>` before `</div>`, and `a[1]` or `f(wave)` or `*args` there.",
         "Put div before /div, and a[1] or f(wave) or *args there."),
        ("See list[index], f(wave) and 2*step*3.", "See list[index], f(wave) and 2*step*3."),
        ("H<sub>2</sub>O, one<br>two<br/>three, un<b>believ</b>able.",
         "H2O, one two three, unbelievable."),
        ("Funny<smile>! <speaks softly>Yes<!-- x<y -->, <font color=red>so</font>.",
         "Funny! Yes, so."),
        ("It is <b>bold</b> and <amazon:effect name='x'>low</amazon:effect>.",
         "It is bold and low."),
    ],
)  # fmt: skip
def test_text_that_only_looks_like_markup_is_spoken(text, spoken, size):
    assert words(said(text, size)) == spoken


@in_pieces
@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Tom &amp; Jerry, 5 &lt; 6, it&#39;s R&D.", "Tom & Jerry, 5 < 6, it's R&D."),
        ("Hi :smile: there, at 10:30: go.", "Hi there, at 10:30: go."),
        ("See [the page][1] now.\n\n[1]: https://example.org/a\nDone.",
         "See the page now. Done."),
        ("Note[^1].\n\n[^1]: A footnote.", "Note. A footnote."),
        ("> [!NOTE]\n> Take care.", "Take care."),
        ("It is \\boxed{42} and \\textbf{bold}, in C:\\Users.", "It is 42 and bold, in C:\\Users."),
        ("Here: [![cat](http://x.org/y.svg)](http://z.org) [a](<b c>).", "Here: cat a."),
        ("* * *\nHi\n- - -\nthere", "Hi there"),
        ("|x| is positive.", "|x| is positive."),
        ("If x != y, then !x.", "If x != y, then !x."),
        ("It is ==marked== if a == b.", "It is marked if a == b."),
        ("[Mira smiles] *she waves* Hi [MUSIC] [APPLAUSE] you [NASA].", "Hi you [NASA]."),
        ("\x1b[31mred\x1b[0m text", "red text"),
        ("<ul><li>one</li><li>two</li></ul>", "one two"),
    ],
)  # fmt: skip
def test_other_markup_is_removed_and_its_words_are_kept(text, spoken, size):
    assert words(said(text, size)) == spoken


def test_a_comparison_is_not_delayed():
    reader = speakable(iter(["If x<y, we ", "go on "]))
    assert next(reader) == "If x<y, we "


def test_plain_words_are_not_delayed():
    pieces = ["Hello", " there,", " my", " friend.", " It", " is", " late", " (by", " now"]
    held, reader = "", speakable(iter(pieces))
    for piece in pieces[:7]:
        held += piece
        assert next(reader) == piece
    assert "".join(map(str, reader)).split() == ["(by", "now"]


@pytest.mark.parametrize(
    ("tex", "spoken"),
    [
        (r"\pi r^2", "pi r squared"),
        (r"E = mc^2", "E equals mc squared"),
        (r"\frac{a}{b} = \sqrt{c}", "a over b equals the square root of c"),
        (r"x_1 \leq 3 \cdot 10^{-4}", "x 1 at most 3 times 10 to the power of minus 4"),
        (r"90^\circ", "90 degrees"),
        (r"\text{speed} - 1", "speed minus 1"),
    ],
)
def test_short_formulas_are_spoken(tex, spoken):
    assert spoken_formula(tex) == spoken
