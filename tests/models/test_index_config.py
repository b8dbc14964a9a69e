"""The indexes asked are those that pip and npm are set up for; no address keeps a password."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi
import pytest

from avatar_app.models.errors import DownloadFailed
from avatar_app.models.index_config import NPM, PYPI, IndexConfig, read_index_config


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.upper().startswith(("PIP_", "NPM_CONFIG_", "NODE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setattr("avatar_app.models.index_config._NPM_FILES", (str(tmp_path / ".npmrc"),))


def test_without_settings_the_public_indexes_are_asked() -> None:
    assert read_index_config() == IndexConfig((PYPI,), NPM)


def test_environment_configures_the_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:se%40cret@mirror.example:8443/simple/")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "file:///opt/simple https://second.example/simple")
    monkeypatch.setenv("npm_config_registry", "https://npm.example/")
    config = read_index_config()
    assert config.pypi == ("https://mirror.example:8443/simple", "https://second.example/simple")
    assert config.npm == "https://npm.example"
    assert config.passwords == {"mirror.example:8443": "me:se@cret"}


def test_environment_overrides_pip_configuration_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pip = tmp_path / "pip.conf"
    pip.write_text(f"[global]\nindex-url = https://a.example/simple\ncert = {certifi.where()}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(pip))
    monkeypatch.setenv("COMPANY", "npm.example")
    (tmp_path / ".npmrc").write_text('; mine\nregistry = "https://${COMPANY}/all/"\n@x:a=b\nodd\n')
    config = read_index_config()
    assert config.pypi == ("https://a.example/simple",)
    assert config.npm == "https://npm.example/all"
    assert config.certificates == (Path(certifi.where()),)
    assert isinstance(config.trust(), ssl.SSLContext)
    monkeypatch.setenv("PIP_INDEX_URL", "https://b.example/simple")
    assert read_index_config().pypi == ("https://b.example/simple",)
    pip.write_text("[global]\nindex-url = https://a\n[download]\nindex-url = https://c\n")
    monkeypatch.delenv("PIP_INDEX_URL")
    assert read_index_config().pypi == ("https://c",)


def test_certificate_file_without_certificates_is_reported(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    with pytest.raises(DownloadFailed, match="contains no readable certificates"):
        IndexConfig(certificates=(tmp_path / "ca.pem",)).trust()


def test_pips_no_index_option_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert read_index_config().pypi == ()


def test_without_pip_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatar_app.models.index_config.find_spec", lambda name: None)
    monkeypatch.setenv("PIP_INDEX_URL", "https://b.example/simple")
    assert read_index_config().pypi == ("https://b.example/simple",)
