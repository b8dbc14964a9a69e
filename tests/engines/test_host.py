"""An engine in a process of its own may do what it likes; the conversation goes on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hosted_engines import (
    DeafRecognizer,
    FragileVoice,
    TinyDialogue,
    TinyFace,
    TinyRecognizer,
    TinyVoice,
    break_while_loading,
    die_while_loading,
    load_at_the_second_try,
    load_for_ever,
    load_slowly,
    refuse_to_load,
)

from avatar_app.core.errors import (
    AvatarError,
    EngineFailed,
    InputInvalid,
    ModelMissing,
    OutOfMemory,
)
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, FaceState, SpeechChunk, ToolCall, ToolResult
from avatar_app.engines.hosting.host import Host
from avatar_app.engines.hosting.hosted import (
    HostedDialogue,
    HostedFace,
    HostedRecognizer,
    HostedVoice,
)
from avatar_app.engines.hosting.messages import CREDIT

SOONER = 30.0
"""Seconds: the engine itself would wait for twice as long."""


@pytest.fixture(scope="module")
def shared() -> Iterator[HostedVoice]:
    """A voice for the tests after which it is alive."""
    host = HostedVoice(TinyVoice, "The voice")
    yield host
    host.close()


@pytest.fixture
def made() -> Iterator[Callable[..., Any]]:
    """Makes hosts, and closes them after the test."""
    hosts: list[Host] = []

    def make(kind: type[Host], factory: Callable[[], Any], patience: float = 20.0) -> Any:
        hosts.append(kind(factory, "The engine", patience))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


def speak(host: HostedVoice, text: str, turn: Turn | None = None) -> list[str]:
    return [chunk.text for chunk in host.speak(text, turn or Turn(1))]


def child_of(host: HostedVoice) -> int:
    return int(speak(host, "process")[0])


def test_speech_chunks_cross_the_process_boundary(shared: HostedVoice) -> None:
    chunks = list(shared.speak("say one two three", Turn(1)))
    assert [chunk.text for chunk in chunks] == ["one", "two", "three"]
    assert [chunk.audio.start for chunk in chunks] == [0, 1, 2]
    assert chunks[0].audio.samples.dtype == np.float32
    assert child_of(shared) != os.getpid()


def test_turn_crosses_the_process_boundary(shared: HostedVoice) -> None:
    assert speak(shared, "turn", Turn(42, "hello")) == ["42 hello"]


def test_concurrent_calls_do_not_mix(shared: HostedVoice) -> None:
    texts = [f"say {' '.join(f'{n}-{i}' for i in range(20))}" for n in range(8)]
    heard: dict[str, list[str]] = {}
    threads = [
        threading.Thread(target=lambda text=text: heard.update({text: speak(shared, text)}))
        for text in texts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert heard == {text: text.split()[1:] for text in texts}


@pytest.mark.parametrize(
    ("text", "error", "message", "hint"),
    [
        ("raise mendable", ModelMissing, "The model is missing.", "Fetch it."),
        ("raise own", EngineFailed, "It is my own.", "Mend it."),
        (
            "raise shortage",
            OutOfMemory,
            "There is not enough memory for this engine.",
            "Choose standard quality, use the CPU, or close other programs.",
        ),
    ],
)
def test_an_error_arrives_with_its_hint(
    shared: HostedVoice, text: str, error: type[AvatarError], message: str, hint: str
) -> None:
    with pytest.raises(error) as caught:
        speak(shared, text)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert speak(shared, "say on") == ["on"]


def test_unexpected_error_is_one_sentence_with_its_traceback_in_the_log(
    shared: HostedVoice, expected_warnings: list[str]
) -> None:
    expected_warnings.append(r"(?s)The voice failed:\n.*in _raise.*ZeroDivisionError: oops")
    with pytest.raises(EngineFailed, match="ZeroDivisionError: oops"):
        speak(shared, "raise bug")
    assert speak(shared, "say on") == ["on"]


def test_unpicklable_argument_is_reported(
    shared: HostedVoice, expected_warnings: list[str]
) -> None:
    expected_warnings.append("cannot pickle")
    with pytest.raises(EngineFailed, match="cannot pickle"):
        speak(shared, "unpicklable")
    assert speak(shared, "say on") == ["on"]


def test_unreadable_message_ends_only_the_child(
    made: Callable[..., Any], expected_warnings: list[str]
) -> None:
    expected_warnings.append("sent what cannot be read")
    host = made(HostedVoice, TinyVoice)
    with pytest.raises(EngineFailed, match="sent what cannot be read"):
        speak(host, "unknown")
    assert speak(host, "say on") == ["on"]


def test_blocked_call_is_cancelled_immediately(shared: HostedVoice) -> None:
    turn = Turn(1)
    stream = shared.speak("block", turn)
    assert next(stream).text == "before"
    cancelled_at: list[float] = []

    def cancel() -> None:
        cancelled_at.append(time.monotonic())
        turn.cancel()

    timer = threading.Timer(0.05, cancel)
    timer.start()
    with pytest.raises(TurnCancelled):
        next(stream)
    assert time.monotonic() - cancelled_at[0] < SOONER
    timer.join()
    assert speak(shared, "say on") == ["on"]


def test_fast_call_is_cancelled_immediately(shared: HostedVoice, tmp_path: Path) -> None:
    counter = tmp_path / "count"
    turn = Turn(1)
    stream = shared.speak(f"count {counter}", turn)
    for _ in range(50):
        next(stream)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(stream)
    speak(shared, "say on")
    speak(shared, "say on")
    made = counter.stat().st_size
    assert made <= 50 + CREDIT + 1
    speak(shared, "say on")
    assert counter.stat().st_size == made  # the child has stopped


def test_call_closed_early_ends_in_the_child(shared: HostedVoice, tmp_path: Path) -> None:
    counter = tmp_path / "count"
    stream = shared.speak(f"count {counter}", Turn(1))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    end = time.monotonic() + 60
    while not (tmp_path / "count.closed").exists():
        speak(shared, "say on")
        assert time.monotonic() < end, "its generator was not closed"
    made = counter.stat().st_size
    speak(shared, "say on")
    assert counter.stat().st_size == made


def test_child_computes_only_a_bounded_number_of_results_ahead(
    shared: HostedVoice, tmp_path: Path
) -> None:
    counter = tmp_path / "count"
    stream = shared.speak(f"count {counter}", Turn(1))
    for taken in (1, 5, 20):
        number = 0
        while number < taken:
            number = int(next(stream).text)
        speak(shared, "say on")  # the child had time
        speak(shared, "say on")
        assert taken <= counter.stat().st_size <= taken + CREDIT + 1
    stream.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("order", "code"), [("exit 3", 3), ("block", -9)])
def test_crash_fails_only_one_call(made: Callable[..., Any], order: str, code: int) -> None:
    host = made(HostedVoice, TinyVoice)
    first = child_of(host)
    stream = host.speak(order, Turn(1))
    assert next(stream).text == "before"
    if order == "block":
        os.kill(first, signal.SIGKILL)
    with pytest.raises(EngineFailed) as caught:
        next(stream)
    assert caught.value.message == f"The engine stopped (exit code {code})."
    assert caught.value.hint
    assert speak(host, "say we go on") == ["we", "go", "on"]
    assert child_of(host) != first


def test_crash_between_calls_is_recovered_silently(made: Callable[..., Any]) -> None:
    host = made(HostedVoice, TinyVoice)
    os.kill(child_of(host), signal.SIGKILL)
    host._child._reader.join(60)
    assert speak(host, "say on") == ["on"]


def test_crash_fails_all_running_calls(made: Callable[..., Any]) -> None:
    host = made(HostedVoice, TinyVoice)
    streams = [host.speak("block", Turn(number)) for number in range(3)]
    for stream in streams:
        next(stream)
    os.kill(child_of(host), signal.SIGKILL)
    for stream in streams:
        with pytest.raises(EngineFailed, match="exit code -9"):
            next(stream)


def test_options_survive_a_crash_but_invalid_ones_are_not_kept(made: Callable[..., Any]) -> None:
    host = made(HostedVoice, partial(TinyVoice, pitch=1, speed=1))
    host.configure(speed=2)
    with pytest.raises(InputInvalid, match="No such option"):
        host.configure(bad=True)
    assert speak(host, "options") == ["pitch=1 speed=2"]
    with pytest.raises(EngineFailed):
        speak(host, "exit 1")
    assert speak(host, "options") == ["pitch=1 speed=2"]


def test_hung_engine_is_killed_after_its_timeout(made: Callable[..., Any]) -> None:
    host = made(HostedVoice, TinyVoice, patience=0.3)
    host.wait_ready()
    child = host._child
    with pytest.raises(EngineFailed, match="does not answer; it was stopped"):
        speak(host, "hang")
    assert not child._process.is_alive()
    assert speak(host, "say on") == ["on"]


def blocks(count: int, value: float = 0.0) -> Iterator[AudioChunk]:
    for index in range(count):
        yield AudioChunk(np.full(160, value, np.float32), 16000, index * 160)


def test_live_input_is_streamed_to_the_child(made: Callable[..., Any]) -> None:
    host = made(HostedRecognizer, TinyRecognizer)
    spoken = threading.Semaphore(0)

    def speaking() -> Iterator[AudioChunk]:
        for block in blocks(3):
            spoken.acquire()
            yield block

    stream = host.transcribe(speaking(), Turn(1))
    for expected in ("160", "320", "480"):
        spoken.release()
        assert next(stream).text == expected
    spoken.release()
    assert [(t.text, t.final) for t in stream] == [("480", True)]


def test_waiting_for_input_does_not_count_as_a_hang(made: Callable[..., Any]) -> None:
    host = made(HostedRecognizer, TinyRecognizer, patience=0.2)
    host.wait_ready()
    go_on = threading.Event()
    timer = threading.Timer(0.7, go_on.set)
    timer.start()

    def speaking() -> Iterator[AudioChunk]:
        yield from blocks(1)
        go_on.wait(60)
        yield from blocks(1)

    assert [t.text for t in host.transcribe(speaking(), Turn(1))] == ["160", "320", "320"]
    timer.join()


def test_engine_hanging_after_its_input_is_killed(made: Callable[..., Any]) -> None:
    host = made(HostedRecognizer, TinyRecognizer, patience=0.3)
    host.wait_ready()
    with pytest.raises(EngineFailed, match="does not answer"):
        list(host.transcribe(blocks(1, -1.0), Turn(1)))
    assert [t.text for t in host.transcribe(blocks(1), Turn(1))] == ["160", "160"]


def test_cancelled_input_cancels_the_call(made: Callable[..., Any]) -> None:
    host = made(HostedRecognizer, TinyRecognizer)
    turn = Turn(1)

    def speaking() -> Iterator[AudioChunk]:
        yield from blocks(2)
        turn.cancel()
        turn.check()

    with pytest.raises(TurnCancelled):
        list(host.transcribe(speaking(), turn))
    assert [t.text for t in host.transcribe(blocks(1), Turn(2))] == ["160", "160"]


def test_tools_are_called_in_the_parent_process(made: Callable[..., Any]) -> None:
    host = made(HostedDialogue, TinyDialogue)
    reply = host.reply(Prompt((Message(Role.USER, "the weather"),)), Turn(1))
    assert next(reply) == "Let me see. "
    assert reply.send(None) == ToolCall("look_up", {"what": "the weather"})
    assert reply.send(ToolResult("fine")) == "It is fine. "
    assert reply.send(None) == ToolCall("again")
    assert reply.send(ToolResult(error="Ask later.")) == "And None."
    with pytest.raises(StopIteration):
        next(reply)


def test_tool_call_can_be_cancelled(made: Callable[..., Any]) -> None:
    host = made(HostedDialogue, TinyDialogue)
    prompt = Prompt((Message(Role.USER, "the weather"),))
    turn = Turn(1)
    reply = host.reply(prompt, turn)
    next(reply)
    next(reply)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        reply.send(ToolResult("fine"))
    assert next(host.reply(prompt, Turn(2))) == "Let me see. "


def test_large_frames_are_transferred_while_idle_frames_continue(made: Callable[..., Any]) -> None:
    host = made(HostedFace, TinyFace)
    assert host.fps == 12.5
    chunk = SpeechChunk(AudioChunk(np.zeros(4800, np.float32), 48000), "word")
    frames = []
    for frame in host.perform(iter([chunk] * 10), Turn(1)):
        frames.append(frame)
        assert host.rest(FaceState.IDLE).pose == "idle"
    assert [frame.at for frame in frames] == pytest.approx([i / 12.5 for i in range(10)])
    assert [int(frame.image[-1, -1, -1]) for frame in frames] == list(range(10))
    assert frames[0].image.shape == (1080, 1920, 3)
    assert frames[0].pose == "word"
    after = next(host.perform(iter([chunk]), Turn(2), frames[-1]))
    assert int(after.image[0, 0, 0]) == 9
    assert host.rest(FaceState.NODDING, after).pose == "nodding"


@pytest.mark.parametrize(
    ("factory", "error", "message"),
    [
        (refuse_to_load, ModelMissing, "The model is missing."),
        (die_while_loading, EngineFailed, r"The engine stopped \(exit code 7\)."),
    ],
)
def test_load_error_is_reported(
    made: Callable[..., Any], factory: Callable[[], Any], error: type[AvatarError], message: str
) -> None:
    host = made(HostedVoice, factory)
    for _ in range(2):  # and each call tries again
        with pytest.raises(error, match=message):
            speak(host, "say hello")


def test_unexpected_error_while_loading_is_reported(
    made: Callable[..., Any], expected_warnings: list[str]
) -> None:
    expected_warnings.append("RuntimeError: oops")
    with pytest.raises(EngineFailed, match="RuntimeError: oops"):
        made(HostedVoice, break_while_loading).wait_ready()


def test_loading_can_be_retried(made: Callable[..., Any], tmp_path: Path) -> None:
    host = made(HostedVoice, partial(load_at_the_second_try, str(tmp_path / "tried")))
    with pytest.raises(ModelMissing):
        host.wait_ready()
    assert speak(host, "options") == ["loaded=at last"]


def test_first_call_waits_for_a_slow_engine(made: Callable[..., Any]) -> None:
    host = made(HostedVoice, load_slowly)
    assert speak(host, "options") == ["loaded=slowly"]


def test_closing_leaves_no_process_thread_or_file() -> None:
    files = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    host = HostedVoice(TinyVoice, "A voice that is closed")
    child = child_of(host)
    host.close()
    assert child not in [process.pid for process in multiprocessing.active_children()]
    assert "A voice that is closed host" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(EngineFailed, match="is closed"):
        speak(host, "say hello")
    del host
    if files:
        assert len(os.listdir("/proc/self/fd")) <= files + 1  # but the resource tracker's


def test_engine_is_not_closed_during_a_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    host = HostedVoice(FragileVoice, "The voice")
    stream = host.speak("on", Turn(1))
    next(stream)
    host.close()
    assert "the handle is gone" not in caplog.text


def test_engine_can_be_closed_while_loading_or_hanging() -> None:
    before = multiprocessing.active_children()
    loading = HostedVoice(load_slowly, "The voice")
    loading.close()
    hanging = HostedVoice(TinyVoice, "The voice", patience=60)
    stream = hanging.speak("block", Turn(1))
    next(stream)
    hanging.close()
    with pytest.raises(EngineFailed, match="stopped"):
        next(stream)
    assert set(multiprocessing.active_children()) <= set(before)


def test_closing_does_not_wait_for_a_pending_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = HostedVoice(load_for_ever, "The voice")
    failures: list[EngineFailed] = []
    waits, await_ready = threading.Event(), host._await_ready
    monkeypatch.setattr(host, "_await_ready", lambda *given: (waits.set(), await_ready(*given)))

    def wait() -> None:
        with pytest.raises(EngineFailed) as caught:
            host.wait_ready()
        failures.append(caught.value)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert waits.wait(60)
    closing = threading.Thread(target=host.close, daemon=True)
    closing.start()
    closing.join(60)
    assert not closing.is_alive()
    waiting.join(60)
    assert "stopped" in failures[0].message


def test_an_unresponsive_child_does_not_block_the_host(made: Callable[..., Any]) -> None:
    host = made(HostedRecognizer, DeafRecognizer, patience=0.5)
    host.wait_ready()
    blocks = (AudioChunk(np.zeros(1600, np.float32), 16000, start) for start in range(500))
    failures: list[EngineFailed] = []

    def listen() -> None:
        with pytest.raises(EngineFailed, match="does not answer") as caught:
            list(host.transcribe(blocks, Turn(1)))
        failures.append(caught.value)

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    listening.join(60)
    assert failures
