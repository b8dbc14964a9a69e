"""Recipes of clips: what is said and how, who is seen, how long, and by when."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from rapidfuzz import process

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.generation import SIDE_STEP
from avatar_app.core.home import expanded
from avatar_app.media.clip_formats import ClipCodec, ClipFormat, ClipQuality, check_codec
from avatar_app.studio.emotions import Emotion
from avatar_app.system.text_encoding import decoded

LONGEST_CLIP = 45.0
"""Seconds."""
USUAL_DEADLINE = 20.0
"""Seconds."""
LONGEST_RECIPE = 64 * 1024
"""Bytes of a recipe's file."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
_Side = Annotated[int, Field(ge=64, le=1920, multiple_of=SIDE_STEP)]


class Life(StrEnum):
    """What moves in the picture besides the face engine's own motion."""

    STILL = "still"
    ANIMATE = "animate"  # a loop by the engine of the kind `animate`
    VIDEO = "video"  # a loop by the engine of the kind `video`


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class AudioTrack(_Part):
    """What is heard."""

    script: Annotated[str, Field(min_length=1, max_length=2000)]
    """The text to be said."""
    engine: str = ""
    """A voice engine; empty: that of the settings."""
    voice: str = ""
    """One of the engine's voices, or a cloned one; empty: that of the settings."""
    character: str = ""
    """A named preset of voice and manner; `voice` goes before."""
    language: str = ""
    speed: Annotated[float, Field(ge=0.5, le=2, allow_inf_nan=False)] = 1.0
    emotion: Emotion = Emotion.NEUTRAL
    seed: _Seed = 1


class VisualTrack(_Part):
    """Who is seen: an avatar, a photo, or a portrait drawn from a prompt."""

    prompt: str = ""
    avatar: str = ""
    """The name of an avatar, or of a drawn character."""
    photo: str = ""
    """A picture file; relative to the recipe."""
    negative_prompt: str = ""
    seed: _Seed = 0
    face: str = "auto"
    """A face engine; auto: wav2lip where its weights are installed, else photo."""
    renderer: str = ""
    """A renderer, which draws in place of a face; auto: that of the settings."""
    inputs: dict[str, Any] = {}
    """What a renderer is given, besides what its schema asks of the clip."""
    life: Life = Life.STILL

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        sources = [name for name in ("prompt", "avatar", "photo") if getattr(self, name)]
        if len(sources) > 1:
            raise PydanticCustomError("sources", f"it names both {' and '.join(sources)}")
        return self


class OutputTrack(_Part):
    """The file that is written."""

    format: ClipFormat = ClipFormat.MP4
    codec: ClipCodec = ClipCodec.AUTO
    quality: ClipQuality = ClipQuality.MEDIUM
    width: _Side = 512
    height: _Side = 512
    fps: Annotated[float, Field(ge=5, le=30, allow_inf_nan=False)] = 24.0
    subtitles: bool = True

    @model_validator(mode="after")
    def _codec_fits(self) -> Self:
        try:
            check_codec(self.format, self.codec)
        except ConfigInvalid as error:
            raise PydanticCustomError("codec", "{text}", {"text": str(error)}) from error
        return self


class ClipRecipe(_Part):
    """A clip to be made."""

    name: Annotated[str, Field(pattern=r"^[\w][\w .-]{0,79}$")] = "clip"
    """The file's name, without its extension."""
    audio: AudioTrack
    visual: VisualTrack = VisualTrack()
    output: OutputTrack = OutputTrack()
    length: Annotated[float, Field(gt=0, le=LONGEST_CLIP)] = LONGEST_CLIP
    """Seconds that the clip may last at most."""
    deadline: Annotated[float, Field(gt=0, le=86_400)] | None = USUAL_DEADLINE
    """Seconds from the beginning of the work until the clip must be there; null: no matter when."""

    def document(self) -> dict[str, Any]:
        """Return the recipe as JSON-compatible values."""
        return self.model_dump(mode="json")


def load_recipe(path: Path) -> ClipRecipe:
    """Read a recipe from a YAML file; its photo is looked for beside it.

    Raises InputInvalid where the file cannot be read, ConfigInvalid where an entry is wrong.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_RECIPE + 1)
    except OSError as error:
        raise InputInvalid(
            f"The recipe {path} cannot be read: {error.strerror}.", "Check the path."
        ) from error
    if len(content) > LONGEST_RECIPE:
        raise InputInvalid(f"{path} is too long for a recipe.", "Give a recipe of a few lines.")
    recipe = parse_recipe(_tree(content, path), str(path))
    if not recipe.visual.photo or expanded(recipe.visual.photo).is_absolute():
        return recipe
    photo = str(path.parent / recipe.visual.photo)
    return recipe.model_copy(update={"visual": recipe.visual.model_copy(update={"photo": photo})})


def parse_recipe(document: Any, origin: str = "The recipe") -> ClipRecipe:
    """Check a recipe; `origin` names it in errors. Raises ConfigInvalid for the first wrong
    entry."""
    if not isinstance(document, dict):
        raise ConfigInvalid(
            f"{origin} is not a recipe.", "Begin with:  audio: {script: Hello there.}"
        )
    try:
        return ClipRecipe.model_validate(document)
    except ValidationError as invalid:
        raise _explain(invalid.errors()[0], origin) from invalid


def _tree(content: bytes, path: Path) -> Any:
    try:
        return yaml.load(decoded(content, str(path)), Loader=_Loader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputInvalid(f"The recipe {path}{line} is not YAML.", "Correct the line.") from error


def _explain(error: ErrorDetails, origin: str) -> ConfigInvalid:
    *above, last = error["loc"] or ("",)
    name = ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "missing":
            return ConfigInvalid(f"{origin} lacks {name}.", "Add it.")
        case "extra_forbidden":
            likely = process.extractOne(str(last), _entries(above), score_cutoff=60)
            hint = f"Did you mean {likely[0]}?" if likely else "Remove it."
            return ConfigInvalid(f"{origin} has an unknown entry {name}.", hint)
    given = error["input"]
    said = f" cannot be {given!r}" if isinstance(given, str | int | float) else ""
    return ConfigInvalid(f"{origin}: {name or 'the recipe'}{said}.", f"{error['msg'].rstrip('.')}.")


def _entries(above: list[int | str]) -> list[str]:
    fields: Any = ClipRecipe.model_fields
    for part in above:
        fields = getattr(fields[str(part)].annotation, "model_fields", {})
    return list(fields)
