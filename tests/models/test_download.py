"""Downloads arrive whole and right whatever a server does, or end in one sentence."""

from __future__ import annotations

import hashlib
import io
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from misbehaving import (
    Misbehavior,
    Site,
    chunked,
    cut,
    drip,
    ignore_range,
    instead,
    lie_about_length,
    redirect,
    reset,
    serving,
    status,
)

from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.models.catalog import License, Model
from avatar_app.models.download import download, download_job
from avatar_app.models.errors import (
    DiskFailed,
    DownloadFailed,
    LicenseNotAccepted,
    Passing,
    WrongBytes,
)
from avatar_app.models.partial_file import PartialFile
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.store import Presence, Store, StoredFile
from avatar_app.models.transfer import DownloadOptions

BODY = random.Random(7).randbytes(300_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
OTHER = random.Random(8).randbytes(len(BODY))
ONE_BY_ONE = DownloadOptions(tries=3, first_wait=0.001, silence=5.0, connections=1)
SEVERAL = DownloadOptions(tries=3, first_wait=0.001, silence=5.0, connections=4, split_from=100_000)
FREE = License(id="MIT", title="MIT", url="https://example.org/mit")
BOUND = License(id="NC", title="Not for sale", url="https://example.org/nc", must_accept=True)

pytestmark = pytest.mark.usefixtures("loopback", "no_proxies")


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site({"m.bin": BODY})) as each:
        yield each


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


def a_model(*urls: str, license: License = FREE, **file: Any) -> Model:
    entry = {"name": "m.bin", "urls": urls, "bytes": len(BODY), "sha256": SHA256} | file
    return Model(
        id="m", kind="asr", engine="e", title="M", summary="", license=license, source="",
        entry="" if "holds" in entry else "m.bin", files=(entry,),
    )  # fmt: skip


def fetch(
    model: Model, store: Store, manners: DownloadOptions = ONE_BY_ONE, watch: Any = None
) -> Path:
    watch = watch or (lambda _: None)
    return Job("", lambda job: download(job, model, store, watch, manners)).run()


def test_a_download_is_complete_and_stored(site: Site, store: Store) -> None:
    model, tallies = a_model(site.url("m.bin")), list[DownloadProgress]()
    path = fetch(model, store, watch=tallies.append)
    assert path.read_bytes() == BODY
    assert store.presence(model) is Presence.INSTALLED
    assert store.files_of(model) == {"m.bin": StoredFile(len(BODY), SHA256)}
    assert tallies[-1].done == tallies[-1].total == len(BODY)
    assert [each.name for each in store.folder(model).glob("*part*")] == []
    assert fetch(model, store) == path
    assert len(site.asked) == 1  # what is here is not asked for


def test_download_reports_progress(site: Site, store: Store) -> None:
    job, reported = download_job(a_model(site.url("m.bin")), store), []
    job.when_progressed(reported.append)
    assert job.run().read_bytes() == BODY
    assert reported[-1].fraction == 1.0
    assert "m.bin: 300 kB of 300 kB" in reported[-1].text


RESUMED: dict[str, tuple[list[Misbehavior], int]] = {
    "cut": ([cut(100_000), cut(70_000)], 3),
    "reset": ([reset(0), reset(0)], 3),
    "promised more": ([lie_about_length(50)], 1),
    "busy": ([status(503), status(429)], 3),
    "no range": ([cut(100_000), ignore_range], 2),
    "no length": ([chunked], 1),
    "redirected": ([redirect("/m.bin?signed=1")], 2),
}


@pytest.mark.parametrize("name", RESUMED)
@pytest.mark.parametrize("manners", [ONE_BY_ONE, SEVERAL], ids=["one", "several"])
def test_transient_errors_are_retried(
    site: Site, store: Store, name: str, manners: DownloadOptions
) -> None:
    site.script, requests = RESUMED[name][0].copy(), RESUMED[name][1]
    assert fetch(a_model(site.url("m.bin")), store, manners).read_bytes() == BODY
    if manners is ONE_BY_ONE:
        assert len(site.asked) == requests


def test_a_cut_download_goes_on_where_it_stopped(site: Site, store: Store) -> None:
    site.script = [cut(100_000)]
    fetch(a_model(site.url("m.bin")), store)
    assert [each.range for each in site.asked] == ["bytes=0-", "bytes=100000-299999"]
    assert site.asked[1].if_range == '"one"'
    assert site.sent == len(BODY)


def test_repeatedly_cut_download_continues_while_bytes_arrive(site: Site, store: Store) -> None:
    site.script = [cut(20_000)] * 12
    assert fetch(a_model(site.url("m.bin")), store).read_bytes() == BODY


