"""Lists the installed packages that the program needs, with version, license and home page."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from importlib import metadata

from avatar_app.system.extras.declared import DISTRIBUTION

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
    found: dict[str, InstalledPackage] = {}
    waiting, seen = deque([distribution]), {_key(distribution)}
    while waiting:
        try:
            package = metadata.distribution(waiting.popleft())
        except metadata.PackageNotFoundError:  # belongs to another platform or an extra
            continue
        name = package.metadata["Name"]
        if _key(name) != _key(distribution):
            found[_key(name)] = InstalledPackage(name, package.version, _license(package))
        for required in _required(package):
            if _key(required) not in seen:
                seen.add(_key(required))
                waiting.append(required)
    return tuple(found[key] for key in sorted(found))


def _required(package: metadata.Distribution) -> list[str]:
    from packaging.requirements import Requirement

    wanted = (Requirement(line) for line in package.requires or ())
    holds = {"extra": ""}
    return [each.name for each in wanted if each.marker is None or each.marker.evaluate(holds)]


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
