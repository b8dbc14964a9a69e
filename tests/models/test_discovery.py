"""Models of other programs are found where they lie, and read without being loaded."""

from __future__ import annotations

import json
import os
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from avatar_app.bench.scripted.llama import write_llama
from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.cli import main as cli
from avatar_app.core.errors import InputInvalid
from avatar_app.models.discovery import Found, found_models
from avatar_app.models.gguf import read_header


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("gguf") / "small.gguf", "Hello there.", context=512)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_whisper(tmp_path_factory.mktemp("made") / "whisper", "go forward")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HF_HOME", "HF_HUB_CACHE", "OLLAMA_MODELS", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    return tmp_path


def put(model: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(model, target)
    return target


def put_ollama(model: Path, root: Path, digest: str = "ab" * 32, name: str = "3b") -> Path:
    blob = put(model, root / "blobs" / f"sha256-{digest}")
    manifest = root / "manifests" / "registry.ollama.ai" / "library" / "llama3.2" / name
    manifest.parent.mkdir(parents=True, exist_ok=True)
    template = {"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:00"}
    weights = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"}
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [template, weights]}))
    return blob


def by_source(*folders: str) -> dict[str, Found]:
    return {each.source: each for each in found_models(folders)}


def test_model_is_identified_by_its_header(gguf):
    header = read_header(gguf)
    assert header.architecture == "llama"
    assert header.context == 512
    assert header.quantization == "F32"
    vocabulary = (gguf.stat().st_size // 4 - header.parameters) * 4
    assert 0 < vocabulary < gguf.stat().st_size, "all weights were counted"


def test_models_of_every_known_program_are_found(home, gguf, whisper):
    hub = home / ".cache/huggingface/hub/models--Systran--faster-whisper-tiny"
    snapshot = hub / "snapshots" / "0123abcd"
    snapshot.mkdir(parents=True)
    for file in whisper.iterdir():  # the hub keeps files under their hash and links to them
        blob = put(file, hub / "blobs" / f"of-{file.name}")
        (snapshot / file.name).symlink_to(os.path.relpath(blob, snapshot))
    in_studio = put(gguf, home / ".lmstudio/models/maker/small-GGUF/small-Q8.gguf")
    in_gpt4all = put(gguf, home / ".local/share/nomic.ai/GPT4All/small.gguf")
    in_ollama = put_ollama(gguf, home / ".ollama/models")
    named = put(gguf, home / "mine" / "other.GGUF")
    found = by_source(str(home / "mine"))
    assert found["Hugging Face"].path == snapshot
    assert found["Hugging Face"].name == "Systran/faster-whisper-tiny"
    assert found["Hugging Face"].engine == "whisper"
    assert found["LM Studio"].path == in_studio
    assert found["Ollama"].path == in_ollama
    assert found["Ollama"].name == "llama3.2:3b"
    assert found["your folder"].path == named
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert found["GPT4All"].path == in_gpt4all
    assert not any(each.flaw for each in found.values())


def test_environment_variables_of_the_programs_are_respected(home, gguf):
    directory = home / "elsewhere"
    put(gguf, directory / "hub/models--a--b/snapshots/1/b.gguf")
    put(gguf, directory / "cache/models--a--b/snapshots/1/b.gguf")
    put_ollama(gguf, directory / "ollama")

    def found(**environ: str) -> list[Path]:
        return [each.path.relative_to(directory) for each in found_models((), home, environ)]

    assert found() == []
    assert found(HF_HOME=str(directory))[0].parts[0] == "hub"
    assert found(HF_HUB_CACHE=str(directory / "cache"))[0].parts[0] == "cache"
    assert found(OLLAMA_MODELS=str(directory / "ollama"))[0].parts[0] == "ollama"


def test_duplicate_models_are_listed_once(home, gguf):
    path = put(gguf, home / ".lmstudio/models/a/b/c.gguf")
    (home / "mine").mkdir()
    (home / "mine" / "link.gguf").symlink_to(path)
    assert len(found_models([str(home / "mine")])) == 1


def test_models_without_chat_are_omitted(home, gguf, whisper):
    mine = home / "mine"
    speech = mine / "translator"
    shutil.copytree(whisper, speech)
    (speech / "model.bin").write_bytes(b"\x06\0\0\0\x10\0TransformerSpec\0" + bytes(99))
    wrong = gguf.read_bytes().replace(b"\x05\0\0\0\0\0\0\0llama", b"\x04\0\0\0\0\0\0\0clip", 1)
    (mine / "projector.gguf").write_bytes(wrong)
    (mine / "dangling.gguf").symlink_to(mine / "nothing")
    os.mkfifo(mine / "pipe.gguf")
    assert found_models([str(mine), str(home / "nowhere")]) == ()


def test_a_damaged_model_is_listed_with_its_flaw(home, gguf, capsys, monkeypatch):
    mine = home / "mine"
    mine.mkdir()
    (mine / "short.gguf").write_bytes(gguf.read_bytes()[:-200_000])
    (mine / "text.gguf").write_text("version https://git-lfs.github.com/spec/v1")
    flaws = {each.name: each.flaw for each in found_models([str(mine)])}
    assert "ends too early" in flaws["short"]
    assert "not a complete GGUF" in flaws["text"]
    monkeypatch.setenv("AVATAR_MODELS__FOLDERS", json.dumps([str(mine)]))
    monkeypatch.setattr("sys.argv", ["avatar-app", "models", "scan"])
    assert cli.run_command_line() == 0
    output = capsys.readouterr().out
    assert "ends too early" in output
    assert "--set" not in output


def test_hostile_manifests_are_ignored(home, gguf):
    root = home / ".ollama/models"
    put_ollama(gguf, root)
    folder = root / "manifests/registry.ollama.ai/library/evil"
    folder.mkdir()
    layer = {"mediaType": "application/vnd.ollama.image.model"}
    for name, content in {
        "up": json.dumps({"layers": [layer | {"digest": "sha256-../../../../etc/passwd"}]}),
        "list": "[1, 2]",
        "deep": "[" * 100_000,
        "strange": json.dumps({"layers": {"a": 1}}),
        "none": json.dumps({"layers": [layer, 3, None]}),
        "broken": "{",
    }.items():
        (folder / name).write_text(content)
    (folder / "bytes").write_bytes(b"\xff\xfe\x00")
    assert [each.name for each in found_models()] == ["llama3.2:3b"]


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<IQQ", 3, 0, 1 << 60),
        struct.pack("<IQQ", 3, 1 << 60, 0),
        struct.pack("<IQQ", 9, 0, 0),
        struct.pack("<IQQQ", 3, 0, 1, 1 << 50),
        struct.pack("<IQQ", 3, 0, 1) + text(b"a") + struct.pack("<IIQ", 9, 0, 1 << 62),
        struct.pack("<IQQ", 3, 0, 1) + text(b"a") + struct.pack("<IIQ", 9, 9, 3),
        struct.pack("<IQQ", 3, 0, 1) + text(b"a") + struct.pack("<I", 77),
        struct.pack("<IQQ", 3, 1, 0) + text(b"a") + struct.pack("<I", 1 << 31),
        struct.pack("<IQQ", 3, 1, 0) + text(b"w") + struct.pack("<IQIQ", 1, 4, 0, 1 << 60),
    ],
)
def test_hostile_headers_are_refused_immediately(tmp_path, content):
    path = tmp_path / "hostile.gguf"
    path.write_bytes(b"GGUF" + content + bytes(64))
    with pytest.raises(InputInvalid, match="not a complete GGUF"):
        read_header(path)


