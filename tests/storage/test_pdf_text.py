"""PDF files are read page by page; those that are made to harm cost a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pdf_files import bomb, pdf_of

from avatar_app.core.errors import InputInvalid
from avatar_app.storage import pdf_text
from avatar_app.storage.documents import Documents
from avatar_app.storage.pdf_text import pages_of

RENT = "The rent is 900 euros a month."
DOG = "A dog may live in the flat."


def written(folder: Path, content: bytes, name: str = "lease.pdf") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_the_text_of_each_page_is_read(tmp_path: Path) -> None:
    assert pages_of(written(tmp_path, pdf_of([RENT, "", DOG]))) == [(1, RENT), (3, DOG)]


def test_a_question_is_answered_with_a_passage_and_its_page(tmp_path: Path) -> None:
    documents = Documents()
    documents.read(written(tmp_path, pdf_of([RENT, DOG])))
    (quoted,) = documents.related("Is a dog allowed?")
    assert (quoted.document, quoted.passage, quoted.page) == ("lease.pdf", DOG, 2)
    documents.close()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "damaged, or no PDF"),
        (b"%PDF-1.4\nnothing", "damaged, or no PDF"),
        (b"\0" * 1000, "damaged, or no PDF"),
        (pdf_of([RENT])[:200], "damaged, or no PDF"),
        (pdf_of([""]), "its pages are pictures"),
    ],
)
def test_what_is_no_pdf_or_has_no_text_is_one_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    with pytest.raises(InputInvalid, match=sentence):
        pages_of(written(tmp_path, content))


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="can't be read"):
        pages_of(tmp_path / "gone.pdf")


def test_pages_that_contain_themselves_end(tmp_path: Path) -> None:
    loop = {2: b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"}
    with pytest.raises(InputInvalid):
        pages_of(written(tmp_path, pdf_of([RENT], extra=loop)))


def test_a_page_that_unpacks_into_hundreds_of_megabytes_harms_nobody(tmp_path: Path) -> None:
    content = pdf_of([RENT], extra={4: bomb(300)})
    assert len(content) < 100_000
    with pytest.raises(InputInvalid):
        pages_of(written(tmp_path, content))


def test_reading_ends_in_time(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="takes more than"):
        pages_of(written(tmp_path, pdf_of([RENT])), seconds=0.0)


def test_files_pages_and_texts_have_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, pdf_of([RENT] * 3))
    monkeypatch.setattr(pdf_text, "LARGEST", 100)
    with pytest.raises(InputInvalid, match="larger than"):
        pages_of(path)


class _Reader:
    def __init__(self, count: int) -> None:
        page = type("Page", (), {"extract_text": lambda _self: RENT})()
        self.pages = [page] * count


def test_at_most_so_many_pages_and_characters_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_text, "MOST_PAGES", 2)
    assert len(list(pdf_text._texts(_Reader(5)))) == 2
    monkeypatch.setattr(pdf_text, "MOST_CHARACTERS", len(RENT) + 3)
    assert list(pdf_text._texts(_Reader(2))) == [(1, RENT), (2, RENT[:3])]
