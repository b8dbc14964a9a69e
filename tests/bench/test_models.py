"""The parts of `bench models`: each finds what is there, and is missed by an engine made worse."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from avatar_app.bench import importing, stopping, whole_chain
from avatar_app.bench.importing import measure_imports
from avatar_app.bench.progress import show_steps
from avatar_app.bench.rereading import measure_rereading
from avatar_app.bench.result import Report
from avatar_app.bench.scripted.engines import (
    FlatVoice,
    Plain,
    ScriptedDialogue,
    ScriptedRecognizer,
    wait,
)
from avatar_app.bench.scripted.llama import write_llama
from avatar_app.bench.stopping import measure_stopping
from avatar_app.bench.whole_chain import WholeChain, measure_whole_chain
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Prompt
from avatar_app.core.turn import Turn
from avatar_app.core.values import SpeechChunk
from avatar_app.engines.dialogue.llama.engine import LlamaDialogue
from avatar_app.engines.llama_cpp.backend import Evaluated


def test_progress_is_reported_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(show_steps("round", range(30))) == list(range(30))
    shown = capsys.readouterr()
    assert not shown.out
    assert [line.partition(",")[0] for line in shown.err.splitlines()] == [
        f"round {number} of 30" for number in range(1, 31, 3)
    ]


def test_a_chain_is_compared_with_its_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_chain, "SAYING", "Hello.")
    report = Report()
    chain = WholeChain(
        ScriptedRecognizer("hello", 0.1), ScriptedDialogue("Yes.", 0.1), FlatVoice(0.1)
    )
    measure_whole_chain(report, chain, 1)
    alone, together = report.metrics["engines_alone_p50"], report.metrics["first_sound_p50"]
    assert alone.value is not None
    assert together.value is not None
    assert alone.value >= 300
    assert together.value >= 300
    assert report.metrics["first_sound_rounds"].ok


def test_model_with_prompt_cache_meets_the_target(tmp_path: Path) -> None:
    model = write_llama(tmp_path / "small.gguf", "Yes.", context=4096)
    dialogue, report = LlamaDialogue(model=str(model), context=4096, threads=1), Report()
    measure_rereading(report, dialogue, 2)
    dialogue.close()
    assert report.metrics["reread_tokens"].ok


class Forgetful(ScriptedDialogue):
    """Reads everything anew."""

    def reply(self, prompt: Prompt, turn: Turn) -> Generator[str, None, None]:
        self.length = sum(len(message.text) for message in prompt.messages)
        yield from super().reply(prompt, turn)

    def evaluated(self) -> Evaluated:
        return Evaluated(self.length, self.length / 1000)


def test_a_model_without_prompt_cache_misses_the_target() -> None:
    report = Report()
    measure_rereading(report, Forgetful(), 1)
    assert not report.metrics["reread_tokens"].ok
    assert not report.metrics["reread_time"].ok


class Deaf(Plain):
    """Works on, whatever becomes of its turn."""

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        del text, turn
        wait(0.5)
        yield SpeechChunk(audio=None)  # type: ignore[arg-type]


def test_engine_that_ignores_cancellation_is_detected() -> None:
    report = Report()
    factories = {"deaf": (Kind.TTS, Deaf)}
    measure_stopping(report, factories, 1)
    assert report.metrics["cancel_deaf_p95"].value is not None
    assert not report.metrics["cancel_deaf_p95"].ok
    assert stopping.MOST_MS < report.metrics["cancel_deaf_p95"].value < 1500


def test_imports_of_installed_packages_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    extras = {"heavy": ("numpy",), "light": ("keyword",), "absent": ("no_such_module",)}
    monkeypatch.setattr(importing, "EXTRAS", extras)
    report = Report()
    measure_imports(report, 1)
    assert set(report.metrics) == {
        "import_heavy",
        "memory_heavy",
        "import_light",
        "memory_light",
    }
    memory = {name: metric.value or 0.0 for name, metric in report.metrics.items()}
    assert memory["memory_heavy"] > memory["memory_light"] + 5
