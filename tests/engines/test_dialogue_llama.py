"""The real llama.cpp, on models in the true format that say what the test chose."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from replies import answered

from avatar_app.bench.scripted.llama import TEMPLATE, write_llama
from avatar_app.core.errors import (
    ConfigInvalid,
    EngineFailed,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role, ToolDescription
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import ToolCall, ToolResult
from avatar_app.engines.dialogue.llama.engine import LlamaDialogue
from avatar_app.engines.dialogue.local.chat import Chat
from avatar_app.engines.dialogue.local.prompt_cache import MOST, PromptCache
from avatar_app.engines.dialogue.prompting.budget import EARLIER, fit_messages
from avatar_app.engines.dialogue.prompting.endings import Ending, Limits
from avatar_app.engines.dialogue.prompting.messages import describe_tools, result_text
from avatar_app.engines.dialogue.prompting.replies import answer
from avatar_app.engines.dialogue.prompting.thoughts import Thoughts
from avatar_app.engines.llama_cpp.backend import ALL_LAYERS
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

ANSWER = "Hello there. I am a small model, and glad to talk."
MODULES = {"xllamacpp": "xllamacpp", "llama-cpp-python": "llama_cpp"}
LIBRARIES = [name for name, module in MODULES.items() if importlib.util.find_spec(module)]
"""The first comes with the program; the second is tested where somebody compiled it."""
CLOCK = ToolDescription("get_time", "The time.", {"type": "object", "properties": {}})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("gguf") / "small.gguf", ANSWER)


@pytest.fixture(scope="module", params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def dialogue(model: Path, library: str) -> Iterator[LlamaDialogue]:
    made = LlamaDialogue(model=str(model), context=2048, threads=1, library=library)
    yield made
    made.close()


def asked(*texts: str, tools: tuple[ToolDescription, ...] = ()) -> Prompt:
    roles = [Role.AVATAR if at % 2 else Role.USER for at in range(len(texts))]
    said = [Message(role, text) for role, text in zip(roles, texts, strict=True)]
    return Prompt((Message(Role.SYSTEM, "You are Mira."), *said), tools)


def test_the_reply_is_streamed(dialogue):
    pieces = answered(dialogue, asked("Hi!"))
    assert "".join(pieces) == ANSWER
    assert len(pieces) >= 8


def test_next_turn_evaluates_only_new_tokens(dialogue):
    answered(dialogue, asked("A first question with quite a number of words in it."))
    dialogue.evaluated()
    first = "Something else altogether, which nobody has asked before in any of the turns."
    answered(dialogue, asked(first))
    whole = dialogue.evaluated().tokens
    answered(dialogue, asked(first, ANSWER, "And you?"))
    assert 0 < dialogue.evaluated().tokens <= 0.9 * whole
    long = " ".join(["word"] * 60)
    answered(dialogue, asked(long))
    whole = dialogue.evaluated().tokens
    answered(dialogue, asked(long, ANSWER, "Yes"))
    loaded = dialogue._loaded
    new = [{"role": "user", "content": ANSWER + "Yes"}]
    grown = loaded.writer.count(loaded.chat.text(new, []))
    assert dialogue.evaluated().tokens <= grown + 40 < whole


def test_turn_can_be_cancelled_during_prompt_evaluation(dialogue, monkeypatch, capfd):
    turn, backend = Turn(2), dialogue._loaded.writer
    count = backend.count

    def cancelled_now(text: str) -> int:
        turn.cancel()
        return count(text)

    monkeypatch.setattr(backend, "count", cancelled_now)
    dialogue.evaluated()
    with pytest.raises(TurnCancelled):
        list(dialogue.reply(asked("Read all this: " + "word " * 60), turn))
    monkeypatch.undo()
    assert dialogue.evaluated().tokens <= 1, "it was read to the end"
    assert "".join(answered(dialogue, asked("Still there?"))) == ANSWER
    assert capfd.readouterr().err == "", "the terminal is the user's"


def test_turn_can_be_cancelled_during_generation(dialogue):
    turn = Turn(3)
    reply = dialogue.reply(asked("Hi!"), turn)
    next(reply)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(reply)
    assert "".join(answered(dialogue, asked("Hi!"))) == ANSWER


def test_cancelling_a_finished_turn_stops_no_other(dialogue):
    over, running = Turn(4), Turn(5)
    list(dialogue.reply(asked("Hi!"), over))
    reply = dialogue.reply(asked("Hi!"), running)
    said = next(reply)
    over.cancel()
    assert said + "".join(reply) == ANSWER


def test_long_conversation_is_summarized_except_for_its_end(dialogue):
    turns = [text for at in range(60) for text in (f"Question {at}. " * 4, f"Answer {at}. " * 4)]
    assert "".join(answered(dialogue, asked(*turns, "And now?"))) == ANSWER
    with pytest.raises(ConfigInvalid, match="too long"):
        answered(dialogue, asked("word " * 3000))


def test_summary_fits_the_context_and_changes_rarely():
    def tokens(messages):
        return [word for message in messages for word in message["content"].split()]

    system = {"role": "system", "content": "You are Mira."}
    messages, seen = [system], set()
    for at in range(60):
        messages.append({"role": "user", "content": f"question {at} " + "and more " * 8})
        words = tokens(fit_messages(messages, lambda said: len(tokens(said)), 300))
        assert len(words) <= 300
        assert words[:3] == ["You", "are", "Mira."]
        assert f"question {at}" in " ".join(words)
        seen.add(" ".join(words).partition(EARLIER)[2][:60])
        messages.append({"role": "assistant", "content": f"answer {at}"})
    assert 2 <= len(seen) < 15, "the beginning must stay as it was for many turns"


def test_a_tool_call_gets_its_result(tmp_path, library):
    call = '<tool_call>{"name": "get_time", "arguments": {"place": "Berlin"}}</tool_call>'
    path = write_llama(tmp_path / "caller.gguf", call, result="It is nine.")
    options = {"context": 1024, "threads": 1, "library": library, "tools": "all"}
    made = LlamaDialogue(model=str(path), **options)
    outputs = answered(made, asked("What time is it?", tools=(CLOCK,)), result="9:00")
    made.close()
    assert outputs[0] == ToolCall("get_time", {"place": "Berlin"})
    assert "".join(outputs[1:]) == "It is nine."


def test_layers_that_do_not_fit_the_gpu_run_on_the_cpu(model, monkeypatch, library):
    tried = CARDS[library](monkeypatch, 8)
    made = LlamaDialogue(model=str(model), context=512, threads=1, library=library)
    assert "".join(answered(made, asked("Hi!"))) == ANSWER
    made.close()
    assert tried[0] == ALL_LAYERS
    assert tried[-1] == 8
    with pytest.raises(OutOfMemory, match="does not fit"):
        LlamaDialogue(model=str(model), context=512, gpu_layers=20, library=library)


def card_of_bindings(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """A graphics card that takes `most` layers; the numbers that are tried."""
    import llama_cpp

    tried, whole = [], llama_cpp.Llama

    def card(path, *, n_gpu_layers, **options):
        tried.append(n_gpu_layers)
        if n_gpu_layers > most:
            raise ValueError("Failed to create llama_context")
        return whole(path, **options)

    monkeypatch.setattr(llama_cpp, "llama_supports_gpu_offload", lambda: True)
    monkeypatch.setattr(llama_cpp, "Llama", card)
    return tried


def card_of_server(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    import xllamacpp

    tried, whole = [], xllamacpp.Server
    kind = xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_GPU

    def card(parameters):
        tried.append(parameters.n_gpu_layers)
        if parameters.n_gpu_layers > most:
            os.write(2, b"E load: failed to create_context\nE init: exiting due to it\n")
            raise RuntimeError("Failed to init server")
        return whole(parameters)

    monkeypatch.setattr(xllamacpp, "get_device_info", lambda: [{"type": kind}])
    monkeypatch.setattr(xllamacpp, "Server", card)
    return tried


CARDS = {"xllamacpp": card_of_server, "llama-cpp-python": card_of_bindings}


def test_a_failed_tool_call_gets_its_error():
    failed = ToolResult(error="There is no such timer.")
    for text in ("no such timer", '"error"'):
        assert text in result_text(failed)
    assert result_text(ToolResult("nine")) == '"nine"'


def test_llama_works_in_a_process_of_its_own(model):
    manifest = Registry().find(Kind.DIALOGUE, "llama")
    engine = create_engine(
        Registry(), manifest, {"model": str(model), "threads": 1, "context": 512}
    )
    try:
        assert "".join(engine.reply(asked("Hi!"), Turn(1))) == ANSWER
        engine.configure(temperature=0.0, context=1024)
        assert "".join(engine.reply(asked("Hi!"), Turn(2))) == ANSWER
    finally:
        engine.close()


def test_a_missing_or_damaged_model_is_reported(model, tmp_path, library, capfd):
    with pytest.raises(ModelMissing, match="No language model") as missing:
        LlamaDialogue(model=str(tmp_path / "nothing.gguf"), library=library)
    assert "models download" in missing.value.hint
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(os.urandom(5000))
    with pytest.raises(InputInvalid, match="not a GGUF model"):
        LlamaDialogue(model=str(wrong), library=library)
    short = tmp_path / "short.gguf"
    short.write_bytes(model.read_bytes()[:9000])
    with pytest.raises(InputInvalid, match="damaged"):
        LlamaDialogue(model=str(short), library=library)
    assert capfd.readouterr().err == "", "the terminal is the user's"


TEMPLATES = {
    "alternating, without system": "{% for m in messages %}"
    "{% if m.role not in ('user', 'assistant') or (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}"
    "[{{ m.role }}]{{ m.content }}{% endfor %}",
    "with tools": "{{ tools | tojson if tools else '' }}{% for m in messages %}[{{ m.role }}]"
    "{{ m.content }}{{ m.tool_calls | tojson if m.tool_calls else '' }}{% endfor %}",
    "none": "",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_chat_template_gets_all_messages_and_tools(name):
    chat = Chat({"tokenizer.chat_template": TEMPLATES[name]})
    prompt = asked("Hi", "Hello", "What time is it?", tools=(CLOCK,))
    messages = [
        *chat.messages(prompt),
        *chat.called([(ToolCall("get_time", {"place": "Rome"}), ToolResult("nine"))]),
    ]
    text = chat.text(messages, describe_tools(prompt))
    for said in ("You are Mira.", "What time is it?", "get_time", "Rome", "nine"):
        assert said in text


def test_a_broken_template_is_reported():
    for template in (
        "{% for %}",
        "{{ messages[0].nothing.at_all }}",
        "{{ raise_exception('no') }}",
    ):
        with pytest.raises(InputInvalid, match="chat template cannot be used"):
            Chat({"tokenizer.chat_template": template}).text([{"role": "user", "content": "x"}], [])


def test_interrupted_answer_is_marked_in_the_prompt():
    interrupted = Message(Role.AVATAR, "I was about to", interrupted=True)
    prompt = Prompt((Message(Role.USER, "Go on"), interrupted, Message(Role.USER, "Stop")))
    assert [message["content"] for message in Chat({}).messages(prompt)][1].endswith("to —")


CALL = ToolCall("set_timer", {"minutes": 5})


@pytest.mark.parametrize(
    ("written", "outputs"),
    [
        ("Just words, {not a call}.", ["Just words, {not a call}."]),
        ('{"name": "set_timer", "parameters": {"minutes": 5}}', [CALL]),
        ('```json\n{"name": "set_timer", "arguments": {"minutes": 5}}\n```', [CALL]),
        ('[{"name": "set_timer", "arguments": "{\\"minutes\\": 5}"}]', [CALL]),
        ('[TOOL_CALLS][{"name": "set_timer", "arguments": {"minutes": 5}}]', [CALL]),
        (
            'Yes. <tool_call>\n{"name": "set_timer", "arguments": {"minutes": 5}}\n</tool_call>',
            ["Yes. ", CALL],
        ),
        ("<think>Should I? {}</think>Of course.", ["Of course."]),
        ("<think>never ends", []),
        ("A < B <t and [T", ["A < B <t and [T"]),
        ("{broken", ["{broken"]),
        ("<tool_call>broken</tool_call>", []),
        ("<tool_call>" + "[" * 4000, []),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_text_tool_calls_and_thoughts_are_separated(written, outputs, size):
    pieces = (written[at : at + size] for at in range(0, len(written), size))
    found: list[Any] = []
    for output in answer(pieces, may_call=True, thoughts=Thoughts(), ending=Ending(Limits())):
        if not output:
            continue
        if isinstance(output, str) and found and isinstance(found[-1], str):
            found[-1] += output
        else:
            found.append(output)
    assert found == outputs


def test_a_greeting_before_the_first_user_message_is_accepted_by_any_template():
    said = (Message(Role.SYSTEM, "You are Mira."), Message(Role.AVATAR, "Good morning!"))
    prompt = Prompt((*said, Message(Role.USER, "Hello")))
    chat = Chat({"tokenizer.chat_template": TEMPLATES["alternating, without system"]})
    messages = chat.messages(prompt)
    assert [message["role"] for message in messages] == ["system", "user"]
    assert "Good morning!" in chat.text(messages, [])


SYSTEM = Message(Role.SYSTEM, "You are Mira, and you talk with somebody who has time. " * 8)


def test_the_prompt_prefix_is_prefilled(dialogue):
    said = (SYSTEM, Message(Role.USER, "Good morning."), Message(Role.AVATAR, "Good day to you."))
    assert "".join(dialogue.prepare(Prompt(said), Turn(1))) == ""
    ahead = dialogue.evaluated().tokens
    question = Message(Role.USER, "And now?")
    assert "".join(answered(dialogue, Prompt((*said, question)))) == ANSWER
    assert 0 < dialogue.evaluated().tokens < 60 < 300 < ahead


def test_cancelled_prompt_prefill_leaves_the_model_usable(dialogue):
    turn = Turn(1)
    reading = dialogue.prepare(Prompt((Message(Role.SYSTEM, "Another one. " * 90),)), turn)
    next(reading)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(reading)
    assert "".join(answered(dialogue, asked("Hi!"))) == ANSWER


def test_the_prompt_cache_of_a_persona_survives_a_restart(model, library, tmp_path):
    folder = tmp_path / "prompts"
    options = {"model": str(model), "context": 2048, "threads": 1, "library": library}
    prompt, costs = Prompt((SYSTEM, Message(Role.USER, "Hi!"))), []
    for _ in range(2):
        made = LlamaDialogue(prompt_cache=str(folder), **options)
        list(made.prepare(Prompt((SYSTEM,)), Turn(1)))
        assert "".join(answered(made, prompt)) == ANSWER
        costs.append(made.evaluated().tokens)
        made.close()
    first, second = costs
    assert second < 0.3 * first
    (cached,) = folder.iterdir()
    cached.write_bytes(cached.read_bytes()[:100])
    made = LlamaDialogue(prompt_cache=str(folder), **options)
    assert "".join(answered(made, prompt)) == ANSWER, "a damaged file costs time alone"
    list(made.prepare(Prompt((SYSTEM,)), Turn(1)))
    made.close()
    assert cached.stat().st_size > 100


def test_the_prompt_cache_is_bounded(dialogue, tmp_path, model):
    cache = PromptCache(str(tmp_path), dialogue._loaded.writer, model, 1)
    answered(dialogue, asked("Hi!"))
    for number in range(MOST + 2):
        cache.save(f"persona {number}")
    assert len(list(tmp_path.iterdir())) == MOST
    again = PromptCache(str(tmp_path), dialogue._loaded.writer, model, 1)
    assert again.restore(f"persona {MOST + 1}")
    other = PromptCache(str(tmp_path), dialogue._loaded.writer, model, 2)
    assert not other.restore(f"persona {MOST + 1}"), "other options, another state"


def test_tools_are_omitted_if_the_context_is_too_small(tmp_path, library, monkeypatch):
    timer = {"seconds": {"type": "number"}, "name": {"type": "string"}}
    tools = (
        ToolDescription("set_timer", "Start a countdown.",
                        {"type": "object", "properties": timer, "required": ["seconds"]}),
        *(ToolDescription(name, "Whatever.", {"type": "object"}) for name in ("jump", "sing")),
    )  # fmt: skip
    call = '<tool_call>{"name": "set_timer", "arguments": {"seconds": 5}}</tool_call>'
    path = write_llama(tmp_path / "caller.gguf", call, result="It runs.")
    made = LlamaDialogue(model=str(path), context=1024, threads=1, library=library, tools="few")
    texts, write = [], made._loaded.writer.write
    monkeypatch.setattr(
        made._loaded.writer, "write", lambda text, *more: texts.append(text) or write(text, *more)
    )
    outputs = answered(made, asked("Would you mind a timer, of a few minutes?", tools=tools), "ok")
    assert outputs[0] == ToolCall("set_timer", {"seconds": 5})
    assert "set_timer(seconds: number, name?: string): Start a countdown." in texts[0]
    assert "jump" not in texts[0]
    assert texts[0].index("set_timer") > texts[0].index("Would you mind")
    with pytest.raises(EngineFailed, match="no answer"):  # what it calls unasked is not said
        answered(made, asked("What do you think of the sea?", tools=tools), "ok")
    assert "set_timer" not in texts[-1]
    made.close()


def test_a_small_model_does_not_ramble(tmp_path, library):
    written = "It is one. Here comes two. Then there is three. And four of them. Five now."
    path = write_llama(tmp_path / "rambling.gguf", written)
    made = LlamaDialogue(model=str(path), context=512, threads=1, library=library)
    assert "".join(answered(made, asked("Hi!"))).strip().endswith("three.")
    made.configure(sentences=5)
    assert "".join(answered(made, asked("Hi!"))).strip() == written
    made.close()


def test_empty_answer_is_reported(tmp_path, library):
    path = write_llama(tmp_path / "thinking.gguf", "<think>Who is it? And why?")
    made = LlamaDialogue(model=str(path), context=512, threads=1, library=library)
    with pytest.raises(EngineFailed, match="and said nothing"):
        answered(made, asked("Hi!"))
    made.close()


def test_thought_begun_by_the_template_is_left_out(tmp_path, library):
    template = TEMPLATE.replace("<|im_start|>assistant\n", "<|im_start|>assistant\n<think>\n")
    path = write_llama(tmp_path / "t.gguf", "Hm, who?</think> Hello there.", template=template)
    made = LlamaDialogue(model=str(path), context=512, threads=1, library=library)
    assert "".join(answered(made, asked("Hi!"))).strip() == "Hello there."
    made.close()
