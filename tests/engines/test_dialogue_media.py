"""Pictures and sounds in messages: sent to servers that take them, named to models that do not."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from model_server import Handler, serving

from avatar_app.core.prompt import Message, PicturePart, Prompt, Role, SoundPart, TextPart
from avatar_app.core.turn import Turn
from avatar_app.engines.dialogue.local.chat import Chat
from avatar_app.engines.dialogue.openai.engine import OpenAIDialogue
from avatar_app.engines.dialogue.prompting.budget import fit_messages
from avatar_app.engines.dialogue.prompting.content import (
    PICTURE_TOKENS,
    SOUND_BYTES,
    media_tokens,
    plain,
    text_only,
    with_media,
)
from avatar_app.engines.dialogue.prompting.messages import merge_messages, with_recalled
from avatar_app.engines.dialogue.prompting.tools import with_offer

PNG, WAV = b"\x89PNG and so on", b"RIFF and so on"
PICTURE, SOUND = PicturePart(PNG, "image/png"), SoundPart(WAV)
ASKED = Message(Role.USER, (TextPart("What is this?"), PICTURE, SOUND))
SYSTEM = Message(Role.SYSTEM, "You are Mira.")
PNG_URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


@pytest.fixture
def usable(loopback: None) -> None:
    """Servers on this machine may be asked."""


def answers(handler: Handler) -> None:
    handler.begin()
    handler.delta(content="A cat.")
    handler.end()


def accepting(handler: Handler, _asked: dict[str, Any]) -> None:
    answers(handler)


def refusing(status: int, message: str, kind: str) -> Any:
    """A server whose model does not take parts of `kind`."""

    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        contents = [message["content"] for message in asked["messages"]]
        parts = [part for each in contents if isinstance(each, list) for part in each]
        if any(part["type"] == kind for part in parts):
            handler.send(status, {"error": {"message": message}})
        else:
            answers(handler)

    return answer


def ask(answer: Any, *said: Message) -> list[dict[str, Any]]:
    """The bodies that a server was sent for one answer, which came."""
    with serving(answer) as server:
        dialogue = OpenAIDialogue(address=server.address, model="m")
        assert "".join(map(str, dialogue.reply(Prompt((SYSTEM, *said)), Turn(1)))) == "A cat."
    return server.asked


@pytest.mark.usefixtures("usable")
def test_pictures_and_sounds_are_sent_to_a_server() -> None:
    body = ask(accepting, ASKED)[-1]
    assert body["messages"] == [
        {"role": "system", "content": "You are Mira."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": PNG_URL}},
                {
                    "type": "input_audio",
                    "input_audio": {"data": base64.b64encode(WAV).decode(), "format": "wav"},
                },
            ],
        },
    ]


@pytest.mark.usefixtures("usable")
def test_text_only_message_stays_plain_text() -> None:
    body = ask(accepting, Message(Role.USER, "Hi!"))[-1]
    assert body["messages"][1] == {"role": "user", "content": "Hi!"}


@pytest.mark.usefixtures("usable")
@pytest.mark.parametrize(
    ("status", "message", "kind", "told"),
    [
        (500, "image input is not supported - hint: provide the mmproj", "image_url", "picture"),
        (400, "At most 0 image(s) may be provided in one prompt.", "image_url", "picture"),
        (422, "unknown variant `image_url`, expected `text`", "image_url", "picture"),
        (400, "audio input is not supported by this model", "input_audio", "sound"),
    ],
)
def test_a_model_without_media_support_gets_a_description(
    status: int, message: str, kind: str, told: str
) -> None:
    bodies = ask(refusing(status, message, kind), ASKED)
    assert len(bodies) == 2
    content = bodies[-1]["messages"][1]["content"]
    assert kind not in {part["type"] for part in content}
    assert len(content) == 3, "the other part is still sent"
    assert f"The user {'showed' if told == 'picture' else 'played'} a {told}" in plain(content)


@pytest.mark.usefixtures("usable")
def test_refused_media_content_is_resent_as_plain_text() -> None:
    def strict(handler: Handler, asked: dict[str, Any]) -> None:
        if isinstance(asked["messages"][1]["content"], str):
            answers(handler)
        else:
            error = "messages[1].content must be a string"
            handler.send(400, {"error": {"message": error}})

    content = ask(strict, ASKED)[-1]["messages"][1]["content"]
    assert content.splitlines() == [
        "What is this?",
        "(The user showed a picture, which you cannot see.)",
        "(The user played a sound, which you cannot hear.)",
    ]


def test_local_model_gets_a_sentence_for_each_medium() -> None:
    chat = Chat({})
    messages = chat.messages(Prompt((SYSTEM, ASKED)))
    text = chat.text(messages, [])
    assert "What is this?\n(The user showed a picture, which you cannot see.)\n" in text
    assert "base64" not in text


def test_messages_of_one_role_are_joined_with_their_parts() -> None:
    said = (Message(Role.USER, "Look."), ASKED, Message(Role.USER, "Well?"))
    [message] = merge_messages(said, with_media)
    types = [part["type"] for part in message["content"]]
    assert types == ["text", "text", "image_url", "input_audio", "text"]
    assert plain(message["content"]) == "Look.\nWhat is this?\nWell?"


def test_pictures_and_sounds_count_as_tokens() -> None:
    sound = Message(Role.USER, (SoundPart(bytes(100 * SOUND_BYTES), "audio/mpeg"),))
    assert media_tokens(with_media(sound)) == 100
    assert media_tokens(with_media(ASKED)) == PICTURE_TOKENS
    assert media_tokens("words") == media_tokens(text_only(ASKED)) == 0


def test_old_picture_is_dropped_from_a_full_context() -> None:
    def length(messages: list[dict[str, Any]]) -> int:
        return sum(media_tokens(message["content"]) + 1 for message in messages)

    answer = Message(Role.AVATAR, "A cat.")
    messages = merge_messages((SYSTEM, ASKED, answer, Message(Role.USER, "Its name?")), with_media)
    shortened = fit_messages(messages, length, PICTURE_TOKENS)
    assert shortened[-1]["content"] == "Its name?"
    assert "What is this?" in shortened[0]["content"]


def test_offered_functions_do_not_hide_the_picture() -> None:
    offered = with_offer(Prompt((ASKED,)), ())
    assert offered.messages[-1].media == (PICTURE, SOUND)


def test_repr_of_media_omits_the_content() -> None:
    assert repr(PICTURE) == "PicturePart(mime='image/png')"


def test_what_is_recalled_follows_the_words_and_pictures_of_the_user() -> None:
    plain = Prompt((SYSTEM, Message(Role.USER, "Where does she live?")))
    assert with_recalled(plain) == plain.messages
    recalling = replace(plain, recalled="sister's home: Oslo")
    system, asked = merge_messages(with_recalled(recalling), text_only)
    assert system["content"] == SYSTEM.text
    assert asked["content"] == (
        "Where does she live?\n(You remember of the user: sister's home: Oslo.)"
    )
    assert Chat({}).messages(recalling)[1]["content"] == asked["content"]
    shown = replace(recalling, messages=(SYSTEM, ASKED))
    content = merge_messages(with_recalled(shown), with_media)[1]["content"]
    assert content[-1]["text"].startswith("(You remember")
    assert content[:-1] == with_media(ASKED)