def test_several_connections_share_a_large_file(site: Site, store: Store) -> None:
    assert fetch(a_model(site.url("m.bin")), store, SEVERAL).read_bytes() == BODY
    starts = sorted(int(each.range[6:].split("-")[0]) for each in site.asked)
    assert starts == [0, 75_000, 150_000, 225_000]


def test_cut_connection_does_not_affect_the_others(site: Site, store: Store) -> None:
    def cut_the_last(handler: Any, body: bytes) -> None:
        cut(1_000 if handler.received.range.startswith("bytes=225000") else len(body))(
            handler, body
        )

    site.script = [cut_the_last] * 4
    assert fetch(a_model(site.url("m.bin")), store, SEVERAL).read_bytes() == BODY
    assert site.asked[-1].range.split("-")[1] != ""


FINAL: dict[str, tuple[list[Misbehavior], str]] = {
    "gone": ([status(404)], "no longer has the file"),
    "for members": ([status(401)], "requires signing in"),
    "teapot": ([status(418)], "status 418"),
    "redirected to http": ([redirect("http://example.org/m.bin")], "not safe"),
    "redirected to a file": ([redirect("file:///etc/passwd")], "not safe"),
    "redirected for ever": ([redirect("/m.bin")] * 20, "redirects without end"),
    "another size": ([instead(BODY[:-1])], "299999 bytes instead of 300000"),
    "too short a length": ([lie_about_length(-7)], "bytes instead of"),
    "wrong bytes": ([instead(OTHER)], "is not the file that was expected"),
}


@pytest.mark.parametrize("name", FINAL)
def test_permanent_errors_are_not_retried(site: Site, store: Store, name: str) -> None:
    behaviors, sentence = FINAL[name]
    if name == "too short a length":
        behaviors = [lambda handler, body: _shorter(handler, body)]
    site.script = behaviors.copy()
    with pytest.raises(DownloadFailed, match=sentence) as caught:
        fetch(a_model(site.url("m.bin")), store)
    assert caught.value.hint
    assert not isinstance(caught.value, Passing)
    assert len(site.asked) == (8 if name == "redirected for ever" else 1)
    assert store.presence(a_model("https://example.org")) is Presence.ABSENT


def _shorter(handler: Any, body: bytes) -> None:
    handler.received.range = ""
    lie_about_length(-7)(handler, body)


def test_a_server_that_stays_broken_is_given_up(site: Site, store: Store) -> None:
    site.script = [status(500)] * 9
    with pytest.raises(Passing, match=r"127\.0\.0\.1 is overloaded"):
        fetch(a_model(site.url("m.bin")), store)
    assert len(site.asked) == ONE_BY_ONE.tries


def test_a_server_that_always_promises_too_much_is_given_up(site: Site, store: Store) -> None:
    def promise(handler: Any, body: bytes) -> None:
        handler.received.range = ""
        lie_about_length(50)(handler, body[:1000])

    site.script = [promise] * 20
    with pytest.raises(Passing, match="cut the connection"):
        fetch(a_model(site.url("m.bin"), bytes=None, sha256=None), store)
    assert len(site.asked) < 10


def test_a_download_resumes_from_the_next_mirror(site: Site, store: Store) -> None:
    site.files["mirror.bin"] = BODY
    site.script = [cut(100_000), status(404)]
    model = a_model(site.url("m.bin"), site.url("mirror.bin"))
    assert fetch(model, store).read_bytes() == BODY
    assert site.asked[-1].path == "/mirror.bin"
    assert site.asked[-1].range == "bytes=100000-299999"


def test_failure_of_all_servers_names_each(site: Site, store: Store) -> None:
    site.script = [status(404), instead(OTHER)]
    with pytest.raises(DownloadFailed, match=r"None of 2 servers.*no longer.*not the file"):
        fetch(a_model(site.url("m.bin"), site.url("b")), store)


def test_wrong_bytes_in_a_resumed_file_are_fetched_once_more_in_full(
    site: Site, store: Store
) -> None:
    site.script = [cut(100_000), lambda handler, body: cut(len(OTHER))(handler, OTHER)]
    assert fetch(a_model(site.url("m.bin")), store).read_bytes() == BODY
    assert [each.range for each in site.asked] == ["bytes=0-", "bytes=100000-299999", "bytes=0-"]


def test_a_changed_file_restarts_the_download(site: Site, store: Store) -> None:
    def change(handler: Any, body: bytes) -> None:
        cut(100_000)(handler, OTHER)
        site.tag = '"two"'

    site.script = [change]
    assert fetch(a_model(site.url("m.bin")), store).read_bytes() == BODY
    assert site.asked[1].if_range == '"one"'
    assert site.asked[1].sent == len(BODY)


