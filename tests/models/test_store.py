"""What is here is known, checked, taken over and removed; engines are told paths, after consent."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.events import Noticed
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.models import importing
from avatar_app.models.catalog import Catalog, License, Model, read_catalog
from avatar_app.models.errors import LicenseNotAccepted, WrongBytes
from avatar_app.models.importing import identify, import_model
from avatar_app.models.partial_file import PartialFile
from avatar_app.models.progress import DownloadProgress
from avatar_app.models.resolve import license_notices, usable_path, with_model_path
from avatar_app.models.store import PACKAGES, Presence, Store, StoredFile, readable
from avatar_app.models.verify import Checked, verify
from avatar_app.render.inputs import find_weights
from avatar_app.runtime.engine_set import EngineSet, create_engine
from avatar_app.runtime.factory import resolve_options
from avatar_app.runtime.fallback.faces import put_face
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.system.paths import app_paths, shipped

FREE = License(id="MIT", title="MIT", url="https://example.org/mit")
BOUND = License(id="NC", title="Not for sale", url="https://example.org", must_accept=True)


def a_file(name: str, body: bytes, **fields: Any) -> dict[str, Any]:
    record = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    return {"name": name, "urls": ["https://example.org/" + name]} | record | fields


def a_model(name: str, *files: dict[str, Any], entry: str = "", license: License = FREE) -> Model:
    return Model(
        id=name, kind="asr", engine="e", title=name.title(), summary="", source="", entry=entry,
        license=license, files=files,
    )  # fmt: skip


PAIR = a_model("pair", a_file("config.json", b"{}"), a_file("model.bin", b"weights"))
SINGLE = a_model("single", a_file("s.pth", b"single"), entry="s.pth", license=BOUND)
UNRECORDED = a_model("loose", a_file("loose.bin", b"", bytes=None, sha256=None))
CATALOG = Catalog(models=(PAIR, SINGLE, UNRECORDED))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


def write(folder: Path, **files: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, body in files.items():
        (folder / name.replace("__", ".")).write_bytes(body)
    return folder


def take(path: Path, model: Model, store: Store) -> Path:
    return Job[Path]("", lambda job: import_model(job, path, model, store)).run()


def check(model: Model, store: Store) -> tuple[Checked, ...]:
    return Job[tuple[Checked, ...]]("", lambda job: verify(job, model, store)).run()


def test_folder_is_imported_and_identified(store: Store, tmp_path: Path) -> None:
    source = write(tmp_path / "mine", config__json=b"{}", model__bin=b"weights", README=b"no")
    assert identify(source, CATALOG) is PAIR
    assert take(source, PAIR, store) == store.folder(PAIR)
    assert store.presence(PAIR) is Presence.INSTALLED
    assert sorted(store.files_of(PAIR)) == ["config.json", "model.bin"]
    assert (source / "model.bin").read_bytes() == b"weights"
    linked = (store.folder(PAIR) / "model.bin").stat().st_ino
    assert linked == (source / "model.bin").stat().st_ino  # no second copy of gigabytes


def test_a_file_is_copied_where_it_cannot_be_linked(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(importing.os, "link", refuse)
    source = write(tmp_path / "mine", renamed__pth=b"single") / "renamed.pth"
    assert identify(source, CATALOG) is SINGLE  # by its size
    path = take(source, SINGLE, store)
    assert path == store.folder(SINGLE) / "s.pth"
    assert path.read_bytes() == b"single"
    assert path.stat().st_ino != source.stat().st_ino


def test_a_file_with_another_hash_is_refused(store: Store, tmp_path: Path) -> None:
    source = write(tmp_path / "mine", s__pth=b"tuned!") / "s.pth"
    with pytest.raises(InputInvalid, match=r"not the published s\.pth") as caught:
        take(source, SINGLE, store)
    assert "give the engine the path" in caught.value.hint
    assert store.presence(SINGLE) is Presence.ABSENT
    assert list(store.folder(SINGLE).iterdir()) == []
    assert source.read_bytes() == b"tuned!"


def test_incomplete_folders_and_missing_paths_are_reported(store: Store, tmp_path: Path) -> None:
    source = write(tmp_path / "mine", config__json=b"{}")
    with pytest.raises(InputInvalid, match=r"has no model\.bin"):
        take(source, PAIR, store)
    with pytest.raises(InputInvalid, match="does not exist"):
        identify(tmp_path / "nowhere", CATALOG)
    with pytest.raises(InputInvalid, match="not a model of the catalog"):
        identify(write(tmp_path / "other", x=b"xx"), Catalog(models=(PAIR,)))


def test_unrecorded_hash_is_pinned_on_import(store: Store, tmp_path: Path) -> None:
    source = write(tmp_path / "mine", loose__bin=b"first") / "loose.bin"
    take(source, UNRECORDED, store)
    store.remove(UNRECORDED)
    other = write(tmp_path / "other", loose__bin=b"other") / "loose.bin"
    with pytest.raises(WrongBytes, match="not the file that was downloaded first"):
        take(other, UNRECORDED, store)
    take(source, UNRECORDED, store)
    assert store.forget(UNRECORDED)
    assert (take(other, UNRECORDED, store) / "loose.bin").read_bytes() == b"other"


def test_import_deletes_the_download_that_was_given_up(store: Store, tmp_path: Path) -> None:
    folder = store.folder(PAIR)
    (folder / PACKAGES).mkdir(parents=True)
    (folder / PACKAGES / "weights-1.0.whl").write_bytes(b"half")
    PartialFile(folder / "model.bin").begin(7)
    source = write(tmp_path / "mine", config__json=b"{}", model__bin=b"weights")
    take(source, PAIR, store)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["config.json", "model.bin", "record.json"]


def test_files_of_another_type_are_refused(store: Store, tmp_path: Path) -> None:
    model = a_model("net", a_file("net.onnx", b"", sha256=None, bytes=None))
    page = write(tmp_path / "mine", net__onnx=b"<html>please log in</html>") / "net.onnx"
    with pytest.raises(WrongBytes, match=r"downloaded net\.onnx is not a file of its type"):
        take(page, model, store)
    assert page.exists()
    assert store.presence(model) is Presence.ABSENT
    right = write(tmp_path / "other", net__onnx=b"\x08\x07\x12\x00") / "net.onnx"
    take(right, model, store)


def test_file_of_another_size_is_refused_unread(store: Store, tmp_path: Path) -> None:
    sparse = tmp_path / "weights.bin"
    with sparse.open("wb") as file:
        file.truncate(1 << 42)
    with pytest.raises(InputInvalid, match="it has 4,398,046,511,104 bytes, not 7"):
        take(sparse, a_model("small", a_file("weights.bin", b"weights")), store)


@pytest.mark.parametrize("unpacked", [False, True])
def test_archive_is_imported_packed_or_unpacked(
    store: Store, tmp_path: Path, *, unpacked: bool
) -> None:
    source = write(tmp_path / "mine", a__bin=b"a", b__txt=b"b")
    packed = tmp_path / "m.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(source / "a.bin", "folder/a.bin")
        archive.write(source / "b.txt", "folder/b.txt")
    model = a_model("zipped", a_file("m.zip", packed.read_bytes(), holds=["a.bin", "b.txt"]))
    folder = take(source if unpacked else packed, model, store)
    assert (folder / "a.bin").read_bytes() == b"a"
    assert not (folder / "m.zip").exists()
    assert check(model, store) == (Checked("a.bin"), Checked("b.txt"))


def test_cancelled_import_leaves_no_files(store: Store, tmp_path: Path) -> None:
    source = write(tmp_path / "mine", s__pth=b"single") / "s.pth"
    job: Job[Path] = Job("", lambda job: import_model(job, source, SINGLE, store))
    job.when_progressed(lambda _: job.cancel())
    with pytest.raises(JobCancelled):
        job.run()
    assert store.presence(SINGLE) is Presence.ABSENT


def test_verify_finds_changed_and_missing_files(store: Store, tmp_path: Path) -> None:
    source = write(tmp_path / "mine", config__json=b"{}", model__bin=b"weights")
    take(source, PAIR, store)
    assert check(PAIR, store) == (Checked("config.json"), Checked("model.bin"))
    folder = store.folder(PAIR)
    (folder / "model.bin").unlink()
    (folder / "model.bin").write_bytes(b"WEIGHTS")
    assert check(PAIR, store)[1] == Checked("model.bin", "its bytes have changed")
    (folder / "model.bin").write_bytes(b"short")
    (folder / "config.json").unlink()
    flaws = [each.flaw for each in check(PAIR, store)]
    assert flaws == ["missing", "has 5 bytes instead of 7"]
    assert store.presence(PAIR) is Presence.PARTLY
    with pytest.raises(InputInvalid, match="not completely installed"):
        check(SINGLE, store)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": {"s.pth": {}}}'])
def test_damaged_record_means_not_installed(store: Store, tmp_path: Path, text: str) -> None:
    take(write(tmp_path / "mine", s__pth=b"single") / "s.pth", SINGLE, store)
    (store.folder(SINGLE) / "record.json").write_text(text)
    assert store.presence(SINGLE) is Presence.PARTLY


def test_remove_deletes_files_and_preserves_the_license(store: Store, tmp_path: Path) -> None:
    take(write(tmp_path / "mine", s__pth=b"single") / "s.pth", SINGLE, store)
    store.accept(SINGLE)
    store.remove(SINGLE)
    assert store.presence(SINGLE) is Presence.ABSENT
    assert store.is_accepted(SINGLE)
    with pytest.raises(InputInvalid, match="is not installed"):
        store.remove(SINGLE)


def test_new_license_version_must_be_accepted_again(store: Store) -> None:
    store.accept(SINGLE)
    assert store.is_accepted(SINGLE)
    newer = SINGLE.model_copy(update={"license": BOUND.model_copy(update={"version": "2"})})
    assert not store.is_accepted(newer)


def test_installed_model_with_accepted_license_can_be_used(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing) as caught:
        usable_path(SINGLE, store)
    assert caught.value.hint == "Type: avatar-app models download single"
    take(write(tmp_path / "mine", s__pth=b"single") / "s.pth", SINGLE, store)
    with pytest.raises(LicenseNotAccepted, match="Not for sale"):
        usable_path(SINGLE, store)
    store.accept(SINGLE)
    assert usable_path(SINGLE, store) == store.folder(SINGLE) / "s.pth"


@pytest.fixture
def wav2lip() -> Manifest:
    return Registry().find(Kind.FACE, "wav2lip")


def put_wav2lip(*, accepted: bool) -> Path:
    """Some bytes, noted as if they had come; where they lie."""
    store = Store.of(app_paths())
    model = read_catalog(shipped("models") / "catalog.yaml").find("wav2lip")
    store.folder(model).mkdir(parents=True)
    path = store.path(model)
    path.write_bytes(b"weights")
    store.record_files(model, {"wav2lip.pth": StoredFile(7, "0" * 64)}, "a test")
    if accepted:
        store.accept(model)
    return path


def test_model_names_are_resolved_to_paths(wav2lip: Manifest) -> None:
    with pytest.raises(ModelMissing, match="Wav2Lip is not installed"):
        with_model_path({"model": "wav2lip"}, wav2lip, app_paths())
    assert with_model_path({"model": ""}, wav2lip, app_paths()) == {"model": ""}
    path = put_wav2lip(accepted=False)
    for name in ("wav2lip", ""):
        with pytest.raises(LicenseNotAccepted):
            with_model_path({"model": name}, wav2lip, app_paths())
    Store.of(app_paths()).accept(read_catalog(shipped("models") / "catalog.yaml").find("wav2lip"))
    for name in ("wav2lip", ""):
        assert with_model_path({"model": name}, wav2lip, app_paths()) == {"model": str(path)}
    assert with_model_path({"model": "/my/own.pth"}, wav2lip, app_paths()) == {
        "model": "/my/own.pth"
    }
    assert with_model_path({"width": 3}, wav2lip, app_paths()) == {"width": 3}


def put_here(name: str) -> None:
    """Some bytes under the names of a model's files."""
    store = Store.of(app_paths())
    model = read_catalog(shipped("models") / "catalog.yaml").find(name)
    store.folder(model).mkdir(parents=True)
    held = {file.name: StoredFile(7, "0" * 64) for file in model.files}
    for file in held:
        (store.folder(model) / file).write_bytes(b"weights")
    store.record_files(model, held, "a test")


