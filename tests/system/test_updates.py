"""Updates: found, verified and downloaded from a signed repository; hostile servers are refused."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from misbehaving import Site, serving
from update_repository import Publisher, publishing_tool

from avatar_app import __version__
from avatar_app.cli import main as cli
from avatar_app.core.errors import AvatarError, ConfigInvalid, InputInvalid
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.network_access import NetworkAccess
from avatar_app.system.network_guard import start_guard
from avatar_app.system.paths import app_paths
from avatar_app.system.updates import client as client_module
from avatar_app.system.updates.client import INDEX, Update, UpdateClient
from avatar_app.system.updates.source import shipped_source

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[Publisher]:
    with serving(Site()) as site:
        made = Publisher(tmp_path, site, publishing_tool())
        made.begin()
        yield made


@pytest.fixture
def client(tmp_path: Path, publisher: Publisher) -> UpdateClient:
    return UpdateClient(tmp_path / "user", publisher.source)


def look(client: UpdateClient) -> Update | None:
    return Job("looking", client.look).run()


def download(client: UpdateClient, update: Update) -> Path:
    return Job("downloading", lambda job: client.download(job, update)).run()


def refusal(client: UpdateClient) -> AvatarError:
    with pytest.raises(AvatarError) as raised:
        look(client)
    assert raised.value.hint
    return raised.value


def test_a_newer_version_is_found_and_downloaded(
    publisher: Publisher, client: UpdateClient
) -> None:
    installer = publisher.publish("99.1", b"version 99.1" * 100_000)
    found = look(client)
    assert found == Update("99.1", installer.name, 1_200_000)
    path = download(client, found)
    assert path.read_bytes() == installer.read_bytes()
    asked = len(publisher.site.asked)
    assert download(client, found) == path
    assert not any("99.1" in each.path for each in publisher.site.asked[asked:]), "it is there"


@pytest.mark.parametrize("version", ["0.0.1", __version__])
def test_same_or_older_version_is_no_update(
    version: str, publisher: Publisher, client: UpdateClient
) -> None:
    publisher.publish(version)
    assert look(client) is None


def test_version_without_an_installer_for_this_system_is_no_update(
    publisher: Publisher, client: UpdateClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish("99.1")
    monkeypatch.setattr(client_module, "this_system", lambda: "msi-arm64")
    assert look(client) is None


def test_a_rollback_is_refused(publisher: Publisher, client: UpdateClient) -> None:
    publisher.publish("99.1")
    before = dict(publisher.site.files)
    publisher.publish("99.2")
    assert look(client) is not None
    publisher.site.files = before
    assert "older state than before" in refusal(client).message


def test_a_frozen_source_is_refused(publisher: Publisher, client: UpdateClient) -> None:
    publisher.publish("99.1")
    publisher.renew(good_for=timedelta(days=-1))
    assert "not been renewed in time" in refusal(client).message
    publisher.renew(good_for=timedelta(days=1))
    assert look(client) is not None


def test_a_file_that_is_not_what_was_signed_is_refused(
    publisher: Publisher, client: UpdateClient
) -> None:
    publisher.publish("99.1")
    found = look(client)
    assert found is not None
    name = next(name for name in publisher.site.files if name.endswith(found.file))
    publisher.site.files[name] = b"an installed"
    with pytest.raises(InputInvalid, match="not what was signed"):
        download(client, found)
    assert not list((client._folder / "files").glob(f"*{found.file}"))


def test_another_publisher_is_refused(
    publisher: Publisher, client: UpdateClient, tmp_path: Path
) -> None:
    other = Publisher(tmp_path / "other", publisher.site, publisher.tool)
    other.folder.mkdir()
    other.begin()
    other.publish("99.9")
    assert "not signed by those who made this program" in refusal(client).message


@pytest.mark.parametrize("content", [b" ", b"[]", b'{"version": "x", "files": {}}', b"{}"])
def test_a_signed_index_without_a_version_is_refused(
    content: bytes, publisher: Publisher, client: UpdateClient
) -> None:
    publisher.publish_index(content)
    assert "lists no version" in refusal(client).message


@pytest.mark.parametrize("garbage", [b"", b"{", b"\x00" * 100, b'{"signed": {}}'])
def test_garbage_metadata_is_refused(
    garbage: bytes, publisher: Publisher, client: UpdateClient
) -> None:
    publisher.publish("99.1")
    publisher.site.files["metadata/timestamp.json"] = garbage
    refusal(client)


def test_unreachable_server_is_named(publisher: Publisher, client: UpdateClient) -> None:
    publisher.site.files.clear()
    assert refusal(client).message == "The update source cannot be reached."


def test_nothing_is_requested_when_the_network_is_disabled(
    publisher: Publisher, client: UpdateClient
) -> None:
    start_guard(lambda: NetworkAccess.NONE, app_paths())
    assert "network access is off" in refusal(client).message
    assert publisher.site.asked == []


def test_download_can_be_cancelled(publisher: Publisher, client: UpdateClient) -> None:
    publisher.publish("99.1", bytes(4_000_000))
    found = look(client)
    job: Job[Path] = Job("downloading", lambda job: client.download(job, found))
    job.when_progressed(lambda now: now.fraction > 0.2 and job.cancel())
    with pytest.raises(JobCancelled):
        job.run()
    assert not list((client._folder / "files").glob("*.deb"))


def test_a_build_without_a_source_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="names no source of updates"):
        shipped_source(tmp_path)
    for damaged in ("", "[]", "{}"):
        (tmp_path / "source.json").write_text(damaged)
        with pytest.raises(ConfigInvalid):
            shipped_source(tmp_path)


def test_keys_are_readable_by_their_owner_only(publisher: Publisher) -> None:
    assert {path.stat().st_mode & 0o777 for path in publisher.keys.iterdir()} == {0o600}
    described = json.loads((publisher.assets / "source.json").read_text())
    assert described["metadata"].endswith("/metadata/")
    assert INDEX not in described


def test_update_command_checks_downloads_and_explains_installation(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(UpdateClient.__init__, "__defaults__", (publisher.source,))
    publisher.publish("99.1")
    monkeypatch.setattr("sys.argv", ["avatar-app", "update"])
    assert cli.run_command_line() == 0
    printed = capsys.readouterr().out.replace("\n", " ")
    assert "99.1 can be had" in printed
    assert "sudo apt install" in printed
