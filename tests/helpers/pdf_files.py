"""PDF files written by hand: pages of text, and files that are made to harm."""

from __future__ import annotations

import zlib
from collections.abc import Sequence


def pdf_of(texts: Sequence[str], *, extra: dict[int, bytes] | None = None) -> bytes:
    """A PDF with a page for each text; `extra` replaces objects by their numbers."""
    count = len(texts)
    kids = " ".join(f"{3 + 2 * at} 0 R" for at in range(count))
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
    }
    font = 3 + 2 * count
    for at, text in enumerate(texts):
        page = 3 + 2 * at
        lines = "".join(f"({line}) Tj T* " for line in text.splitlines())
        content = f"BT /F1 12 Tf 14 TL 72 720 Td {lines}ET".encode("latin-1")
        objects[page] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {page + 1} 0 R"
            f" /Resources << /Font << /F1 {font} 0 R >> >> >>"
        ).encode()
        objects[page + 1] = stream(content)
    objects[font] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    return _joined(objects | (extra or {}))


def stream(content: bytes, filters: str = "") -> bytes:
    head = f"<< /Length {len(content)}{filters} >>\nstream\n".encode()
    return head + content + b"\nendstream"


def bomb(megabytes: int) -> bytes:
    """A page's content of so many megabytes of blanks, packed twice."""
    packer = zlib.compressobj(9)
    once = b"".join(packer.compress(bytes(2**20)) for _ in range(megabytes)) + packer.flush()
    return stream(zlib.compress(once, 9), " /Filter [/FlateDecode /FlateDecode]")


def _joined(objects: dict[int, bytes]) -> bytes:
    content, places = b"%PDF-1.4\n", {}
    for number, body in sorted(objects.items()):
        places[number] = len(content)
        content += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    begin = len(content)
    content += f"xref\n0 {max(objects) + 1}\n0000000000 65535 f \n".encode()
    content += b"".join(f"{places[each]:010} 00000 n \n".encode() for each in sorted(objects))
    trailer = f"trailer << /Size {max(objects) + 1} /Root 1 0 R >>\nstartxref\n{begin}\n%%EOF\n"
    return content + trailer.encode()
