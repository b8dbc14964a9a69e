"""The starter set is of real models that packages carry; it comes as one job."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from misbehaving import Site, serving

from avatar_app.core.errors import ConfigInvalid, TooSlow
from avatar_app.core.jobs import Job, JobCancelled, JobPart
from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import CATALOG, STARTER, Catalog, License, Model, read_catalog
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.store import Presence, Store
from avatar_app.performance.starter import StarterItem, fetch_starter, starter_items
from avatar_app.runtime.registry import Registry
from avatar_app.system import paths

BODIES = {"one": b"1" * 40_000, "two": b"2" * 60_000}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, loopback: None) -> Iterator[Site]:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with serving(Site(dict(BODIES))) as each:
        yield each


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


def items(site: Site) -> tuple[StarterItem, ...]:
    license = License(id="MIT", title="MIT", url="https://example.org")
    models = (
        Model(
            id=name, kind="asr", engine="e", title=name, summary="", license=license, source="",
            files=(
                {"name": "m.bin", "urls": [site.url(name)], "bytes": len(body)}
                | {"sha256": hashlib.sha256(body).hexdigest()},
            ),
        )
        for name, body in BODIES.items()
    )  # fmt: skip
    return tuple(StarterItem(model, model.bytes or 0) for model in models)


def test_shipped_starter_set_is_available_from_packages(tmp_path: Path) -> None:
    catalog = read_catalog(paths.shipped("models") / CATALOG)
    found = starter_items(catalog, Store(tmp_path), Registry())
    assert {item.model.kind for item in found} == {Kind.ASR, Kind.TTS, Kind.DIALOGUE, Kind.TURN}
    assert 300e6 < sum(item.bytes_lacking for item in found) < 400e6
    for item in found:
        assert not item.model.license.must_accept
        for file in item.model.files:
            assert file.urls
            assert file.packages
            assert file.sha256


def test_a_set_is_named_like_a_model(tmp_path: Path) -> None:
    catalog = read_catalog(paths.shipped("models") / CATALOG)
    named = [model.id for model in catalog.find_all(["whisper-tiny", STARTER, "whisper-base"])]
    assert named == ["whisper-tiny", *catalog.sets[STARTER]]
    with pytest.raises(ConfigInvalid, match="Did you mean starter"):
        catalog.find("startr")
    mine = Catalog(models=catalog.models, sets={"mine": ("whisper-tiny",)})
    assert {"mine", STARTER} <= set(catalog.with_added(mine).sets)


def test_progress_covers_the_whole_set(site: Site, store: Store) -> None:
    reported, came = list[DownloadProgress](), list[str]()

    def arrived(model: Model) -> None:
        came.append(model.id)

    job = Job("", lambda job: fetch_starter(job, items(site), store, reported.append, arrived))
    fractions: list[float] = []
    job.when_progressed(lambda progress: fractions.append(progress.fraction))
    assert [model.id for model in job.run().installed] == came == ["one", "two"]
    done = [each.done for each in reported]
    assert done == sorted(done)
    assert reported[-1].done == reported[-1].total == 100_000
    assert fractions == sorted(fractions)
    assert 0.4 in [round(each, 2) for each in fractions]


def test_cancelling_the_set_cancels_the_current_download(site: Site, store: Store) -> None:
    job = Job("", lambda job: fetch_starter(job, items(site), store, lambda _: job.cancel()))
    with pytest.raises(JobCancelled):
        job.run()
    assert all(store.presence(item.model) is not Presence.INSTALLED for item in items(site)[1:])


@pytest.mark.parametrize("all_are_slow", [False, True])
def test_a_part_too_slow_here_is_replaced(site: Site, store: Store, *, all_are_slow: bool) -> None:
    first, second = items(site)
    tried = list[str]()

    def slowness(model: Model) -> TooSlow | None:
        tried.append(model.id)
        return TooSlow("It is slow.") if all_are_slow or model.id == "one" else None

    either = StarterItem(first.model, first.bytes_lacking, (), (second.model,))
    job = Job("", lambda job: fetch_starter(job, [either], store, slowness=slowness))
    found = job.run()
    assert [model.id for model in found.installed] == ["two"]
    [(wanted, used, error)] = found.replaced
    assert (wanted.id, used.id, error.message) == ("one", "two", "It is slow.")
    assert tried == ["one"], "the last one is used however slow it is"
    assert store.presence(first.model) is Presence.INSTALLED, "it can still be chosen"


def test_starter_part_cannot_be_run_alone() -> None:
    whole: Job[None] = Job("whole", lambda _: None)
    part: Job[None] = JobPart(whole, "part", 0.5, 0.5)
    part.report(0.5, "half")
    assert (whole.progress.fraction, whole.progress.text) == (0.75, "half")
    with pytest.raises(AssertionError):
        part.run()
