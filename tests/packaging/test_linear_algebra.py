"""NumPy computes the same with less of OpenBLAS, and with four functions of Fortran's library."""

from __future__ import annotations

import ctypes
import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

PACKAGING = Path(__file__).parents[2] / "packaging"
SITE = Path(np.__file__).parents[1]
COMPUTE = """
import sys; sys.path.insert(0, sys.argv[1])
import numpy as np
assert np.__file__.startswith(sys.argv[1])
rng = np.random.default_rng(1)
for kind in ("f4", "f8", "c8", "c16"):
    a = (rng.random((24, 24)) + 24 * np.eye(24)).astype(kind)
    if kind[0] == "c":
        a = a + (1j * rng.random((24, 24))).astype(kind)
    h, linalg = a @ a.conj().T, np.linalg
    found = [linalg.solve(a, a[0]), linalg.inv(a), linalg.cholesky(h), linalg.eigvalsh(h),
             np.sort(np.abs(linalg.eigvals(a))), linalg.svd(a)[1], linalg.qr(a)[1],
             linalg.lstsq(a[:, :9], a[0])[0], linalg.det(a), linalg.pinv(a[:, :9]),
             linalg.eigh(h)[0]]
    print(*(each.astype(kind).tobytes().hex() for each in found))
try: np.linalg.inv(np.zeros((3, 3)))
except np.linalg.LinAlgError: print("singular")
"""


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The scripts import each other as they do when one of them is run."""
    monkeypatch.syspath_prepend(PACKAGING)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "bundling"]:
        del sys.modules[name]


def module(name: str) -> ModuleType:
    return importlib.import_module(f"bundling.{name}")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """NumPy alone in a folder."""
    for name in ("numpy", "numpy.libs"):
        shutil.copytree(SITE / name, tmp_path / name)
    return tmp_path


def computed(packages: Path) -> list[str]:
    command = [sys.executable, "-c", COMPUTE, str(packages)]
    environment = {"OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_numpy_computes_the_same_without_what_it_does_not_call(packages: Path) -> None:
    algebra, holes = module("linear_algebra"), module("holes")
    algebra.replace_fortran(packages)
    (library,) = packages.glob("numpy.libs/libscipy_openblas*")
    found = list(algebra.c_interface(packages))
    module("elf").strip_symbols(library)
    before = library.stat().st_size
    assert {path for path, _ in found} == {library}
    holes.cut_holes(library, [each for _, ranges in found for each in ranges])
    module("elf_gaps").close_gaps(library)
    assert module("elf").is_loadable(library)
    assert before - library.stat().st_size > 1_500_000
    results = computed(packages)
    assert len(results) == 4 * 11 + 1
    assert results == computed(SITE)


def test_library_of_fortran_gives_way_to_its_four_functions(packages: Path) -> None:
    (whole,) = SITE.glob("numpy.libs/libgfortran-*")
    module("linear_algebra").replace_fortran(packages)
    for path in module("elf").unreached_libraries(packages):
        path.unlink()
    left = sorted(
        path.name for path in packages.glob("numpy.libs/*") if "openblas" not in path.name
    )
    assert left == ["libgfortran-own.so"]
    original, own = (ctypes.CDLL(str(path)) for path in (whole, packages / "numpy.libs" / left[0]))
    for first, second, size in (
        (b"ab", b"cde", 9),
        (b"ab", b"cde", 4),
        (b"abc", b"d", 2),
        (b"", b"", 1),
    ):
        joined = []
        for library in (original, own):
            target = ctypes.create_string_buffer(b"x" * 12)
            sizes = [ctypes.c_size_t(each) for each in (size, len(first), len(second))]
            library._gfortran_concat_string(sizes[0], target, sizes[1], first, sizes[2], second)
            joined.append(target.raw)
        assert joined[0] == joined[1]
    for name, kind in (("r4", ctypes.c_float), ("r8", ctypes.c_double)):
        powers = [getattr(library, f"_gfortran_pow_{name}_i8") for library in (original, own)]
        for power in powers:
            power.restype, power.argtypes = kind, [kind, ctypes.c_int64]
        for base, exponent in (
            (2, 10),
            (2, -10),
            (1.7, 31),
            (-3, 3),
            (0, 0),
            (0, -1),
            (1.1, -(2**63)),
        ):
            assert powers[0](base, exponent) == powers[1](base, exponent)


def test_library_of_fortran_stays_where_more_of_it_is_called(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    algebra = module("linear_algebra")
    before = sorted(path.name for path in packages.glob("numpy.libs/*"))
    monkeypatch.delitem(algebra.FUNCTIONS, "_gfortran_etime")
    algebra.replace_fortran(packages)
    assert sorted(path.name for path in packages.glob("numpy.libs/*")) == before
