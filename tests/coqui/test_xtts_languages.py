"""XTTS speaks its nine languages, and reads their figures, abbreviations and signs in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coqui_parts import XTTS_RATE
from voice_checks import sound, spoken

from avatar_app.engines.tts.coqui.engine import CoquiVoice

TEXTS = json.loads((Path(__file__).parents[1] / "data/coqui/xtts_texts.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def voice(xtts: Path) -> Iterator[CoquiVoice]:
    voice = CoquiVoice(model=str(xtts), threads=1)
    yield voice
    voice.close()


@pytest.mark.parametrize("language", list(TEXTS))
def test_each_language_is_read_in_words_and_synthesized(
    voice: CoquiVoice, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer: Any = voice._network._model.tokenizer  # type: ignore[union-attr]
    preprocess, read = tokenizer.preprocess_text, []
    for row in TEXTS[language]:
        assert preprocess(row["spoken"], language) == row["network"]
    keep = lambda text, lang: read.append(preprocess(text, lang)) or read[-1]  # noqa: E731
    monkeypatch.setattr(tokenizer, "preprocess_text", keep)
    voice.configure(language=language)
    row = TEXTS[language][-1]
    chunks = spoken(voice, row["text"])
    assert "".join(" ".join(read).split()) == "".join(row["network"].split())
    assert [w.text for each in chunks for w in each.words] == row["text"].split()
    assert {chunk.audio.rate for chunk in chunks} == {XTTS_RATE}
    assert np.abs(sound(chunks)).max() > 0.001
