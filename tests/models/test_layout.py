"""What the catalog brings is what engines load: files of the same names, and no others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avatar_app.bench.scripted.kokoro import write_kokoro
from avatar_app.bench.scripted.llama import write_llama
from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.core.jobs import Job
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk
from avatar_app.media.sound_reader import read_sound
from avatar_app.models.catalog import Model, user_catalog
from avatar_app.models.importing import import_model
from avatar_app.models.store import Store
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.system.paths import app_paths

SPEECH = Path(__file__).parents[1] / "data" / "goforward.wav"
HEARD = "please tell me something nice"


def whisper_as_published(folder: Path) -> None:
    """Sizes up to medium list their words in a text file."""
    write_whisper(folder, HEARD)
    words = json.loads((folder / "vocabulary.json").read_text())
    (folder / "vocabulary.txt").write_text("\n".join(words))


def large_whisper_as_published(folder: Path) -> None:
    write_whisper(folder, HEARD)
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": 80}))


def llama_as_published(folder: Path) -> None:
    write_llama(folder / "Llama-3.2-1B-Instruct-Q4_K_M.gguf", "Hello.")


def hears(engine: Any) -> str:
    speech = read_sound(SPEECH).samples
    blocks = (
        AudioChunk(speech[at : at + MICROPHONE_BLOCK], MICROPHONE_RATE, at)
        for at in range(0, len(speech), MICROPHONE_BLOCK)
    )
    return [each.text for each in engine.transcribe(blocks, Turn(0))][-1]


def answers(engine: Any) -> str:
    return "".join(engine.reply(Prompt((Message(Role.USER, "Hi"),)), Turn(0)))


def speaks(engine: Any) -> str:
    return "".join(word.text for chunk in engine.speak("Hello.", Turn(0)) for word in chunk.words)


def published(name: str) -> Model:
    """The entry, but any bytes may have its files' names."""
    model = user_catalog(app_paths().models).find(name)
    files = [file.model_copy(update={"bytes": None, "sha256": None}) for file in model.files]
    return model.model_copy(update={"files": tuple(files)})


@pytest.mark.parametrize(
    ("name", "write", "use", "result"),
    [
        ("whisper-tiny", whisper_as_published, hears, HEARD),
        ("whisper-large-v3-turbo", large_whisper_as_published, hears, HEARD),
        ("llama-3.2-1b", llama_as_published, answers, "Hello."),
        ("kokoro-v1.0", write_kokoro, speaks, "Hello."),
    ],
)
def test_the_files_of_the_catalog_suffice(
    name: str,
    write: Callable[[Path], object],
    use: Callable[[Any], str],
    result: str,
    tmp_path: Path,
) -> None:
    model, store, mine = published(name), Store.of(app_paths()), tmp_path / "mine"
    mine.mkdir()
    write(mine)
    store.accept(model)
    import_model(Job(name, lambda _: mine), mine, model, store)
    shutil.rmtree(mine)
    installed = {path.name for path in store.folder(model).iterdir()}
    assert installed == {*model.contents, "record.json"}
    registry = Registry()
    manifest = registry.find(model.kind, model.engine)
    options = {"model": name} | ({"threads": 1} if name != "kokoro-v1.0" else {})
    engine = create_engine(registry, manifest, options)  # in a process of its own
    try:
        assert use(engine).strip() == result
    finally:
        engine.close()