@pytest.mark.parametrize("manners", [ONE_BY_ONE, SEVERAL], ids=["one", "several"])
def test_changed_file_is_detected_without_conditional_requests(
    site: Site, store: Store, manners: DownloadOptions
) -> None:
    def change(handler: Any, body: bytes) -> None:
        cut(30_000)(handler, OTHER)
        site.tag = '"two"'

    def ignore_condition(handler: Any, body: bytes) -> None:
        handler.received.if_range = ""
        cut(len(body))(handler, body)

    site.script = [change] + [ignore_condition] * 9
    model = a_model(site.url("m.bin"), sha256=None)
    assert fetch(model, store, manners).read_bytes() == BODY


def test_the_first_download_pins_a_hash_that_is_on_no_record(site: Site, store: Store) -> None:
    model = a_model(site.url("m.bin"), bytes=None, sha256=None)
    fetch(model, store)
    store.remove(model)
    site.files["m.bin"] = OTHER
    with pytest.raises(WrongBytes, match="not the file that was downloaded first") as caught:
        fetch(model, store)
    assert f"models remove {model.id} --unpin" in caught.value.hint
    site.files["m.bin"] = BODY
    assert fetch(model, store).read_bytes() == BODY


def test_cancelling_ends_a_silent_connection_at_once(site: Site, store: Store) -> None:
    site.script = [drip(50_000)]
    model, came = a_model(site.url("m.bin")), threading.Event()

    def watch(now: DownloadProgress) -> None:
        if now.done >= 50_000:
            came.set()

    job: Job[Path] = Job("", lambda job: download(job, model, store, watch, ONE_BY_ONE))
    outcome: list[BaseException] = []

    def work() -> None:
        try:
            job.run()
        except JobCancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert came.wait(60)
    job.cancel()
    thread.join(5)  # the server would stay silent for 30 s, and 5 s count as a failure
    assert len(outcome) == 1
    assert store.installed_bytes(model) == 50_000
    assert store.presence(model) is Presence.PARTLY
    site.may_go_on.set()
    assert fetch(model, store).read_bytes() == BODY
    assert site.asked[-1].range == "bytes=50000-299999"


def test_a_silent_server_counts_as_cut_off(site: Site, store: Store) -> None:
    site.script = [drip(50_000)]
    manners = DownloadOptions(tries=2, first_wait=0.001, silence=0.1, connections=1)
    assert fetch(a_model(site.url("m.bin")), store, manners).read_bytes() == BODY
    assert site.sent == len(BODY)


def test_missing_network_is_reported(store: Store) -> None:
    with serving(Site()) as site:
        url = site.url("m.bin")
    with pytest.raises(Passing, match=r"127\.0\.0\.1 cannot be reached"):
        fetch(a_model(url), store)


def test_server_without_tls_is_reported(site: Site, store: Store) -> None:
    url = site.url("m.bin").replace("http:", "https:")
    with pytest.raises(Passing, match="No secure connection"):
        fetch(a_model(url), store)


