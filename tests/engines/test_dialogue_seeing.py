"""A GGUF model with a projector sees, through the real llama.cpp: a tiny one that really does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_app.bench.scripted.seeing import write_seeing
from avatar_app.core.errors import EngineFailed, ModelMissing
from avatar_app.core.prompt import Message, PicturePart, Prompt, Role, TextPart
from avatar_app.core.turn import Turn
from avatar_app.engines.dialogue.llama.engine import LlamaDialogue, projector_of
from avatar_app.media.jpeg import jpeg_of

RED, GREEN, BLUE, BLIND = "This is red.", "This is green.", "It looks blue.", "I see nothing."
SMALL = {"threads": 1, "gpu_layers": 0, "temperature": 0.0, "repeat_penalty": 1.0, "context": 4096}
COLORS = {RED: (200, 30, 20), GREEN: (20, 180, 40), BLUE: (30, 40, 220)}


def picture(color: tuple[int, int, int], width: int = 320, height: int = 240) -> PicturePart:
    return PicturePart(jpeg_of(np.full((height, width, 3), color, np.uint8), 512))


def shown(*parts: PicturePart, text: str = "What color is this?") -> Message:
    return Message(Role.USER, (TextPart(text), *parts))


def answered(dialogue: Any, *messages: Message) -> str:
    prompt = Prompt((Message(Role.SYSTEM, "You are Mira."), *messages))
    return "".join(str(each) for each in dialogue.reply(prompt, Turn(1))).strip()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_seeing(tmp_path_factory.mktemp("seeing"))


@pytest.fixture(scope="module")
def dialogue(model: Path) -> Iterator[LlamaDialogue]:
    made = LlamaDialogue(model=str(model), **SMALL)
    yield made
    made.close()


@pytest.mark.parametrize("answer", [RED, GREEN, BLUE])
def test_what_is_seen_decides_the_answer(dialogue: LlamaDialogue, answer: str) -> None:
    assert answered(dialogue, shown(picture(COLORS[answer]))) == answer


def test_without_a_picture_it_says_so(dialogue: LlamaDialogue) -> None:
    assert answered(dialogue, Message(Role.USER, "What color is this?")) == BLIND


def test_a_picture_that_was_shown_before_is_still_seen(dialogue: LlamaDialogue) -> None:
    earlier = (shown(picture(COLORS[GREEN])), Message(Role.AVATAR, GREEN))
    assert answered(dialogue, *earlier, Message(Role.USER, "Really?")) == GREEN


def test_a_damaged_picture_is_an_error_and_the_next_turn_works(dialogue: LlamaDialogue) -> None:
    with pytest.raises(EngineFailed):
        answered(dialogue, shown(PicturePart(b"no picture")))
    assert answered(dialogue, shown(picture(COLORS[BLUE]))) == BLUE


def test_without_its_projector_it_is_blind(model: Path) -> None:
    made = LlamaDialogue(model=str(model), projector="none", **SMALL)
    try:
        assert answered(made, shown(picture(COLORS[RED]))) == BLIND
        made.configure(projector="auto")
        assert answered(made, shown(picture(COLORS[RED]))) == RED
    finally:
        made.close()


def test_the_projector_is_found_beside_the_model(tmp_path: Path, model: Path) -> None:
    assert projector_of(str(model), "auto").endswith("mmproj-seeing-tiny.gguf")
    assert projector_of(str(model), "none") == ""
    assert projector_of(str(tmp_path / "model.gguf"), "auto") == ""
    assert projector_of("", "auto") == ""
    for name in ("mmproj-a.gguf", "mmproj-b.gguf"):
        (tmp_path / name).touch()
    assert projector_of(str(tmp_path / "model.gguf"), "auto") == "", "which one is not known"
    assert projector_of("", str(tmp_path / "mmproj-a.gguf")).endswith("mmproj-a.gguf")
    with pytest.raises(ModelMissing, match="no projector"):
        projector_of("", str(tmp_path / "missing.gguf"))