def test_engine_without_a_chosen_model_uses_an_installed_one() -> None:
    kokoro = Registry().find(Kind.TTS, "kokoro")

    def taken(**options: str) -> str:
        return Path(resolve_options(options, kokoro, app_paths())["model"]).name

    with pytest.raises(ModelMissing, match="8 bit is not installed"):
        taken()
    put_here("kokoro-v1.0")
    assert taken() == "kokoro-v1.0"
    with pytest.raises(ModelMissing, match="8 bit is not installed"):
        taken(model="kokoro-v1.0-int8")
    put_here("kokoro-v1.0-int8")
    assert taken() == "kokoro-v1.0-int8", "the engine's default goes first"
    assert taken(model="kokoro-v1.0") == "kokoro-v1.0"


def test_unaccepted_model_is_not_used_by_default() -> None:
    llama = Registry().find(Kind.DIALOGUE, "llama")
    put_here("llama-3.2-3b")
    with pytest.raises(ModelMissing, match="Llama 3"):
        resolve_options({}, llama, app_paths())
    put_here("smollm2-135m")
    assert "SmolLM2-135M" in resolve_options({}, llama, app_paths())["model"]


def test_an_engine_is_made_with_the_model_of_that_name(wav2lip: Manifest) -> None:
    options = {"model": "wav2lip", "avatar": str(app_paths().data)}
    with pytest.raises(ModelMissing, match="models download wav2lip"):
        create_engine(Registry(), wav2lip, options)
    put_wav2lip(accepted=True)
    with pytest.raises(ModelMissing, match="no avatar"):  # the model is no longer missing
        create_engine(Registry(), wav2lip, options)


