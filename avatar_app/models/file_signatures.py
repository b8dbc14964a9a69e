"""Recognizes file types by their first bytes, for files with unknown hashes."""

from __future__ import annotations

from pathlib import Path

_TORCH = (b"PK\x03\x04", b"\x80")
_BEGINNINGS = {
    ".gguf": (0, (b"GGUF",)),
    ".onnx": (0, (b"\x08",)),
    ".pt": (0, _TORCH),
    ".pth": (0, _TORCH),
    ".json": (0, (b"{", b"[")),
    ".safetensors": (8, (b"{",)),
}
"""Offset and content of the first bytes: https://onnx.ai/onnx/repo-docs/IR.html (its version comes
first), https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, torch's two formats,
https://github.com/huggingface/safetensors#format."""


def is_of_its_kind(path: Path) -> bool:
    """Whether the file begins as its extension promises; True for unknown extensions."""
    start, beginnings = _BEGINNINGS.get(path.suffix.lower(), (0, (b"",)))
    with path.open("rb") as file:
        file.seek(start)
        return file.read(8).lstrip().startswith(beginnings)
