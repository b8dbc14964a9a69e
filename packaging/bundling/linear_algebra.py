"""Leaves out of OpenBLAS, and of what it needs, the parts that NumPy does not call.

OpenBLAS calls four functions of the runtime library of Fortran. A library that has just those takes
its place, under a name of its own: extras such as SciPy bring the whole library under the old one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bundling.elf import symbols
from bundling.holes import Range
from bundling.stand_ins import compile_library, versions_wanted

LIBRARY = "numpy.libs/libscipy_openblas*"
FORTRAN = "numpy.libs/libgfortran-*"
OWN_NAME = "libgfortran-own.so"
_C_INTERFACE = "LAPACKE_"
"""Part of the names of the functions by which programs in C call LAPACK; NumPy calls it itself."""
FUNCTIONS = {
    "_gfortran_concat_string": """
void _gfortran_concat_string(
    size_t size, char *to, size_t first, const char *a, size_t second, const char *b)
{
    first = first < size ? first : size;
    second = second < size - first ? second : size - first;
    memcpy(to, a, first);
    memcpy(to + first, b, second);
    memset(to + first + second, ' ', size - first - second);
}
""",
    "_gfortran_pow_r4_i8": """
float _gfortran_pow_r4_i8(float base, int64_t exponent)
{
    uint64_t left = exponent < 0 ? -(uint64_t)exponent : (uint64_t)exponent;
    float power = 1, factor = exponent < 0 ? 1 / base : base;
    for (; left; left >>= 1, factor *= factor)
        if (left & 1) power *= factor;
    return power;
}
""",
    "_gfortran_pow_r8_i8": """
double _gfortran_pow_r8_i8(double base, int64_t exponent)
{
    uint64_t left = exponent < 0 ? -(uint64_t)exponent : (uint64_t)exponent;
    double power = 1, factor = exponent < 0 ? 1 / base : base;
    for (; left; left >>= 1, factor *= factor)
        if (left & 1) power *= factor;
    return power;
}
""",
    "_gfortran_etime": "float _gfortran_etime(void *times) { (void)times; return -1; }\n",
}
"""The functions, as the Fortran compiler calls them; the last one says that it has no clock."""
_INCLUDED = "#include <stdint.h>\n#include <string.h>\n"


def replace_fortran(packages: Path) -> None:
    """Replace the library of Fortran if no other functions of it are called than those here, and
    nobody but OpenBLAS needs it.
    """
    for library in packages.glob(FORTRAN):
        (user,) = packages.glob(LIBRARY)
        content, name = user.read_bytes(), library.name.encode()
        wanted = versions_wanted(user, library.name)
        if not wanted or not set(wanted) <= set(FUNCTIONS) or name not in content:
            continue
        own = library.with_name(OWN_NAME)
        compile_library(_INCLUDED + "".join(FUNCTIONS[each] for each in wanted), wanted, own)
        user.write_bytes(content.replace(name, OWN_NAME.encode().ljust(len(name), b"\0")))
        library.unlink()


def c_interface(packages: Path) -> Iterator[tuple[Path, list[Range]]]:
    """Yield OpenBLAS, while it has its symbols, with the addresses of the functions for C."""
    for library in packages.glob(LIBRARY):
        functions = [each for each in symbols(library) if each.is_function]
        own = [each for each in functions if _C_INTERFACE in each.name]
        if own:
            start = min(each.address for each in own)
            end = max(each.address + each.size for each in own)
            others = [each for each in functions if _C_INTERFACE not in each.name]
            is_apart = not any(start <= each.address < end for each in others)
            yield library, [(start, end)] if is_apart else []
