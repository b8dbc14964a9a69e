"""Voxtral's text as tokens, and tokens as text."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class TekkenTokens:
    """The tokens of a `tekken.json` (https://github.com/mistralai/mistral-common)."""

    def __init__(self, file: Path) -> None:
        """Raises ValueError, LookupError, TypeError or AssertionError for a damaged file."""
        from mistral_common.tokens.tokenizers.tekken import Tekkenizer

        self._tekken: Any = Tekkenizer.from_file(file)
        ids = sorted(self._tekken.special_ids)
        self._controls: dict[str, int] = {self._tekken.id_to_piece(each): each for each in ids}
        self._pattern = re.compile(f"({'|'.join(map(re.escape, self._controls))})")

    @property
    def begin(self) -> int:
        return int(self._tekken.bos_id)

    @property
    def end(self) -> int:
        return int(self._tekken.eos_id)

    def control(self, name: str) -> int:
        """Return the token of a name such as [INST]; raises KeyError."""
        return self._controls[name]

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text in which control tokens are written by their names."""
        found = list[int]()
        for part in self._pattern.split(text):
            if part in self._controls:
                found.append(self._controls[part])
            elif part:
                found += self._tekken.encode(part, bos=False, eos=False)
        return found

    def decode(self, tokens: Iterable[int]) -> Iterator[str]:
        """Yield the text of each token as it comes, control tokens by their names; characters of
        several tokens come with the last one."""
        from mistral_common.tokens.tokenizers.base import SpecialTokenPolicy

        decoder = getincrementaldecoder("utf-8")("replace")
        for token in tokens:
            yield decoder.decode(self._tekken.id_to_byte_piece(token, SpecialTokenPolicy.KEEP))
        yield decoder.decode(b"", final=True)
