"""Recipes are checked: what is wrong is said in one sentence with a hint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid
from avatar_app.media.clip_formats import ClipFormat, ClipQuality
from avatar_app.studio.emotions import Emotion
from avatar_app.studio.recipe import load_recipe, parse_recipe

WHOLE = """
name: first clip
audio:
  script: Hello, this is my first clip.
  voice: f3
  speed: 1.1
  emotion: excited
  seed: 7
visual:
  avatar: ada
output:
  format: webm
  quality: high
  width: 640
  height: 480
length: 12
deadline: null
"""


def test_a_recipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "clip.yaml"
    path.write_text(WHOLE)
    recipe = load_recipe(path)
    assert recipe.audio.emotion is Emotion.EXCITED
    assert (recipe.output.format, recipe.output.quality) == (ClipFormat.WEBM, ClipQuality.HIGH)
    assert (recipe.length, recipe.deadline) == (12, None)
    assert parse_recipe(recipe.document()) == recipe


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_recipe_is_read_in_its_encoding(tmp_path: Path, code: str) -> None:
    path = tmp_path / "clip.yaml"
    path.write_text("audio: {script: Grüße aus Köln.}\n", code)
    assert load_recipe(path).audio.script == "Grüße aus Köln."


def test_a_recipe_of_unknown_encoding_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "clip.yaml"
    path.write_text("audio: {script: Привет из Москвы.}\n", "cp1251")
    with pytest.raises(InputInvalid, match=r"encoding of .*clip\.yaml is unknown"):
        load_recipe(path)


def test_a_script_is_enough() -> None:
    recipe = parse_recipe({"audio": {"script": "Hello."}})
    assert (recipe.deadline, recipe.length, recipe.output.fps) == (20, 45, 24)


def test_a_photo_lies_beside_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "clip.yaml"
    path.write_text("audio: {script: Hi.}\nvisual: {photo: me.jpg}")
    assert load_recipe(path).visual.photo == str(tmp_path / "me.jpg")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "is not a recipe"),
        ({}, "lacks audio"),
        ({"audio": {}}, "lacks audio.script"),
        ({"audio": {"script": " "}}, "audio.script"),
        ({"audio": {"script": "x" * 2001}}, "audio.script"),
        ({"audio": {"script": "Hi.", "sped": 1}}, "audio.sped. Did you mean speed"),
        ({"audio": {"script": "Hi."}, "visuals": {}}, "visuals. Did you mean visual"),
        ({"audio": {"script": "Hi.", "speed": 3}}, "audio.speed cannot be 3"),
        ({"audio": {"script": "Hi.", "speed": float("nan")}}, "audio.speed"),
        ({"audio": {"script": "Hi.", "emotion": "bored"}}, "'neutral', 'excited'"),
        ({"audio": {"script": "Hi.", "seed": -1}}, "audio.seed"),
        ({"audio": {"script": "Hi."}, "length": 46}, "length cannot be 46"),
        ({"audio": {"script": "Hi."}, "deadline": 0}, "deadline"),
        ({"audio": {"script": "Hi."}, "name": "../x"}, "name"),
        ({"audio": {"script": "Hi."}, "output": {"width": 500}}, "output.width cannot be 500"),
        (
            {"audio": {"script": "Hi."}, "output": {"format": "webm", "codec": "h264"}},
            "webm file cannot contain h264",
        ),
        (
            {"audio": {"script": "Hi."}, "visual": {"avatar": "ada", "prompt": "a cat"}},
            "both prompt and avatar",
        ),
    ],
)
def test_what_is_wrong_is_said(document: Any, message: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse_recipe(document)
    assert message in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "content",
    [b"audio: {script: ", b"\xff\xfe\xff", b"a: " + b"[" * 60_000, b"#" * 70_000, b"!!python/x 1"],
)
def test_broken_files_are_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.yaml"
    path.write_bytes(content)
    with pytest.raises(AvatarError) as caught:
        load_recipe(path)
    assert "clip.yaml" in caught.value.message
    assert caught.value.hint


def test_a_missing_recipe_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="cannot be read"):
        load_recipe(tmp_path / "none.yaml")
