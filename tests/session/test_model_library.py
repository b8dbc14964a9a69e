"""The models of the window: queued, interrupted, gone on with, used, deleted, undone."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from misbehaving import Site, drip, serving, status
from sample_catalog import BODY, write_catalog

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.manifest import Kind
from avatar_app.core.network_access import NetworkAccess
from avatar_app.models.abilities import Ability
from avatar_app.models.errors import LicenseNotAccepted
from avatar_app.models.store import Presence
from avatar_app.models.transfer import DownloadOptions
from avatar_app.performance.fitness import Verdict
from avatar_app.runtime.memory.estimate import choice_key
from avatar_app.runtime.registry import Registry
from avatar_app.session.job_thread import JobThread
from avatar_app.session.model_downloads import TransferState
from avatar_app.session.model_library import ModelLibrary
from avatar_app.session.model_listing import ListedModel
from avatar_app.settings.store import SettingsStore
from avatar_app.storage.measurements import EngineProfile, Measurements
from avatar_app.system.extras import declared
from avatar_app.system.hardware import fingerprint
from avatar_app.system.network_guard import start_guard, stop_guard
from avatar_app.system.paths import app_paths

pytestmark = pytest.mark.usefixtures("loopback")
REGISTRY = Registry()
ONE_BY_ONE = DownloadOptions(tries=1, first_wait=0.001, silence=5.0, connections=1)
PATIENCE = 60.0


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as each:
        write_catalog(app_paths().models, each, one={}, two={}, three={"license": "Bound"})
        yield each


@pytest.fixture
def opened() -> Iterator[Callable[[], ModelLibrary]]:
    """Call it to open the library, as a start of the program does; all are closed in the end."""
    libraries: list[ModelLibrary] = []

    def open_library() -> ModelLibrary:
        for library in libraries:
            library.close()
        settings = SettingsStore(app_paths().settings_file, {})
        settings.know_engines(REGISTRY.all())
        libraries.append(ModelLibrary(settings, app_paths(), REGISTRY, ONE_BY_ONE))
        return libraries[-1]

    yield open_library
    for library in libraries:
        library.close()


def entry(library: ModelLibrary, id: str) -> ListedModel:
    return next(each for each in library.listing().models if each.model.id == id)


def received(library: ModelLibrary) -> int:
    """Bytes of the first transfer that have arrived here: later than the site sent them."""
    (first, *_) = library.downloads.transfers()
    return first.progress.done


def wait(library: ModelLibrary, done: Callable[[], bool]) -> None:
    """Look again whenever something changed."""
    import threading

    changed = threading.Event()
    stop = library.subscribe(changed.set)
    for _ in range(200):
        if done():
            break
        changed.wait(PATIENCE / 200)
        changed.clear()
    stop()
    assert done()


def states(library: ModelLibrary) -> dict[str, TransferState]:
    return {each.model.id: each.state for each in library.downloads.transfers()}


def test_the_programs_metadata_is_read_once_for_all_models(
    site: Site, opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, read, readings = opened(), declared.metadata.requires, []
    monkeypatch.setattr(library._registry, "missing_packages", lambda _manifest: ("openai",))
    monkeypatch.setattr(
        declared.metadata, "requires", lambda name: readings.append(name) or read(name)
    )
    lacking = [each for each in library.listing().models if each.missing_packages]
    assert len(lacking) > 2
    assert all(each.install_command for each in lacking)
    assert readings == [declared.DISTRIBUTION]


def test_downloads_run_in_order_and_leave_the_queue(site: Site, opened) -> None:
    library = opened()
    site.script = [drip(100_000)]
    library.downloads.get("one")
    library.downloads.get("two")
    assert site.drips.acquire(timeout=PATIENCE)
    wait(library, lambda: states(library)["one"] is TransferState.FETCHING)
    assert states(library)["two"] is TransferState.WAITING
    site.may_go_on.set()
    wait(library, lambda: states(library) == {})
    assert entry(library, "one").presence is entry(library, "two").presence is Presence.INSTALLED


def test_paused_download_lets_the_next_run_and_resumes(site: Site, opened) -> None:
    library = opened()
    site.script = [drip(100_000)]
    library.downloads.get("one")
    library.downloads.get("two")
    wait(library, lambda: received(library) == 100_000)
    library.downloads.pause("one")
    wait(library, lambda: states(library) == {"one": TransferState.PAUSED})
    (paused,) = library.downloads.transfers()
    assert paused.progress.done == 100_000
    assert paused.progress.total == len(BODY)
    library.downloads.get("one")
    wait(library, lambda: states(library) == {})
    assert site.asked[-1].range == "bytes=100000-299999"


def test_cancelled_download_keeps_received_bytes(site: Site, opened) -> None:
    library = opened()
    site.script = [drip(100_000)]
    library.downloads.get("one")
    wait(library, lambda: received(library) == 100_000)
    library.downloads.cancel("one")
    library.downloads.wait_stopped("one")
    assert states(library) == {}
    assert entry(library, "one").presence is Presence.PARTLY
    assert entry(library, "one").installed_bytes == 100_000


def test_download_is_paused_after_a_restart(site: Site, opened) -> None:
    library = opened()
    site.script = [drip(100_000)]
    library.downloads.get("one")
    library.downloads.get("two")
    assert site.drips.acquire(timeout=PATIENCE)
    again = opened()
    site.may_go_on.set()
    assert states(again) == {"one": TransferState.PAUSED, "two": TransferState.PAUSED}
    (notice,) = again.notices()
    assert notice.message == "Unfinished downloads: Model one, Model two."
    asked = len(site.asked)
    again.downloads.get_all()
    wait(again, lambda: states(again) == {})
    assert len(site.asked) == asked + 2
    assert again.notices() == ()


def test_kill_9_loses_neither_queue_nor_bytes(site: Site, opened) -> None:
    """In a process of its own, which is killed in mid-file."""
    site.script = [drip(200_000)]
    program = (
        "import time\n"
        "from avatar_app.models.transfer import DownloadOptions\n"
        "from avatar_app.runtime.registry import Registry\n"
        "from avatar_app.session.model_library import ModelLibrary\n"
        "from avatar_app.settings.store import SettingsStore\n"
        "from avatar_app.system.paths import app_paths\n"
        "options = DownloadOptions(tries=1, connections=1)\n"
        "settings = SettingsStore(app_paths().settings_file, {})\n"
        "library = ModelLibrary(settings, app_paths(), Registry(), options)\n"
        "library.downloads.get('one')\n"
        "library.downloads.get('two')\n"
        "model = library.catalog().find('one')\n"
        "while library.store.installed_bytes(model) < 200_000: time.sleep(0.01)\n"
        "print('ready', flush=True)\n"
        "input()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGKILL)
    site.may_go_on.set()
    library = opened()
    first, second = library.downloads.transfers()
    assert (first.state, second.state) == (TransferState.PAUSED, TransferState.PAUSED)
    assert first.progress.done == 200_000
    library.downloads.get_all()
    wait(library, lambda: states(library) == {})
    assert "bytes=200000-299999" in [each.range for each in site.asked]
    assert entry(library, "one").presence is Presence.INSTALLED


def test_a_failed_download_is_reported_and_can_be_retried(site: Site, opened) -> None:
    library = opened()
    site.script = [status(404)]
    library.downloads.get("one")
    library.downloads.get("two")
    wait(library, lambda: states(library) == {"one": TransferState.FAILED})
    (failed,) = library.downloads.transfers()
    assert "no longer has the file" in failed.message
    assert failed.hint
    assert entry(library, "two").presence is Presence.INSTALLED
    library.downloads.get("one")
    wait(library, lambda: states(library) == {})


def test_a_failure_is_reported_where_the_queue_cannot_be_written_and_nothing_stops(
    site: Site, opened
) -> None:
    """As on a full disk, which is why most downloads fail."""
    library = opened()
    library.downloads.get("one")
    wait(library, lambda: states(library) == {})
    site.script = [status(404)]
    database = library.downloads.queue._database
    put, pragma = library.downloads.queue.put, "PRAGMA query_only = {}"

    def put_before_the_disk_is_full(model: str) -> None:
        put(model)
        with database.transaction() as connection:
            connection.execute(pragma.format("ON"))

    library.downloads.queue.put = put_before_the_disk_is_full
    library.delete(entry(library, "one").model)
    library.downloads.get("one")
    wait(library, lambda: states(library) == {"one": TransferState.FAILED})
    assert "no longer has the file" in library.downloads.transfers()[0].message
    with database.transaction() as connection:
        connection.execute(pragma.format("OFF"))
    library.downloads.queue.put = put
    library.downloads.get("one")
    wait(library, lambda: states(library) == {})
    assert entry(library, "one").presence is Presence.INSTALLED


def test_what_nobody_expected_ends_one_task_and_not_those_after_it(
    site: Site, opened, monkeypatch, expected_warnings: list[str]
) -> None:
    expected_warnings.append("failed")
    library = opened()
    library.downloads.get("one")
    wait(library, lambda: states(library) == {})
    model = entry(library, "one").model
    from avatar_app.session import model_upkeep

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as broken:
        broken.setattr(model_upkeep, "verify", fail)
        library.upkeep.verify(model)
        wait(library, lambda: "one" in library.upkeep.states and library.upkeep.states["one"].done)
    error = library.upkeep.states["one"].error
    assert error is not None
    assert "a bug" in error.message
    library.upkeep.verify(model)
    wait(library, lambda: library.upkeep.states["one"].files == 1)


def test_a_thread_of_jobs_that_ends_early_is_started_again(expected_warnings: list[str]) -> None:
    expected_warnings.append("jobs ended early")
    ran: list[int] = []

    def run() -> None:
        ran.append(1)
        raise RuntimeError("a bug")

    jobs = JobThread("jobs", run)
    for _ in range(2):
        with jobs.lock:
            jobs.wake()
            thread = jobs._thread
        assert thread is not None
        thread.join(PATIENCE)
    jobs.close()
    assert len(ran) == 2


def test_error_disappears_when_its_cause_is_gone(site: Site, opened, monkeypatch) -> None:
    library = opened()
    library.downloads.get("three")
    wait(library, lambda: states(library) == {"three": TransferState.FAILED})
    assert "license" in library.downloads.transfers()[0].message
    library.store.accept(entry(library, "three").model)
    assert states(library) == {"three": TransferState.PAUSED}
    full = 10 * 1024
    from avatar_app.models import store

    usage = store.shutil.disk_usage(app_paths().models)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _: usage._replace(free=full))
    library.downloads.get("three")
    wait(library, lambda: states(library) == {"three": TransferState.FAILED})
    assert "has 10 kB left" in library.downloads.transfers()[0].message
    monkeypatch.undo()
    assert states(library) == {"three": TransferState.PAUSED}


def test_download_refused_by_network_policy_can_be_resumed_later(site: Site, opened) -> None:
    library, allowed = opened(), [NetworkAccess.NONE]
    start_guard(lambda: allowed[0], app_paths())
    try:
        library.downloads.get("one")
        wait(library, lambda: states(library) == {"one": TransferState.FAILED})
        assert "not allowed" in library.downloads.transfers()[0].message
        assert site.asked == []
        allowed[0] = NetworkAccess.ALL
        assert states(library) == {"one": TransferState.PAUSED}
        library.downloads.get("one")
        wait(library, lambda: states(library) == {})
    finally:
        stop_guard()


def test_a_model_installed_otherwise_leaves_the_queue(site: Site, opened) -> None:
    library = opened()
    library.downloads.get("one")
    wait(library, lambda: states(library) == {})
    library.downloads.queue.put("one")
    library.downloads.queue.pause("one")
    assert states(library) == {}


def test_using_a_model_is_a_setting_that_can_be_undone(site: Site, opened) -> None:
    library = opened()
    model = entry(library, "one").model
    with pytest.raises(ModelMissing):
        library.use(model)
    library.downloads.get("one")
    wait(library, lambda: states(library) == {})
    change = library.use(model)
    assert change.settings.asr.engine == "whisper"
    assert change.settings.asr.options["model"] == "one"
    assert entry(library, "one").used_by == ("asr.options.model",)
    library._settings.undo()
    assert library._settings.settings.asr.engine == "pocketsphinx"
    assert entry(library, "one").used_by == ()


def test_deleting_can_be_undone_until_the_program_ends(site: Site, opened) -> None:
    library = opened()
    library.downloads.get("one")
    wait(library, lambda: states(library) == {})
    model, folder = entry(library, "one").model, library.store.folder(entry(library, "one").model)
    library.delete(model)
    assert not folder.exists()
    assert entry(library, "one").deleted_bytes > len(BODY)
    library.restore(model)
    assert entry(library, "one").presence is Presence.INSTALLED
    library.delete(model)
    again = opened()
    assert entry(again, "one").deleted_bytes == 0
    with pytest.raises(InputInvalid):
        again.restore(model)


def test_deleting_a_model_stops_its_download(site: Site, opened) -> None:
    library = opened()
    site.script = [drip(100_000)]
    library.downloads.get("one")
    assert site.drips.acquire(timeout=PATIENCE)
    library.delete(entry(library, "one").model)
    assert states(library) == {}
    assert entry(library, "one").presence is Presence.ABSENT


def test_a_damaged_file_is_found_and_fetched_again(site: Site, opened) -> None:
    library = opened()
    library.downloads.get("one")
    wait(library, lambda: states(library) == {})
    model = entry(library, "one").model
    library.store.path(model).write_bytes(BODY[::-1])
    library.upkeep.verify(model)
    wait(library, lambda: library.measured("one").done)
    assert [each.flaw for each in library.measured("one").flaws] == ["its bytes have changed"]
    library.repair(model)
    wait(library, lambda: states(library) == {})
    assert library.store.path(model).read_bytes() == BODY
    library.upkeep.verify(model)
    wait(library, lambda: library.measured("one").done)
    assert library.measured("one").flaws == ()


def test_listing_shows_fitness_and_measured_speed(opened) -> None:
    library = opened()
    manifest = REGISTRY.find(Kind.DIALOGUE, "llama")
    with closing(Measurements.of(app_paths())) as measurements:
        for id, tokens in (("smollm2-135m", 38.0), ("smollm2-360m", 2.0)):
            key = choice_key(manifest.checked({"model": id}))
            trial = EngineProfile(300, first_output_ms=400, tokens_per_second=tokens)
            measurements.keep_trial(Kind.DIALOGUE, "llama", key, trial)
    small, slow = entry(library, "smollm2-135m"), entry(library, "smollm2-360m")
    assert (small.fitness.verdict, small.fitness.speed) == (Verdict.COMFORTABLE, "38 tokens/s")
    assert (slow.fitness.verdict, slow.fitness.reason) == (
        Verdict.TOO_SLOW,
        "slower than it is spoken",
    )
    assert entry(library, "qwen3-4b").fitness.verdict is Verdict.FITS
    with closing(Measurements.of(app_paths())) as measurements:
        measurements.keep_speed(fingerprint(), 60.0)
    large = entry(library, "qwen3-4b").fitness
    assert (large.verdict, large.reason[:18]) == (Verdict.TOO_SLOW, "wants a processor ")
    assert entry(library, "whisper-tiny").fitness.verdict is Verdict.COMFORTABLE
    groups = {each.ability for each in library.listing().models}
    assert {Ability.HEARING, Ability.BRAIN, Ability.VOICE, Ability.LIPS, Ability.PHOTOS} <= groups


def test_a_model_larger_than_free_memory_is_too_large(site: Site, opened) -> None:
    huge = {"needs": {"ram_mb": 9_000_000, "vram_mb": 0}}
    write_catalog(app_paths().models, site, huge=huge)
    found = entry(opened(), "huge").fitness
    assert found.verdict is Verdict.TOO_LARGE
    assert "this computer has" in found.reason


def test_wav2lip_needs_an_avatar(opened, site: Site) -> None:
    lips = {"kind": "face", "engine": "wav2lip"}
    write_catalog(app_paths().models, site, lips=lips)
    library = opened()
    library.downloads.get("lips")
    wait(library, lambda: states(library) == {})
    with pytest.raises(InputInvalid, match="no avatar of a photo yet"):
        library.use(entry(library, "lips").model)
    assert library._settings.settings.face.engine != "wav2lip"


def test_a_license_is_asked_for_before_a_model_is_used(opened, site: Site) -> None:
    library = opened()
    model = entry(library, "three").model
    assert not entry(library, "three").is_accepted
    library.store.accept(model)
    library.downloads.get("three")
    wait(library, lambda: states(library) == {})
    (library.store.root / "licences.json").unlink()
    with pytest.raises(LicenseNotAccepted):
        library.use(model)