def test_the_proxy_of_the_environment_is_used(
    site: Site, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{site.port}")
    far = "http://127.0.0.1:9/m.bin"
    site.script = [lambda handler, _: cut(len(BODY))(handler, BODY)]
    assert fetch(a_model(far), store).read_bytes() == BODY
    assert site.asked[0].path == far


def test_disk_space_is_checked_before_any_request(site: Site, store: Store) -> None:
    with pytest.raises(DiskFailed, match=r"M needs .* more on the disk"):
        fetch(a_model(site.url("m.bin"), bytes=10**18), store)
    assert site.asked == []


def test_disk_space_is_checked_for_a_size_known_only_to_the_server(
    site: Site, store: Store
) -> None:
    def huge(handler: Any, body: bytes) -> None:
        handler.received.range = ""
        lie_about_length(10**18)(handler, body)

    site.script = [huge]
    with pytest.raises(DiskFailed, match="more on the disk"):
        fetch(a_model(site.url("m.bin"), bytes=None, sha256=None), store)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_disk_filling_up_during_a_download_is_reported(site: Site, store: Store) -> None:
    site.script = [cut(100_000)]
    model = a_model(site.url("m.bin"))
    once = DownloadOptions(tries=1, first_wait=0.001, connections=1)
    with pytest.raises(Passing):
        fetch(model, store, DownloadOptions(tries=0, first_wait=0.001, connections=1))
    part = PartialFile.of(store.folder(model) / "m.bin")
    stored = part.path.rename(part.path.with_name("stored"))
    part.path.symlink_to("/dev/full")
    part.begin(len(BODY))
    with pytest.raises(DiskFailed, match="The disk is full") as caught:
        fetch(model, store, once)
    assert "resumes where it stopped" in caught.value.hint
    part.path.unlink()
    stored.rename(part.path)


def test_file_system_size_limit_is_reported(site: Site, store: Store) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(DiskFailed, match="not support files of this size"):
            fetch(a_model(site.url("m.bin")), store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert fetch(a_model(site.url("m.bin")), store).read_bytes() == BODY
    assert site.asked[1].range == "bytes=200000-299999"


def test_unwritable_folder_is_reported(site: Site, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file in the folder's place")
    with pytest.raises(AvatarError) as caught:
        fetch(a_model(site.url("m.bin")), Store(tmp_path / "models"))
    assert isinstance(caught.value, DiskFailed)
    assert caught.value.hint


def test_no_download_starts_before_the_license_is_accepted(site: Site, store: Store) -> None:
    model = a_model(site.url("m.bin"), license=BOUND)
    with pytest.raises(LicenseNotAccepted, match="Not for sale") as caught:
        fetch(model, store)
    assert "--accept-license m" in caught.value.hint
    assert site.asked == []
    store.accept(model)
    assert fetch(model, store).read_bytes() == BODY


def test_concurrent_downloads_of_one_model_are_refused(site: Site, store: Store) -> None:
    model = a_model(site.url("m.bin"))
    with store.lock(model), pytest.raises(ConfigInvalid, match="already"):
        fetch(model, store)


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"../../{name.replace('_', '.')}", content)
    return buffer.getvalue()


def archived(site: Site, body: bytes) -> Model:
    site.files["m.zip"] = body
    hashed = hashlib.sha256(body).hexdigest()
    return a_model(
        site.url("m.zip"), name="m.zip", bytes=len(body), sha256=hashed, holds=("a.bin", "b.txt")
    )


def test_only_named_files_are_extracted_from_an_archive(site: Site, store: Store) -> None:
    model = archived(site, zipped(a_bin=BODY, b_txt=b"b", c_txt=b"c"))
    folder = fetch(model, store)
    existing = {
        each.name: each.read_bytes() for each in folder.iterdir() if each.name != "record.json"
    }
    assert existing == {"a.bin": BODY, "b.txt": b"b"}
    assert not (store.root.parent / "a.bin").exists()
    assert store.presence(model) is Presence.INSTALLED


@pytest.mark.parametrize("body", [b"no zip at all", zipped(a_bin=b"a")], ids=["no zip", "lacks"])
def test_invalid_archive_is_reported(site: Site, store: Store, body: bytes) -> None:
    with pytest.raises(WrongBytes, match=r"m\.zip is damaged"):
        fetch(archived(site, body), store)


FETCHING = """
import sys
from pathlib import Path
from avatar_app.core.jobs import Job
from avatar_app.models.catalog import Model
from avatar_app.models.download import download
from avatar_app.models.store import Store
from avatar_app.models.transfer import DownloadOptions
model = Model.model_validate_json(sys.argv[1])
connections = int(sys.argv[3])
few = {"tries": 3, "first_wait": 0.001, "split_from": 1_000_000}
manners = DownloadOptions(connections=connections, **few)
Job("", lambda job: download(job, model, Store(Path(sys.argv[2])), manners=manners)).run()
"""


@pytest.mark.parametrize("connections", [1, 4])
def test_killed_download_resumes_where_it_stopped(
    site: Site, store: Store, connections: int
) -> None:
    body = random.Random(9).randbytes(8_000_000)
    site.files["m.bin"] = body
    pause = drip(1_500_000)
    site.script = [pause] * connections
    hashed = hashlib.sha256(body).hexdigest()
    model = a_model(site.url("m.bin"), bytes=len(body), sha256=hashed)
    command = [sys.executable, "-c", FETCHING, model.model_dump_json(), str(store.root)]
    child = subprocess.Popen([*command, str(connections)])
    for _ in range(connections):
        assert site.drips.acquire(timeout=60)
    part = PartialFile(store.folder(model) / "m.bin")
    noted = wait_until(lambda: PartialFile.of(part.target).done >= 1_500_000 * connections, 60)
    child.kill()
    assert child.wait(60) == -signal.SIGKILL
    assert noted
    before = len(site.asked)
    site.may_go_on.set()
    manners = DownloadOptions(
        tries=3, first_wait=0.001, connections=connections, split_from=1_000_000
    )
    assert fetch(model, store, manners).read_bytes() == body
    again = sum(each.sent for each in site.asked[before:])
    assert again == len(body) - 1_500_000 * connections


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Has it come true before the time is up?"""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        waiting.wait(0.02)
    return False
