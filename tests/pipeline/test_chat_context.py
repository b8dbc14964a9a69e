"""The context keeps the latest words, and its beginning stays as it is for many turns."""

from __future__ import annotations

from avatar_app.core.events import Outcome, TurnEnded
from avatar_app.core.prompt import Message, PicturePart, Role, TextPart
from avatar_app.pipeline.output.chat_context import (
    MOST_ATTACHED,
    MOST_MESSAGES,
    TRIMMED_MESSAGES,
    ChatContext,
)


def test_old_messages_go_many_at_once_and_the_user_speaks_first() -> None:
    context = ChatContext("You are a test.")
    context.add(TurnEnded(0, Outcome.FINISHED, "", "Good morning.", "Good morning."))
    beginnings = []
    for number in range(100):
        context.add(TurnEnded(number, Outcome.FINISHED, f"question {number}", "so", "so"))
        system, *said, now = context.prompt("now").messages
        assert system.text == "You are a test."
        assert TRIMMED_MESSAGES - 2 <= len(said) <= MOST_MESSAGES or number < TRIMMED_MESSAGES
        assert said[-2].text == f"question {number}"
        assert now.text == "now"
        beginnings.append(said[0])
    assert all(message.role is Role.USER for message in beginnings[MOST_MESSAGES // 2 :])
    assert len(set(beginnings)) <= 100 // ((MOST_MESSAGES - TRIMMED_MESSAGES) // 2) + 1


def ended(number: int, text: str) -> TurnEnded:
    return TurnEnded(number, Outcome.FINISHED, text, "so", "so")


def test_attachments_join_the_next_user_message() -> None:
    context, first, second = ChatContext(), PicturePart(b"first"), PicturePart(b"second")
    context.attach(first)
    assert context.prompt("What")  # a pause: an answer is prepared, and dropped
    asked = context.prompt("What is this?").messages[-1]
    assert asked == Message(Role.USER, (TextPart("What is this?"), first))
    context.attach(second)  # while the avatar answers
    context.add(ended(1, "What is this?"))
    assert context.so_far().messages[0] == asked, "the newest that was shown stays"
    question, _answer, now = context.prompt("And this?").messages
    assert question.text == "What is this?\n(A picture was shown here.)"
    assert question.media == (), "each picture is encoded again for every answer"
    assert now.media == (second,)
    context.add(ended(2, "And this?"))
    assert context.prompt("Bye.").messages[-1].content == "Bye."


def test_who_shows_much_and_says_nothing_is_seen_with_the_newest() -> None:
    context = ChatContext()
    shown = [PicturePart(str(number).encode()) for number in range(MOST_ATTACHED + 3)]
    for part in shown:
        context.attach(part)
    assert context.prompt("what is this?").messages[-1].media == tuple(shown[3:])
    context.attach(PicturePart(b"later"))
    context.add(ended(1, "what is this?"))
    assert context.prompt("and this?").messages[-1].media == (PicturePart(b"later"),)


def test_what_is_remembered_of_elsewhere_has_an_end() -> None:
    context = ChatContext()
    for number in range(1000):
        context.remember(Message(Role.AVATAR, str(number)))
    messages = context.so_far().messages
    assert len(messages) <= MOST_MESSAGES
    assert messages[-1].text == "999"


def test_clearing_removes_attachments() -> None:
    context = ChatContext()
    context.attach(PicturePart(b"mine"))
    context.forget()
    assert context.prompt("Hello.").messages == (Message(Role.USER, "Hello."),)


def test_a_corrected_question_keeps_its_picture() -> None:
    context, picture = ChatContext(), PicturePart(b"a cat")
    context.attach(picture)
    context.prompt("What is that?")
    context.add(ended(1, "What is that?"))
    context.withdraw(1)
    assert context.prompt("What is this?").messages == (
        Message(Role.USER, (TextPart("What is this?"), picture)),
    )


def test_what_is_recalled_goes_with_the_prompt_and_not_into_the_conversation() -> None:
    asked = list[str]()

    def recall(text: str) -> str:
        asked.append(text)
        return "sister's home: Oslo" if "sister" in text else ""

    context = ChatContext("You are kind.", recall=recall)
    assert context.prompt("Where does my sister live?").recalled == "sister's home: Oslo"
    assert context.prompt("And you?").recalled == ""
    assert context.so_far().recalled == ""
    assert asked == ["Where does my sister live?", "And you?"]
