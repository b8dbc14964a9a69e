"""Lists the installed packages that the program needs, with version, license and home page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from avatar_app.system.extras.declared import DISTRIBUTION

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_LONGEST = 60
"""Characters; a longer license field contains the whole text."""
_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """A package as its metadata describes it."""

    name: str
    version: str
    license: str
    """SPDX expression or name; empty where the package does not state one."""


def installed_dependencies(distribution: str = DISTRIBUTION) -> tuple[InstalledPackage, ...]:
    """Return the packages that `distribution` requires here, and those that they require; empty if
    it is not installed."""
    from packaging.requirements import Requirement

    found: dict[str, InstalledPackage] = {}
    waiting = deque([Requirement(distribution)])
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.popleft()
        step = (_key(wanted.name), frozenset(wanted.extras))
        if step in seen:
            continue
        seen.add(step)
        try:
            package = metadata.distribution(wanted.name)
        except metadata.PackageNotFoundError:  # belongs to another platform or an extra
            continue
        name = package.metadata["Name"]
        if _key(name) != _key(distribution):
            found[_key(name)] = InstalledPackage(name, package.version, _license(package))
        waiting.extend(_required(package, wanted.extras))
    return tuple(found[key] for key in sorted(found))


def _required(package: metadata.Distribution, extras: set[str]) -> Iterator[Requirement]:
    """Yield what a package requires here, with some of its extras."""
    from packaging.requirements import Requirement

    for required in (Requirement(line) for line in package.requires or ()):
        marker = required.marker
        if marker is None or any(marker.evaluate({"extra": each}) for each in {"", *extras}):
            yield required


def _license(package: metadata.Distribution) -> str:
    described = package.metadata
    for field in ("License-Expression", "License"):
        text = str((described.get_all(field) or [""])[0]).strip()
        if text and len(text) <= _LONGEST and "\n" not in text:
            return text
    classifiers = described.get_all("Classifier") or []
    names = [each.removeprefix(_CLASSIFIER) for each in classifiers if each.startswith(_CLASSIFIER)]
    return ", ".join(names)


def _key(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