@pytest.mark.parametrize("name", ["wav2lip.pth", "Wav2Lip_GAN.safetensors", "wav2lip.onnx"])
def test_a_restricted_model_given_by_path_is_reported_once(
    name: str, tmp_path: Path, wav2lip: Manifest
) -> None:
    (tmp_path / name).write_bytes(b"x")
    given = {"model": str(tmp_path / name)}
    (notice,) = license_notices(given, wav2lip, app_paths())
    assert "commercial" in notice.hint
    assert license_notices(given, wav2lip, app_paths()) == ()
    own = {"model": str(write(tmp_path / "mine", own__pth=b"x") / "own.pth")}
    assert license_notices(own, wav2lip, app_paths()) == ()


def test_engine_set_forwards_license_notices(tmp_path: Path) -> None:
    given = str(write(tmp_path / "mine", wav2lip__pth=b"x") / "wav2lip.pth")
    engine_set, notices = EngineSet(Registry()), list[Noticed]()
    choice = EngineChoice(engine="wav2lip", options={"model": given})
    try:
        put_face(engine_set, choice, notices.append)
    finally:
        engine_set.close()
    assert notices[0].message == "wav2lip.pth: License of Wav2Lip."


def test_progress_text_has_rate_and_remaining_time() -> None:
    tally = DownloadProgress("m", "m.bin", total=3_000_000, began=10.0)
    tally = tally.at(1_000_000, 3_000_000, 11.0)  # lay here before: no rate yet
    assert (tally.rate, tally.seconds_left) == (0.0, None)
    tally = tally.at(1_500_000, 3_000_000, 12.0)
    assert (tally.rate, tally.seconds_left) == (500_000, 3.0)
    assert str(tally) == "m.bin: 2 MB of 3 MB, 500 kB/s, 3 s left"
    assert tally.at(1_500_000, None, 13.0).rate < 500_000
    assert tally.at(0, None, 14.0).done == 0  # begun anew
    assert DownloadProgress().at(5, None, 1.0).fraction == 0.0


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (75_538_270, "76 MB"), (1_527_906_378, "1.5 GB")]
)
def test_sizes_use_decimal_units(size: int, text: str) -> None:
    assert readable(size) == text