def flipped(gguf: Path, at: int, byte: int, folder: Path) -> Path:
    """The beginning of a model, one byte of it another one."""
    content = bytearray(gguf.read_bytes()[:200_000])
    content[at] = byte
    path = folder / "flipped.gguf"
    path.write_bytes(content)
    return path


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(4, 2000), byte=st.integers(0, 255))
@example(at=8, byte=0)  # no tensors
def test_flipped_byte_causes_no_crash(tmp_path, gguf, at, byte):
    with pytest.raises(InputInvalid):  # for it is cut off as well
        read_header(flipped(gguf, at, byte, tmp_path))


def test_file_without_weights_is_not_a_model(tmp_path, gguf):
    with pytest.raises(InputInvalid, match="it contains no weights"):
        read_header(flipped(gguf, 8, 0, tmp_path))


def test_the_first_of_several_files_may_hold_no_weights(tmp_path):
    """As llama.cpp's gguf-split writes it with --no-tensor-first-split."""
    key, count = text(b"split.count"), struct.pack("<IH", 2, 2)
    (tmp_path / "a.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + key + count)
    assert read_header(tmp_path / "a.gguf").parameters == 0


def test_the_vocabulary_is_counted_where_its_size_is_not_stated(tmp_path):
    tokens = struct.pack("<IIQ", 9, 8, 3) + text(b"a") + text(b"bc") + text(b"")
    entries = text(b"split.count") + struct.pack("<IH", 2, 2) + text(b"tokenizer.ggml.tokens")
    content = b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + entries + tokens
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    assert read_header(path).vocabulary == 3
    assert read_header(path) is read_header(path)  # it is read once
    path.write_bytes(content[:-9])  # a copy that stopped is noticed, although it was read before
    with pytest.raises(InputInvalid, match="it ends too early"):
        read_header(path)


def test_the_command_line_says_how_to_use_one(home, gguf, capsys, monkeypatch):
    path = put(gguf, home / "my models" / "small.gguf")
    monkeypatch.setenv("AVATAR_MODELS__FOLDERS", json.dumps([str(path.parent)]))
    monkeypatch.setattr("sys.argv", ["avatar-app", "models", "scan", "--json"])
    assert cli.run_command_line() == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["path"] == str(path)
    assert row["architecture"] == "llama"
    assert f"--set 'dialogue.options.model={path}'" in row["use"]
    monkeypatch.delenv("AVATAR_MODELS__FOLDERS")
    monkeypatch.setattr("sys.argv", ["avatar-app", "models", "scan"])
    assert cli.run_command_line() == 0
    assert "models.folders" in capsys.readouterr().out
