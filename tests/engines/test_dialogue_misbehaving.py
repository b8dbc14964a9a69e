"""Servers and models as people report them: what they get wrong is neither spoken nor fatal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from model_server import Handler, Server, serving
from replies import outputs_of

from avatar_app.core.errors import AvatarError, ConfigInvalid, EngineFailed
from avatar_app.core.prompt import Message, Prompt, Role, ToolDescription
from avatar_app.core.values import ToolCall
from avatar_app.engines.dialogue.openai.engine import OpenAIDialogue

HELLO = "Hello! It is nice to see you."
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
TOOLS = (ToolDescription("now", "The time.", NOTHING), ToolDescription("sum", "A sum.", NOTHING))
SAID = (Message(Role.SYSTEM, "You are Mira, a friend."), Message(Role.USER, "Hi!"))
pytestmark = pytest.mark.usefixtures("loopback")


def writes(*deltas: Any, reason: str | None = "stop") -> Callable[[Handler, dict[str, Any]], None]:
    """What answers with these; a text is written letter by letter."""

    def answer(handler: Handler, asked: dict[str, Any]) -> None:
        handler.begin()
        if asked["messages"][-1]["role"] == "tool":
            handler.delta(content="Done.")
        else:
            for delta in deltas:
                pieces = (
                    [{"content": each} for each in delta] if isinstance(delta, str) else [delta]
                )
                for piece in pieces:
                    handler.chunk(piece)
            handler.chunk({}, reason)
        handler.end()

    return answer


def asked(server: Server, dialogue: OpenAIDialogue | None = None) -> list[str | ToolCall]:
    """What is said, in one piece, and called."""
    dialogue = dialogue or OpenAIDialogue(address=server.address, model="m")
    outputs: list[str | ToolCall] = [""]
    for output in outputs_of(dialogue, Prompt(SAID, TOOLS), 4):
        if isinstance(output, ToolCall):
            outputs += [output, ""]
        else:
            outputs[-1] += output
    return [each for each in outputs if each]


def failure(answer: Callable[[Handler, dict[str, Any]], None]) -> AvatarError:
    with serving(answer) as server, pytest.raises(AvatarError) as raised:
        asked(server)
    return raised.value


THINKING = "The user wants a greeting, so be brief."


@pytest.mark.parametrize(
    "written",
    [
        f"Okay, {THINKING.lower()}\n</think>\n\n{HELLO}",
        *(
            f"<{name}>{THINKING}</{name.split()[0]}>{HELLO}"
            for name in ("think", "Think", "thinking", "thought", "reasoning", 'think time="3"')
        ),
        f"[THINK]{THINKING}[/THINK]{HELLO}",
        f"◁think▷{THINKING}◁/think▷{HELLO}",
        f"<|channel|>analysis<|message|>{THINKING}<|end|><|start|>assistant<|channel|>final<|message|>"
        f"{HELLO}",
        f"<|START_THINKING|>{THINKING}<|END_THINKING|>{HELLO}",
        f"analysis{THINKING}assistantfinal{HELLO}",
        *(
            f"<{name}>{THINKING}</{name}>{HELLO}"
            for name in (
                "inner_monologue",
                "antThinking",
                "chain_of_thought",
                "mm:think",
                "self_reflection",
                "THOUGHT_PROCESS",
                "tool_response",
                "思考",
            )
        ),
        f"<|begin_of_thought|>{THINKING}<|end_of_thought|><|begin_of_solution|>{HELLO}"
        "<|end_of_solution|>",
        f"<|assistant_thoughts|>{THINKING}<|/assistant_thoughts|>{HELLO}",
        f"<|start_header_id|>assistant<|end_header_id|>\n\n{HELLO}",
        f"&lt;think&gt;{THINKING}&lt;/think&gt;{HELLO}",
        f"＜think＞{THINKING}＜/think＞{HELLO}",
        f"<details type='reasoning'>\n<summary>Thoughts</summary>{THINKING}</details>{HELLO}",
        f"Thinking...\n{THINKING}\n...done thinking.\n\n{HELLO}",
        f"**Thinking:** {THINKING}\n\n**Answer:** {HELLO}",
    ],
)
def test_thoughts_in_any_markup_are_not_spoken(written):
    with serving(writes(written)) as server:
        assert asked(server) == [HELLO]


def test_model_with_unopened_thoughts_is_remembered():
    with serving(writes(f"Quite a greeting, this.</think>{HELLO}")) as server:
        dialogue = OpenAIDialogue(address=server.address, model="m")
        asked(server, dialogue)
        assert asked(server, dialogue) == [HELLO]


def test_an_answer_that_only_begins_like_a_thought_is_spoken():
    with serving(writes("The user interface is simple.")) as server:
        assert asked(server) == ["The user interface is simple."]


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "thinking", "thinking": [{"type": "text", "text": THINKING}]}],
        [{"type": "text", "text": HELLO}],
    ],
)
def test_content_may_be_a_list_of_parts(content):
    with serving(
        writes({"content": content}, {"content": [{"type": "text", "text": "!"}]})
    ) as server:
        assert "".join(map(str, asked(server))).removeprefix(HELLO) == "!"


def call(index: int | None, id: str | None, name: str | None, arguments: Any) -> dict[str, Any]:
    piece: dict[str, Any] = {"type": "function", "function": {"name": name, "arguments": arguments}}
    piece |= {"index": index} if index is not None else {}
    return {"tool_calls": [piece | ({"id": id} if id else {})]}


SUM = ToolCall("sum", {"x": "2+2"})


@pytest.mark.parametrize(
    ("pieces", "calls"),
    [
        ([call(0, "a", "now", "{}"), call(0, "b", "sum", '{"x": "2+2"}')], [ToolCall("now"), SUM]),
        ([call(0, None, "now", "{}"), call(0, None, "sum", '{"x": "2+2"}')],
         [ToolCall("now"), SUM]),
        ([call(None, "a", "now", "{}"), call(None, "b", "sum", '{"x": "2+2"}')],
         [ToolCall("now"), SUM]),
        ([call(None, "a", "sum", '{"x": "2+2"}')], [SUM]),
        ([call(0, "a", "sum", '{"x": '), call(0, "a", "sum", '"2+2"}')], [SUM]),
        ([call(0, "a", "sum", ""), call(0, None, None, '{"x": "2+2"}')], [SUM]),
        ([call(0, "a", "su", ""), call(0, None, "m", '{"x": "2+2"}')], [SUM]),
        ([call(0, None, "sum", '{"x": "2+2"}')], [SUM]),
        ([call(0, "a", "sum", {"x": "2+2"})], [SUM]),
        ([call(0, "a", "sum", '"{\\"x\\": \\"2+2\\"}"')], [SUM]),
        ([call(0, "a", "sum", "")] + [call(0, None, None, each) for each in '{"x": "2+2"}'], [SUM]),
        ([{"tool_calls": call(0, "a", "sum", '{"x": "2+2"}')["tool_calls"][0]}], [SUM]),
        ([{"tool_calls": [None]}, call(0, "a", "now", None)], [ToolCall("now")]),
        ([{"function_call": {"name": "sum", "arguments": '{"x": "2+2"}'}}], [SUM]),
        ([{"content": '<tool_call>{"name": "sum", "arguments": {"x": "2+2"}}</tool_call>'}], [SUM]),
        ([call(1, "a", "sum", '{"x": "2+2"}')], [SUM]),
        ([call(0, "c", "now", "{}"), call(1, "c", "sum", '{"x": "2+2"}')], [ToolCall("now"), SUM]),
        ([call(0, "c", "now", "{}"), call(0, "c", "sum", '{"x": "2+2"}')], [ToolCall("now"), SUM]),
        ([call(0, "a", "sum", '{"x": '), call(0, "b", None, '"2+2"}')], [SUM]),
        ([call(0, "a", None, '{"x": "2+2"}'), call(0, None, "sum", None)], [SUM]),
        ([call(0, "a", "sum", '{"x": "2+2"}')] * 2, [SUM]),
        ([call(0, "a", "sum", '{"x": "2'), call(0, "a", "sum", '{"x": "2+2"}')], [SUM]),
        ([call(0, "a", "sum", "{'x': '2+2'}")], [SUM]),
        ([call(0, "a", "sum", '```json\n{"x": "2+2"}\n```')], [SUM]),
        ([call(0, "a", "sum", [{"x": "2+2"}])], [SUM]),
        ([call(0, "a", "functions.sum", '{"x": "2+2"}')], [SUM]),
        ([{"tool_calls": [{"id": "a", "name": "sum", "arguments": {"x": "2+2"}}]}], [SUM]),
        ([{"tool_calls": [{"function": {"name": "sum", "parameters": {"x": "2+2"}}}]}], [SUM]),
        ([call(0, "a", "sum", '{"x": '), call(1, "b", "now", "{}"), call(0, None, None, '"2+2"}')],
         [SUM, ToolCall("now")]),
    ],
)  # fmt: skip
def test_tool_calls_are_separated_for_any_numbering(pieces, calls):
    with serving(writes(*pieces, reason="tool_calls")) as server:
        assert asked(server) == [*calls, "Done."]


REFUSALS = {
    "max_tokens": (
        lambda body: "max_tokens" in body,
        400,
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
        " 'max_completion_tokens' instead.",
    ),
    "temperature": (
        lambda body: "temperature" in body,
        400,
        "Unsupported value: 'temperature' does not support 0.7 with this model.",
    ),
    "both": (
        lambda body: "temperature" in body and "top_p" in body,
        400,
        "`temperature` and `top_p` cannot both be specified for this model.",
    ),
    "system": (
        lambda body: body["messages"][0]["role"] == "system",
        400,
        "Developer instruction is not enabled for models/gemma-3-27b-it",
    ),
    **{
        words: (lambda body: "tools" in body, status, words)
        for words, status in (
            ("registry.ollama.ai/library/gemma:2b does not support tools", 400),
            ('"auto" tool choice requires --enable-auto-tool-choice to be set', 400),
            ("Function calling is not enabled for models/gemma-3-27b-it", 400),
            ("No endpoints found that support tool use.", 404),
        )
    },
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_parameter_is_not_sent_again(name):
    refused, status, words = REFUSALS[name]
    said = writes(HELLO)

    def answer(handler: Handler, body: dict[str, Any]) -> None:
        if refused(body):
            handler.send(status, {"error": {"message": words}})
        else:
            said(handler, body)

    with serving(answer) as server:
        dialogue = OpenAIDialogue(address=server.address, model="m")
        assert asked(server, dialogue) == [HELLO]
        count = len(server.asked)
        assert asked(server, dialogue) == [HELLO]
    assert (count, len(server.asked)) == (2, 3), "what was refused is remembered"
    last = server.asked[-1]
    assert "You are Mira" in json.dumps(last["messages"])
    assert {"max_tokens", "max_completion_tokens"} & set(last)


def test_every_refused_parameter_is_omitted():
    def answer(handler: Handler, body: dict[str, Any]) -> None:
        for refused, status, words in REFUSALS.values():
            if refused(body):
                handler.send(status, {"error": {"message": words}})
                return
        writes(HELLO)(handler, body)

    with serving(answer) as server:
        assert asked(server) == [HELLO]


@pytest.mark.parametrize(
    ("answer", "said", "hint"),
    [
        (writes({"reasoning_content": "Hm"}, reason="length"), "with thinking", "longest"),
        (writes("<think> The user wants", reason="length"), "with thinking", "longest"),
        (writes("<think>The user wants a greeting.</think>"), "thought, and said nothing", "model"),
        (writes("<think>The user wants a greeting and"), "thought, and said nothing", "model"),
        (writes({"content": ""}, reason="content_filter"), "its filter refused it", "other words"),
        (writes({"content": ""}, reason="SAFETY"), "its filter refused it", "other words"),
        (writes({"content": ""}, reason="content-filter"), "its filter refused it", "other words"),
        (writes({"reasoning": "Hm"}, reason="MAX_TOKENS"), "with thinking", "longest"),
        (writes({"content": ""}), "gave no answer", "Ask again"),
    ],
)  # fmt: skip
def test_reason_of_an_empty_answer_is_reported(answer, said, hint):
    error = failure(answer)
    assert isinstance(error, EngineFailed)
    assert said in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (402, {"message": "Insufficient Balance"}),
        (429, {"message": "You exceeded your current quota.", "code": "insufficient_quota"}),
    ],
)
def test_insufficient_quota_is_not_retried(status, error):
    error_shown = failure(lambda handler, _body: handler.send(status, {"error": error}))
    assert isinstance(error_shown, ConfigInvalid)
    assert error["message"] in error_shown.message
    assert "account" in error_shown.hint
    assert "Error code" not in error_shown.message


def test_refusal_text_is_the_answer():
    with serving(writes({"content": None, "refusal": "I cannot help with that."})) as server:
        assert asked(server) == ["I cannot help with that."]


def test_unstreamed_answer_is_accepted():
    message = {"role": "assistant", "content": HELLO}
    document = {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    with serving(lambda handler, _body: handler.send(200, document)) as server:
        assert asked(server) == [HELLO]


def test_final_chunk_without_content_ends_the_answer():
    def answer(handler: Handler, _body: dict[str, Any]) -> None:
        handler.begin()
        handler.delta(content="Nice to see you again, Anna")
        handler.chunk(None, "stop")
        handler.end()

    with serving(answer) as server:
        assert asked(server) == ["Nice to see you again, Anna"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (" ".join(["I am here to help you."] * 60), " ".join(["I am here to help you."] * 2)),
        ("Hello " + " ".join(["ha"] * 300), "Hello ha ha ha"),
        ("Hello " + "a" * 3000, "Hello"),
        ("So " + "and then again " * 40, "So and then again and then again and then"),
        ("No, no, no. That is fine, very very fine.", "No, no, no. That is fine, very very fine."),
    ],
)
def test_repetition_is_stopped_and_earlier_text_preserved(written, said):
    with serving(writes(written)) as server:
        (text,) = asked(server)
    assert str(text).strip() == said


@pytest.mark.parametrize(
    "more",
    ["<|im_end|>", "</s>", "<|eot_id|>", "\nUser: And how are you?\nAssistant: I am fine.",
     "<|im_end|>\n<|im_start|>user\nAnd how are you?<|im_end|>", "\n**Human:** And?",
     " User: And how are you?"],
)  # fmt: skip
def test_template_tokens_and_other_roles_are_removed(more):
    with serving(writes(HELLO + more)) as server:
        (text,) = asked(server)
    assert str(text).strip() == HELLO


@pytest.mark.parametrize("name", ["Mira: ", "**Mira:** ", "Assistant: "])
def test_leading_speaker_name_is_removed(name):
    with serving(writes(name + HELLO)) as server:
        assert asked(server) == [HELLO]


def test_answer_is_limited_to_the_configured_sentences():
    written = "Dr. Jones lives at No. 5. He is kind. Is he old? Yes. He is."
    with serving(writes(written)) as server:
        dialogue = OpenAIDialogue(address=server.address, model="m", sentences=3)
        (text,) = asked(server, dialogue)
    assert str(text).strip() == "Dr. Jones lives at No. 5. He is kind. Is he old?"


@pytest.mark.parametrize(
    ("status", "error", "hint"),
    [
        (400, {"message": "It was filtered.", "code": "content_filter"}, "other words"),
        (403, {"message": "Your input was flagged"}, "other words"),
        (400, {"message": "API key not valid. Please pass a valid API key."}, "servers key"),
        (400, {"message": "Your credit balance is too low."}, "account"),
    ],
)
def test_hint_fits_the_reason_whatever_the_status(status, error, hint):
    shown = failure(lambda handler, _body: handler.send(status, {"error": error}))
    assert hint in shown.hint


@pytest.mark.parametrize("status", [400, 404, 424, 500])
def test_a_server_that_is_loading_is_asked_again_whatever_the_status(status):
    said, statuses = writes(HELLO), [status, status]

    def answer(handler: Handler, body: dict[str, Any]) -> None:
        if statuses:
            handler.send(statuses.pop(), {"error": {"message": "The model is loading"}})
        else:
            said(handler, body)

    with serving(answer) as server:
        assert asked(server) == [HELLO]


@pytest.mark.parametrize(
    ("refused", "status", "document"),
    [
        ("tools", 422, {"detail": [{"loc": ["body", "tools"], "msg": "Extra inputs"}]}),
        ("max_tokens", 400, {"error": {"message": "Invalid request", "param": "max_tokens"}}),
        ("tools", 500, {"error": {"message": "tools param requires --jinja flag"}}),
        ("tools", 400, [{"error": {"message": "Function calling is not enabled"}}]),
    ],
)
def test_refusals_are_understood_wherever_they_name_the_parameter(refused, status, document):
    said = writes(HELLO)

    def answer(handler: Handler, body: dict[str, Any]) -> None:
        if refused in body:
            handler.send(status, document)
        else:
            said(handler, body)

    with serving(answer) as server:
        assert asked(server) == [HELLO]
