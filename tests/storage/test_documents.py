"""Documents are read, found passage by passage, and refused with a sentence where they can't be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from avatar_app.core.errors import InputInvalid
from avatar_app.storage.documents import LONGEST_PASSAGE, Documents

MANUAL = (
    """# The kettle

Fill it with water up to the mark.

The warranty lasts three years from the day of purchase, and covers the lid.

"""
    + "To descale it, use vinegar. " * 60
)


@pytest.fixture
def documents() -> Iterator[Documents]:
    with closing(Documents()) as made:
        yield made


def test_a_passage_is_found_by_a_question_and_quoted(documents: Documents, tmp_path: Path) -> None:
    (tmp_path / "kettle.md").write_text(MANUAL)
    (tmp_path / "poem.txt").write_text("Roses are red.")
    assert documents.read(tmp_path / "kettle.md") > 2
    documents.read(tmp_path / "poem.txt")
    found = documents.related("How long is the warranty of the kettle?")
    assert found[0].document == "kettle.md"
    assert "three years" in found[0].passage
    assert all(len(each.passage) <= LONGEST_PASSAGE + 1 for each in found)
    assert documents.related("the of and") == []
    assert documents.related("submarines") == []


def test_a_document_is_read_in_place_of_its_former_version(
    documents: Documents, tmp_path: Path
) -> None:
    path = tmp_path / "list.txt"
    for text in ("apples", "pears"):
        path.write_text(text)
        documents.read(path)
    assert documents.related("apples") == []
    assert documents.related("pears")
    documents.forget()
    assert documents.related("pears") == []


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.exe", b"MZ", "can't read a.exe"),
        ("a.txt", b"", "has no text"),
        ("b.txt", b"\0\1binary", "is no text"),
        ("c.txt", b"x" * (6 << 20), "larger than"),
        ("missing.txt", None, "can't be read"),
    ],
)
def test_what_is_no_document_is_refused(
    documents: Documents, tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputInvalid, match=sentence):
        documents.read(tmp_path / name)


def test_a_document_whose_name_or_text_is_no_unicode_is_read(
    documents: Documents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt"))
    try:
        path.write_text("The warranty lasts three years.")
    except OSError:  # a system whose file names are Unicode
        path = tmp_path / "cafe.txt"
        path.write_text("The warranty lasts three years.")
    documents.read(path)
    documents.read(path)
    (found,) = documents.related("warranty")
    assert found.document.startswith("caf")
    monkeypatch.setattr(
        "avatar_app.storage.documents.pages_of", lambda _: [(1, "formula \ud835 of growth")]
    )
    documents.read(tmp_path / "paper.pdf")
    assert documents.related("formula growth")[0].passage == "formula \ufffd of growth"


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_text_is_read_in_its_encoding(documents: Documents, tmp_path: Path, code: str) -> None:
    (tmp_path / "notes.txt").write_text("The warranty lasts three years – für immer.", code)
    documents.read(tmp_path / "notes.txt")
    (found,) = documents.related("warranty")
    assert found.passage == "The warranty lasts three years – für immer."


def test_no_wrong_letters_are_quoted(documents: Documents, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Гарантия (warranty) действует три года.", "cp1251")
    with pytest.raises(InputInvalid, match="encoding"):
        documents.read(tmp_path / "notes.txt")
    assert documents.related("warranty") == []
