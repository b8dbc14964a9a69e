"""Consent in a whole conversation: named or clicked, never late, from echo or over the avatar."""

from __future__ import annotations

import pytest
from fakes import Scene

from avatar_app.core.events import (
    ConsentAsked,
    ConsentOutcome,
    ConsentSettled,
    Event,
    Outcome,
    TurnEnded,
    UserSaid,
)
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import Permission, PermissionRequest, ToolCall, ToolResult
from avatar_app.pipeline import commands
from avatar_app.pipeline.output.consent import (
    EXPIRES_AFTER,
    MOST_QUESTIONS,
    ConsentAnswer,
    ConsentGate,
)
from avatar_app.pipeline.output.consent_words import Reading, words_for

ACT = PermissionRequest(
    ToolCall("delete_all_notes"), "delete all notes", "", {"de": "alle Notizen löschen"}
)


class Notes:
    """A tool that asks, and what was done with it."""

    def __init__(self, value: object = 3) -> None:
        self.value = value
        self.done: list[ToolCall] = []

    def call(self, call: ToolCall) -> ToolResult:
        if call.consent is Permission.NONE:
            return ToolResult(asks=ACT)
        self.done.append(call)
        return ToolResult(self.value)


def reply(text: str) -> list[str | ToolCall]:
    if "tidy" in text:
        # a dialogue cannot agree in the user's place
        return ["Well. ", ToolCall("delete_all_notes", {}, Permission.SAID), "Never said."]
    return ["You said ", text, "."]


@pytest.fixture
def notes() -> Notes:
    return Notes()


def asked(scene: Scene) -> None:
    """The avatar has asked, and was heard."""
    scene.dialogue.reply_to = reply
    before = len(scene.of(TurnEnded))
    scene.say("tidy up")
    scene.wait_until(lambda: len(scene.of(TurnEnded)) > before)
    assert len(scene.of(ConsentAsked)) == 1


def answered(scene: Scene, text: str) -> TurnEnded:
    before = len(scene.of(TurnEnded))
    scene.say(text)
    scene.wait_until(lambda: len(scene.of(TurnEnded)) > before)
    return scene.of(TurnEnded)[-1]


def outcomes(scene: Scene) -> list[ConsentOutcome]:
    scene.wait(0.1)
    return [event.outcome for event in scene.of(ConsentSettled)]


def test_it_is_done_after_a_yes_that_names_it_and_only_once(notes: Notes) -> None:
    with Scene(call_tool=notes.call) as scene:
        asked(scene)
        (question,) = scene.of(TurnEnded)
        assert "yes, delete all notes" in question.heard_text
        assert "Never said" not in question.avatar_text
        assert notes.done == []
        turn = answered(scene, "yes delete the notes")
        assert turn.heard_text == "Done: delete all notes."
        assert [call.consent for call in notes.done] == [Permission.SAID]
        assert outcomes(scene) == [ConsentOutcome.AGREED]
        assert answered(scene, "yes delete the notes").heard_text.startswith("You said")
    assert len(notes.done) == 1


def test_a_result_that_says_more_is_told_by_the_dialogue() -> None:
    notes = Notes({"deleted": ["milk", "bread"]})
    with Scene(call_tool=notes.call) as scene:
        asked(scene)
        turn = answered(scene, "yes delete the notes")
        assert turn.heard_text == "You said yes delete the notes."
        assert "bread" in scene.dialogue.prompts[-1].done


def test_a_plain_yes_is_asked_to_name_it(notes: Notes) -> None:
    with Scene(call_tool=notes.call) as scene:
        asked(scene)
        assert "plain yes" in answered(scene, "yes").heard_text
        assert notes.done == []
        assert answered(scene, "okay delete them").heard_text == "Done: delete all notes."
    assert len(notes.done) == 1


def test_it_gives_up_after_some_questions(notes: Notes) -> None:
    with Scene(call_tool=notes.call) as scene:
        asked(scene)
        for _ in range(MOST_QUESTIONS):
            answered(scene, "yes")
        assert outcomes(scene) == [ConsentOutcome.REFUSED]
        answered(scene, "yes delete all notes")
    assert notes.done == []


@pytest.mark.parametrize("text", ["no", "no don't delete them", "stop", "yes no do not delete"])
def test_a_negation_refuses(notes: Notes, text: str) -> None:
    with Scene(call_tool=notes.call) as scene:
        asked(scene)
        assert "leave it" in answered(scene, text).heard_text
        assert outcomes(scene) == [ConsentOutcome.REFUSED]
    assert notes.done == []


def test_words_over_the_avatar_are_no_consent(notes: Notes) -> None:
    """So neither is its own voice, which comes back as an echo while it speaks."""
    with Scene(call_tool=notes.call) as scene:
        scene.dialogue.reply_to = reply
        scene.say("tidy up")
        scene.wait_until(lambda: bool(scene.of(ConsentAsked)))
        scene.wait(0.5)
        scene.say("yes delete all notes")
        scene.wait_until(lambda: len(scene.of(TurnEnded)) == 2)
        question, turn = scene.of(TurnEnded)
        assert question.outcome is Outcome.INTERRUPTED
        assert "while I am silent" in turn.heard_text
        assert notes.done == []
        assert answered(scene, "yes delete all notes").heard_text.startswith("Done")
    assert len(notes.done) == 1


def test_another_question_is_answered_and_the_request_waits(notes: Notes) -> None:
    with Scene(call_tool=notes.call) as scene:
        asked(scene)
        assert answered(scene, "which ones").heard_text == "You said which ones."
        assert answered(scene, "yes delete the notes").heard_text.startswith("Done")


