"""Extras: installed whole or not at all, by real pip from wheels that the test writes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from wheels import offer_only, write_wheel

from avatar_app.cli import extras as cli_extras
from avatar_app.cli import main as cli
from avatar_app.core.errors import ConfigInvalid, ModelMissing
from avatar_app.core.jobs import Job, JobCancelled, Progress
from avatar_app.core.manifest import Kind
from avatar_app.core.network_access import NetworkAccess
from avatar_app.runtime.registry import Registry
from avatar_app.system.extras import declared, installation
from avatar_app.system.extras.declared import DeclaredExtras
from avatar_app.system.extras.installation import install_extra
from avatar_app.system.extras.installed import (
    PACKAGES,
    PYTHON,
    RECORD,
    InstalledExtra,
    installed_extras,
    is_provided,
    remove_extra,
    write_record,
)
from avatar_app.system.network_guard import start_guard
from avatar_app.system.paths import app_paths

REQUIRED = [
    "numpy>=1.26",
    'MNN>=3.2; python_version < "3.15"',
    'numpy>=1.26; extra == "same"',
    'lavender>=1; extra == "garden"',
    'numpy>=1.26; extra == "garden"',
    'lavender>=1; extra == "narrow"',
    'numpy<1; extra == "narrow"',
    'thistle; python_version < "4" and extra == "thorns"',
    'nettle; extra == "unheard"',
    'pytest; extra == "test"',
]


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program declares the extras above; the wheels of this folder are all that pip finds."""
    monkeypatch.setattr(declared.metadata, "requires", lambda _: REQUIRED)
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "index"
    folder.mkdir()
    offer_only(folder, monkeypatch)
    write_wheel(folder, "lavender", "1.2", "SMELL = 'sweet'", requires=("seed",))
    write_wheel(folder, "seed", "0.1")
    write_wheel(folder, "thistle", "1.0", "raise RuntimeError('too sharp')")
    return folder


@pytest.fixture
def root() -> Path:
    return app_paths().extras


@pytest.fixture
def garden(root: Path) -> Path:
    """The folder of an extra that is installed, as `install` leaves it."""
    folder = root / "garden"
    with ZipFile(write_wheel(root.parent, "lavender", "1.2", "SMELL = 'sweet'")) as wheel:
        wheel.extractall(folder / PACKAGES)
    write_record(InstalledExtra("garden", folder, "0.2.0", PYTHON, ("lavender 1.2",), 2000))
    return folder


def install(name: str, root: Path, watch: Callable[[Job], None] = lambda _job: None):
    job: Job[InstalledExtra] = Job(
        "installing", lambda job: install_extra(job, DeclaredExtras.read().find(name), root)
    )
    watch(job)
    return job.run()


def test_what_a_killed_installation_left_is_deleted(root: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    (root / f".garden.pid{ended.pid}.x" / "new").mkdir(parents=True)
    install("garden", root)
    assert remains(root) == ["garden"]


def remains(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


def test_extras_are_read_from_the_programs_metadata() -> None:
    assert DeclaredExtras.read().find("garden").packages == {"lavender", "numpy"}
    assert DeclaredExtras.read().find("thorns").requirements == ("thistle",)
    assert "test" not in DeclaredExtras.read().offered
    assert "same" not in DeclaredExtras.read().offered, "it brings nothing"


def test_an_unknown_extra_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigInvalid, match="Unknown extra 'gardn'") as raised:
        DeclaredExtras.read().find("gardn")
    assert raised.value.hint == "Choose garden, narrow, thorns or unheard."


def test_the_extra_named_like_the_engine_is_preferred() -> None:
    assert DeclaredExtras.read().with_packages(["Lavender"], "narrow").name == "narrow"
    assert DeclaredExtras.read().with_packages(["lavender", "nettle"]) is None


def test_extra_is_installed_without_packages_of_the_program(root: Path) -> None:
    fractions: list[float] = []
    done = install(
        "garden", root, lambda job: job.when_progressed(lambda p: fractions.append(p.fraction))
    )
    assert set(done.packages) == {"lavender 1.2", "seed 0.1"}
    assert not list(done.folder.glob(f"{PACKAGES}/numpy*"))
    assert remains(root) == ["garden"]
    assert installed_extras(root) == (done,)
    assert done.bytes > 0
    assert fractions == sorted(fractions)
    assert len(set(fractions)) >= 4


@pytest.mark.usefixtures("garden")
def test_extra_is_importable_only_in_new_processes(root: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from avatar_app.system.extras.installed import add_to_path\n"
        "add_to_path(['lavender'], Path(sys.argv[1]))\n"
        "import lavender; print(lavender.SMELL)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "sweet"
    with pytest.raises(ImportError):
        import lavender  # noqa: F401


def test_an_engine_gets_its_packages_from_the_extra(garden: Path) -> None:
    hidden = garden.rename(garden.with_name(".hidden"))
    folder = app_paths().engines / "vad" / "garden"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(
        "name: garden\nkind: vad\nentry: engine:Nose\ntitle: Nose\nlicense: MIT\n"
        "isolation: thread\nsummary: Smells.\n"
        "needs: {packages: [lavender]}\n"
    )
    (folder / "engine.py").write_text(
        "import lavender\n\nclass Nose:\n    SMELL = lavender.SMELL\n"
    )
    registry = Registry()
    manifest = registry.find(Kind.VAD, "garden")
    assert registry.missing_packages(manifest) == ("lavender",)
    with pytest.raises(ModelMissing) as raised:
        registry.load_class(manifest)
    assert raised.value.hint == "Type: avatar-app extras add garden"
    hidden.rename(garden)
    assert registry.missing_packages(manifest) == ()
    assert registry.load_class(manifest).SMELL == "sweet"
    sys.modules.pop("lavender")


def test_an_engine_uses_packages_that_only_make_it_faster(garden: Path) -> None:
    hidden = garden.rename(garden.with_name(".hidden"))
    folder = app_paths().engines / "vad" / "racer"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(
        "name: racer\nkind: vad\nentry: engine:Racer\ntitle: Racer\nlicense: MIT\n"
        "isolation: thread\nsummary: Runs.\n"
        "needs: {packages: [numpy], faster_with: [lavender, thistle]}\n"
    )
    (folder / "engine.py").write_text(
        "from importlib.util import find_spec\n\n"
        "class Racer:\n    @staticmethod\n    def is_fast():\n"
        "        return find_spec('lavender') is not None\n"
    )
    registry = Registry()
    manifest = registry.find(Kind.VAD, "racer")
    assert registry.missing_packages(manifest) == ()
    assert registry.faster_packages(manifest) == ("lavender",)
    assert not registry.load_class(manifest).is_fast()
    hidden.rename(garden)
    assert registry.faster_packages(manifest) == ()
    assert registry.load_class(manifest).is_fast()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("narrow", "narrow cannot be installed: it needs other versions than the program."),
        ("unheard", "unheard cannot be installed: No matching distribution found for nettle"),
        ("thorns", "thorns was installed but does not work here: RuntimeError: too sharp"),
    ],
)
def test_failed_installation_leaves_no_files(name: str, sentence: str, root: Path) -> None:
    with pytest.raises(ConfigInvalid) as raised:
        install(name, root)
    assert raised.value.message == sentence
    assert raised.value.hint
    assert remains(root) == []


