"""The catalog says where each model comes from; nothing in it leads outside or astray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from avatar_app.core.errors import ConfigInvalid
from avatar_app.models.catalog import (
    Catalog,
    is_safe,
    parse_catalog,
    read_catalog,
    user_catalog,
)
from avatar_app.runtime.registry import Registry
from avatar_app.system import paths

SHIPPED = paths.shipped("models") / "catalog.yaml"


@pytest.fixture
def catalog() -> Catalog:
    return read_catalog(SHIPPED)


def test_the_catalog_has_the_recommended_models(catalog: Catalog) -> None:
    sizes = ("tiny", "base", "small", "medium", "large-v3", "large-v3-turbo")
    wanted = {f"whisper-{size}" for size in sizes}
    wanted |= {"llama-3.2-1b", "llama-3.2-3b", "qwen2.5-1.5b", "qwen3-4b", "kokoro-v1.0"}
    wanted |= {"vctk-vits", "xtts-v2", "wav2lip", "wav2lip_gan", "s3fd", "gfpgan-1.3", "gfpgan-1.4"}
    assert wanted <= set(catalog.by_id)


def test_every_model_names_the_source_of_its_hashes(catalog: Catalog) -> None:
    for model in catalog.models:
        assert len(model.source) > 40, model.id
        for file in model.files:
            assert (file.sha256 is None) == (file.bytes is None), (model.id, file.name)
            if file.sha256 is None:
                assert "pinned at the first download" in model.source, model.id


def test_non_commercial_licenses_must_be_accepted(catalog: Catalog) -> None:
    restricted = {model.id for model in catalog.models if model.license.non_commercial}
    assert restricted == {"wav2lip", "wav2lip_gan", "xtts-v2"}
    for name in restricted:
        license = catalog.by_id[name].license
        assert license.must_accept
        assert "commercial" in license.notice
        assert license.url in license.notice


def test_the_catalog_has_all_models_that_engines_need(catalog: Catalog) -> None:
    needed = {name for manifest in Registry().all() for name in manifest.needs.models}
    assert needed - set(catalog.by_id) == set()


def test_models_are_known_by_coquis_names(catalog: Catalog) -> None:
    names = {
        "tts_models/en/ljspeech/glow-tts": "ljspeech-glow-tts",
        "tts_models/en/ljspeech/tacotron2-DDC": "ljspeech-tacotron2-ddc",
        "tts_models/en/vctk/vits": "vctk-vits",
        "tts_models/multilingual/multi-dataset/xtts_v2": "xtts-v2",
    }
    assert {name: catalog.find(name).id for name in names} == names
    assert "vocoder/config.json" in catalog.by_id["ljspeech-glow-tts"].contents


def test_misspelled_name_suggests_the_right_one(catalog: Catalog) -> None:
    with pytest.raises(ConfigInvalid, match="Did you mean whisper-tiny"):
        catalog.find("whisper_tiny")
    with pytest.raises(ConfigInvalid, match="models list"):
        catalog.find("qqqq")


PACKAGE = {"index": "pypi", "package": "a-b", "version": "1.0", "member": "a/b"}


def document(**changed: Any) -> dict[str, Any]:
    file = {"name": "a.bin", "urls": ["https://example.org/a.bin"], "bytes": 1, "sha256": None}
    entry = {
        "id": "a", "kind": "asr", "engine": "e", "title": "A", "summary": "", "license": "MIT",
        "source": "a test", "files": [file | changed.pop("file", {})],
    }  # fmt: skip
    license = {"title": "MIT", "url": "https://example.org"}
    return {"licenses": {"MIT": license}, "models": [entry | changed]}


@pytest.mark.parametrize(
    "changed",
    [
        {"file": {"name": "../a.bin"}},
        {"file": {"name": "/etc/passwd"}},
        {"file": {"name": "C:\\a"}},
        {"file": {"name": "a.bin.part"}},
        {"file": {"name": ".hidden"}},
        {"file": {"urls": []}},
        {"file": {"urls": ["http://example.org/a"]}},
        {"file": {"urls": ["ftp://127.0.0.1/a"]}},
        {"file": {"sha256": "abc"}},
        {"file": {"bytes": 0}},
        {"file": {"holds": ["../a"]}},
        {"file": {"packages": [PACKAGE | {"index": "ftp"}]}},
        {"file": {"packages": [PACKAGE | {"package": "../a"}]}},
        {"file": {"packages": [PACKAGE | {"version": "1.0/.."}]}},
        {"file": {"packages": [PACKAGE | {"member": "../a"}]}},
        {"file": {"packages": [PACKAGE], "recipe": "a cake"}},
        {"file": {"packages": [PACKAGE] * 2, "recipe": "npz of float32 (510,1,256) voices"}},
        {"id": "../a"},
        {"id": "A"},
        {"id": "pins.json"},
        {"kind": "toaster"},
        {"license": "unknown"},
        {"entry": "b.bin"},
        {"surprise": 1},
        {"files": []},
    ],
    ids=str,
)
def test_an_impossible_entry_is_reported(tmp_path: Path, changed: dict[str, Any]) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(yaml.safe_dump(document(**changed)))
    with pytest.raises(ConfigInvalid, match="is wrong"):
        read_catalog(path)


@pytest.mark.parametrize("text", ["", "models: 3", "[1", "models: [{}]", "- a"])
def test_invalid_catalog_file_is_reported(tmp_path: Path, text: str) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid, match="is wrong"):
        read_catalog(path)


def test_catalog_models_are_immutable() -> None:
    model = parse_catalog(document()).find("a")
    with pytest.raises(ValueError, match="frozen"):
        model.title = "B"  # type: ignore[misc]
    assert model.bytes == 1


def test_model_may_have_packages_as_its_only_source() -> None:
    entry = parse_catalog(document(file={"urls": [], "packages": [PACKAGE]})).find("a")
    assert str(entry.files[0].packages[0].release) == "a-b 1.0 (PyPI)"


def test_the_users_own_catalog_adds_and_replaces(tmp_path: Path) -> None:
    own = document()
    own["models"].append(own["models"][0] | {"id": "wav2lip", "title": "Mine"})
    (tmp_path / "catalog.yaml").write_text(yaml.safe_dump(own))
    both = user_catalog(tmp_path)
    assert both.find("wav2lip").title == "Mine"
    assert both.find("a").title == "A"
    assert both.find("whisper-tiny").title == "Whisper tiny"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/a", True),
        ("http://127.0.0.1:8/a", True),
        ("http://[::1]/a", True),
        ("http://example.org/a", False),
        ("http://127.0.0.1.example.org/a", False),
        ("http://user@example.org:80/127.0.0.1", False),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("//example.org", False),
    ],
)
def test_only_https_or_loopback_addresses_are_accepted(url: str, *, safe: bool) -> None:
    assert is_safe(url) is safe


def test_remote_server_may_not_redirect_to_loopback() -> None:
    assert not is_safe("http://127.0.0.1/admin", from_loopback=False)