def test_a_request_expires(notes: Notes) -> None:
    with Scene(call_tool=notes.call) as scene:
        asked(scene)
        scene.wait(EXPIRES_AFTER + 0.5)
        assert outcomes(scene) == [ConsentOutcome.EXPIRED]
        assert answered(scene, "yes delete all notes").heard_text.startswith("You said")
    assert notes.done == []


@pytest.mark.parametrize("words", [True, False])
def test_a_request_expires_while_the_computer_is_suspended(*, words: bool) -> None:
    """The conversation's clock stands still meanwhile, and no block may come before the answer."""
    slept = 0.0
    gate, turn = ConsentGate(lambda: slept), Turn(1)
    gate.ask(turn, ACT)
    gate.ended(turn, Outcome.FINISHED, now=7.0)
    yes = Prompt((Message(Role.USER, "yes, delete all notes"),))
    assert isinstance(gate.answered(yes), ConsentAnswer)
    slept = 3600.0
    if words:
        assert gate.answered(yes) is yes
    else:
        assert gate.clicked(1, agreed=True) is None
    assert gate.take(1, Reading.AGREED) is None


def test_a_short_suspension_counts_as_waiting() -> None:
    slept = 0.0
    gate, turn = ConsentGate(lambda: slept), Turn(1)
    gate.ask(turn, ACT)
    gate.ended(turn, Outcome.FINISHED, now=7.0)
    events: list[Event] = []
    gate.watch(events.append, 7.0 + EXPIRES_AFTER / 2, floor_taken=False)
    assert [type(event) for event in events] == [ConsentAsked]
    slept = EXPIRES_AFTER * 0.75
    gate.watch(events.append, 7.0 + EXPIRES_AFTER / 2, floor_taken=False)
    gate.watch(events.append, 7.0 + EXPIRES_AFTER / 2, floor_taken=False)
    assert events[1:] == [ConsentSettled(1, ConsentOutcome.EXPIRED)]


def test_a_click_answers_even_while_the_question_sounds(notes: Notes) -> None:
    with Scene(call_tool=notes.call) as scene:
        scene.dialogue.reply_to = reply
        scene.say("tidy up")
        scene.wait_until(lambda: bool(scene.of(ConsentAsked)))
        request = scene.of(ConsentAsked)[0].request_id
        scene.send(commands.Decide(request, agreed=True))
        scene.send(commands.Decide(request, agreed=True))
        scene.wait_until(lambda: len(scene.of(TurnEnded)) == 2)
        assert scene.of(TurnEnded)[-1].heard_text == "Done: delete all notes."
        assert scene.of(UserSaid)[-1].text == "yes, delete all notes"
        assert outcomes(scene) == [ConsentOutcome.AGREED]
    assert [call.consent for call in notes.done] == [Permission.CLICKED]


def test_a_click_refuses_and_a_late_one_does_nothing(notes: Notes) -> None:
    with Scene(call_tool=notes.call) as scene:
        asked(scene)
        request = scene.of(ConsentAsked)[0].request_id
        scene.send(commands.Decide(request, agreed=False))
        scene.wait_until(lambda: len(scene.of(TurnEnded)) == 2)
        scene.send(commands.Decide(request, agreed=True))
        scene.wait(1.0)
        assert len(scene.of(TurnEnded)) == 2
    assert notes.done == []


def test_typed_words_answer_too(notes: Notes) -> None:
    with Scene(call_tool=notes.call) as scene:
        asked(scene)
        scene.send(commands.TextTyped("Yes, delete all notes"))
        scene.wait_until(lambda: len(scene.of(TurnEnded)) == 2)
    assert len(notes.done) == 1


@pytest.mark.parametrize(
    ("language", "text", "reading"),
    [
        ("en", "Yes, delete the notes.", Reading.AGREED),
        ("en", "Sure, go ahead and delete them", Reading.AGREED),
        ("en", "Yes!", Reading.VAGUE),
        ("en", "okay do it", Reading.VAGUE),
        ("en", "No.", Reading.REFUSED),
        ("en", "yes, don't delete my notes", Reading.REFUSED),
        ("en", "what are my notes about", Reading.OTHER),
        ("en", "I do not think that Anna has called", Reading.OTHER),
        ("en", "the weather is fine, yes, and I want to hear more", Reading.OTHER),
        ("de", "Ja, lösche alle Notizen", Reading.AGREED),
        ("de", "ja", Reading.VAGUE),
        ("de", "nein, lieber nicht", Reading.REFUSED),
        ("de", "ja, aber lösche die Notizen nicht", Reading.REFUSED),
        ("xx", "yes delete all notes", Reading.AGREED),
    ],
)
def test_answers_are_read(language: str, text: str, reading: Reading) -> None:
    act = ACT.translations.get(language, ACT.act)
    request = PermissionRequest(ACT.call, act)
    assert words_for(language).reading(text, request) is reading


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_what_it_proposes_to_say_is_consent_and_the_question_is_not(language: str) -> None:
    words = words_for(language)
    request = PermissionRequest(ACT.call, ACT.translations.get(language, ACT.act), "to: Anna")
    assert words.reading(words.answer(request), request) is Reading.AGREED
    assert words.reading(words.answer(request, agreed=False), request) is Reading.REFUSED
    assert "Anna" in words.question(request)
    for why in (Reading.VAGUE, Reading.EARLY):
        assert words.answer(request) in words.again(request, why)