def test_rendering_uses_wav2lip_only_after_its_license_is_accepted() -> None:
    path = put_wav2lip(accepted=False)
    with pytest.raises(LicenseNotAccepted):
        find_weights("wav2lip", app_paths())
    Store.of(app_paths()).accept(read_catalog(shipped("models") / "catalog.yaml").find("wav2lip"))
    assert find_weights("wav2lip", app_paths()) == path
    with pytest.raises(ModelMissing, match="models download wav2lip_gan"):
        find_weights("wav2lip_gan", app_paths())


def test_licenses_accepted_at_the_same_time_are_all_kept(store: Store) -> None:
    bound = [a_model(f"m{number}", a_file("x", b"x"), license=BOUND) for number in range(16)]
    begin = threading.Barrier(4)

    def accept(models: list[Model]) -> None:
        begin.wait()
        for model in models:
            Store(store.root).accept(model)

    threads = [threading.Thread(target=accept, args=(bound[each::4],)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [model.id for model in bound if not store.is_accepted(model)] == []


def test_pins_of_models_that_come_at_the_same_time_are_all_kept(store: Store) -> None:
    models = [
        a_model(f"m{number}", a_file("x.txt", b"x", sha256=None, bytes=None)) for number in range(4)
    ]
    begin = threading.Barrier(4)

    def pin(model: Model) -> None:
        write(store.folder(model), x__txt=b"x")
        begin.wait()
        store.pin(model, model.files[0], model.id)

    store.root.mkdir()
    threads = [threading.Thread(target=pin, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.expected_hash(model, model.files[0]) for model in models] == [
        model.id for model in models
    ]
