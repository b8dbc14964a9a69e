"""Missing, damaged and hostile files of Coqui's models: a sentence and a hint; nothing is run."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from avatar_app.core.errors import AvatarError, InputInvalid, ModelMissing
from avatar_app.core.manifest import Kind
from avatar_app.engines.tts.coqui.engine import CoquiVoice
from avatar_app.runtime.registry import Registry


class Hostile:
    """Unpickled, it makes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.fixture(params=["vits", "xtts"])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Of a network's folder, to spoil."""
    return shutil.copytree(request.getfixturevalue(request.param), tmp_path / "copy")


def weights(folder: Path) -> Path:
    return next(folder.glob("model*.pth"))


def refused(folder: Path, kind: type[AvatarError] = InputInvalid) -> AvatarError:
    with pytest.raises(kind) as error:
        CoquiVoice(model=str(folder), threads=1)
    assert error.value.message.count(". ") == 0
    assert error.value.hint
    return error.value


def test_coqui_is_installed_and_importable() -> None:
    manifest = Registry().find(Kind.TTS, "coqui")
    assert Registry().missing_packages(manifest) == ()
    assert Registry().load_class(manifest) is CoquiVoice


def test_missing_files_are_reported(tmp_path: Path, copy: Path) -> None:
    assert "No Coqui voice" in refused(tmp_path / "nowhere", ModelMissing).message
    weights(copy).unlink()
    assert "weights" in refused(copy, ModelMissing).message


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"model": 3}', '"vits"', "{}"])
def test_damaged_configuration_is_reported(copy: Path, content: str) -> None:
    (copy / "config.json").write_text(content)
    refused(copy)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "tacotron2"},
        {"characters": {"characters_class": "subprocess.Popen"}},
        {"characters": {"characters_class": ["TTS.tts."]}},
        {"model_args": {"hidden_channels": 7, "gpt_n_model_channels": 7}},
        {"model_args": {"num_layers_flow": 9, "gpt_layers": 3}},
    ],
)
def test_wrong_or_hostile_configuration_is_refused(copy: Path, change: dict[str, Any]) -> None:
    config = json.loads((copy / "config.json").read_text())
    for name, value in change.items():
        config[name] = (config.get(name) or {}) | value if isinstance(value, dict) else value
    (copy / "config.json").write_text(json.dumps(config))
    refused(copy)


@pytest.mark.parametrize("share", [0, 0.5, 0.999])
def test_truncated_weights_are_reported(copy: Path, share: float) -> None:
    content = weights(copy).read_bytes()
    weights(copy).write_bytes(content[: int(len(content) * share)])
    refused(copy)


def test_weights_with_code_are_refused(copy: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    content = torch.load(weights(copy), weights_only=True)
    torch.save(content | {"config": Hostile(trace)}, weights(copy))
    refused(copy)
    weights(copy).write_bytes(pickle.dumps({"model": Hostile(trace)}))
    refused(copy)
    assert not trace.exists()


def test_speaker_file_with_code_is_refused(xtts: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    copy = shutil.copytree(xtts, tmp_path / "copy")
    torch.save({"Ana": Hostile(trace)}, copy / "speakers_xtts.pth")
    refused(copy)
    with pytest.raises(InputInvalid, match="speakers"):
        CoquiVoice.speakers(str(copy))
    assert not trace.exists()


@pytest.mark.parametrize("content", ["", "[", "3", '{"p225": "one"}'])
def test_damaged_speaker_names_are_reported(vits: Path, tmp_path: Path, content: str) -> None:
    copy = shutil.copytree(vits, tmp_path / "copy")
    (copy / "speaker_ids.json").write_text(content)
    refused(copy)


def test_missing_vocabulary_is_reported(xtts: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(xtts, tmp_path / "copy")
    (copy / "vocab.json").unlink()
    config = json.loads((copy / "config.json").read_text())
    config["model_args"]["tokenizer_file"] = ""
    (copy / "config.json").write_text(json.dumps(config))
    refused(copy)
