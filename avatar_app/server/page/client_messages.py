"""What the page sends: sound of the microphone, and what its user does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from avatar_app.core.errors import InputInvalid

LONGEST_TEXT, LONGEST_OFFER = 4_000, 100_000


class TypedText(BaseModel):
    """The user typed."""

    type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class StopPressed(BaseModel):
    """The user pressed stop."""

    type: Literal["interrupt"]


class TalkButton(BaseModel):
    """The talk button was pressed or released."""

    type: Literal["hold"]
    held: bool


class HeardUntil(BaseModel):
    """The loudspeaker of the page went silent after so much of a turn's speech."""

    type: Literal["heard"]
    turn: Annotated[int, Field(ge=0)]
    seconds: Annotated[float, Field(ge=0, le=86_400)]


class CallOffered(BaseModel):
    """The page wants to be called by WebRTC."""

    type: Literal["offer"]
    sdp: Annotated[str, Field(min_length=1, max_length=LONGEST_OFFER)]


class HungUp(BaseModel):
    """The page does without WebRTC."""

    type: Literal["hangup"]


class PageVisible(BaseModel):
    """Whether somebody looks at the page."""

    type: Literal["watch"]
    visible: bool


PageMessage = Annotated[
    TypedText | StopPressed | TalkButton | HeardUntil | CallOffered | HungUp | PageVisible,
    Field(discriminator="type"),
]
_READER: TypeAdapter[PageMessage] = TypeAdapter(PageMessage)


def read_page_message(text: str) -> PageMessage:
    """Return a message of the page. Raises InputInvalid for what is none."""
    try:
        return _READER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputInvalid(
            f"The message is not understood: {place or 'it'}: {first['msg']}.", "Reload the page."
        ) from error