DIFFERS = "garden cannot be installed: a file differs from what the index announced."


def test_a_file_that_differs_from_its_announced_hash_is_refused(
    root: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = sorted(index.glob("*.whl"))
    hashes = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in wheels}
    page = index / "index.html"
    page.write_text("".join(f'<a href="{name}#sha256={hashes[name]}">-</a>' for name in hashes))
    monkeypatch.setenv("PIP_FIND_LINKS", str(page))
    assert install("garden", root).packages
    remove_extra("garden", root)
    write_wheel(index, "lavender", "1.2", "SMELL = 'burnt'", requires=("seed",))
    with pytest.raises(ConfigInvalid) as raised:
        install("garden", root)
    assert raised.value.message == DIFFERS
    assert remains(root) == []


def test_a_file_that_was_exchanged_after_it_was_resolved_is_refused(
    root: Path, index: Path
) -> None:
    def exchange(progress: Progress) -> None:
        if progress.fraction == installation._RESOLVED and progress.text == "Resolving garden":
            write_wheel(index, "lavender", "1.2", "SMELL = 'burnt'", requires=("seed",))

    with pytest.raises(ConfigInvalid) as raised:
        install("garden", root, lambda job: job.when_progressed(exchange))
    assert raised.value.message == DIFFERS
    assert remains(root) == []


def test_a_failed_renewal_keeps_the_former_state(root: Path, index: Path) -> None:
    first = install("garden", root)
    write_wheel(index, "lavender", "2.0", "import absent_module")
    with pytest.raises(ConfigInvalid, match="does not work here"):
        install("garden", root)
    assert installed_extras(root) == (first,)
    assert remains(root) == ["garden"]
    write_wheel(index, "lavender", "3.0", "SMELL = 'strong'")
    assert install("garden", root).packages == ("lavender 3.0",)


@pytest.mark.parametrize("stage", ["Resolving", "Trying"])
def test_a_cancelled_installation_leaves_nothing_behind(stage: str, root: Path) -> None:
    def watch(job: Job) -> None:
        job.when_progressed(lambda progress: stage in progress.text and job.cancel())

    with pytest.raises(JobCancelled):
        install("garden", root, watch)
    assert remains(root) == []


def test_nothing_is_fetched_where_the_network_is_switched_off(root: Path) -> None:
    start_guard(lambda: NetworkAccess.LOCAL, app_paths())
    with pytest.raises(ConfigInvalid, match="network access is switched off"):
        install("garden", root)
    assert remains(root) == []


def test_an_extra_of_another_python_or_without_a_record_is_left_alone(
    root: Path, garden: Path
) -> None:
    record = garden / RECORD
    written = json.loads(record.read_text())
    record.write_text(json.dumps(written | {"python": "2.7"}))
    assert not is_provided("lavender", root)
    assert [each.is_usable for each in installed_extras(root)] == [False]
    for damaged in ("", "[]", '{"python": "3.11"}', "\x00"):
        record.write_text(damaged)
        assert installed_extras(root) == ()
        assert not is_provided("lavender", root)


@pytest.mark.usefixtures("garden")
def test_a_removed_extra_is_gone(root: Path) -> None:
    assert remove_extra("garden", root).name == "garden"
    assert remains(root) == []
    with pytest.raises(ConfigInvalid, match="'garden' is not installed"):
        remove_extra("garden", root)


def test_the_commands_add_list_and_remove(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["avatar-app", "extras", *words])
        return cli.run_command_line(), capsys.readouterr().out

    monkeypatch.setattr(cli_extras.out, "_width", 300)
    assert run("add", "garden", "--yes")[0] == 0
    status, listed = run("list")
    assert status == 0
    assert "installed" in next(line for line in listed.splitlines() if "garden" in line)
    assert "thorns" in listed
    assert "0 bytes" not in listed, "nobody has measured it"
    assert run("remove", "garden")[0] == 0
    assert remains(root) == []
    assert run("remove", "garden")[0] == 1
