"""Form fields: built from the settings schema, its documentation and engine manifests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from avatar_app.core.manifest import Kind, Manifest, Option
from avatar_app.settings.layers import ENGINE, OPTIONS, Name
from avatar_app.settings.presentation import Effect, FormHints, Page
from avatar_app.settings.store import SettingsStore

MODIFIED = "@modified"
"""Search term: only settings that differ from the shipped value."""


class FieldType(StrEnum):
    """Type of editor for a field."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    LIST = "list"
    """Several words."""


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """One of a field's values."""

    value: str | None
    title: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class SettingField:
    """A setting as a form shows it, with its current value."""

    name: str
    """Dotted."""
    title: str
    help: str
    type: FieldType
    page: Page
    section: str
    """Title of the section of the page."""
    effect: Effect
    default: Any
    value: Any
    modified: bool
    place: str = ""
    """Where the value was written, as readable text; empty for the shipped value."""
    unit: str = ""
    min: float | None = None
    max: float | None = None
    step: float | None = None
    optional: bool = False
    """None is a value too: the system chooses."""
    choices: tuple[FieldChoice, ...] = ()
    """All values of a CHOICE; of a TEXT, likely ones."""

    @property
    def searchable(self) -> str:
        """Return all text that a search looks at, in lower case."""
        choices = " ".join(f"{choice.value} {choice.title}" for choice in self.choices)
        parts = (self.page, self.section, self.title, self.name, self.help, choices)
        return " ".join(parts).casefold()


Suggestions = Mapping[str, tuple[FieldChoice, ...]]
"""Known values of a setting, by its dotted name: for example, the devices of this machine."""


def form_fields(
    store: SettingsStore,
    help_texts: Mapping[Name, str],
    manifests: Iterable[Manifest] = (),
    suggestions: Suggestions | None = None,
) -> tuple[SettingField, ...]:
    """Return a field for each setting and for each option of the chosen engines, in the order of
    the schema. `help_texts`: see `documentation.read_help`.
    """
    form = _Form(store, help_texts, tuple(manifests), suggestions or {})
    return tuple(form.fields(store.schema, (), None, ""))


def search(fields: Iterable[SettingField], words: str) -> tuple[SettingField, ...]:
    """Return the fields that contain each of the words in name, title or help; those with a word in
    their title first. `@modified` selects those that differ from the shipped value.
    """
    wanted = words.casefold().split()
    only_modified = MODIFIED in wanted
    wanted = [word for word in wanted if word != MODIFIED]
    found = [
        field
        for field in fields
        if (field.modified or not only_modified)
        and all(word in field.searchable for word in wanted)
    ]
    return tuple(sorted(found, key=lambda field: not _in_title(field, wanted)))


def _in_title(field: SettingField, words: list[str]) -> bool:
    return any(word in field.title.casefold() for word in words)


@dataclass(frozen=True, slots=True)
class _Form:
    store: SettingsStore
    help_texts: Mapping[Name, str]
    manifests: tuple[Manifest, ...]
    suggestions: Suggestions

    def fields(
        self, section: type[BaseModel], above: Name, page: Page | None, title: str
    ) -> Iterator[SettingField]:
        for key, entry in section.model_fields.items():
            name, shown = (*above, key), _shown(entry)
            its_page = page or _mark(entry, Page) or Page.MORE
            kind, below = _mark(entry, Kind), entry.annotation
            if shown.hidden:
                continue
            if kind is not None:
                yield from self._engine(name, kind, shown, its_page)
            elif isinstance(below, type) and issubclass(below, BaseModel):
                within = " · ".join(filter(None, (title, shown.title or title_from(key))))
                yield from self.fields(below, name, its_page, within)
            else:
                effect: Effect = getattr(section, "effect", Effect.NEXT_START)
                yield self._field(name, entry, its_page, title or title_from(key), effect)

    def _field(
        self, name: Name, entry: FieldInfo, page: Page, section: str, effect: Effect
    ) -> SettingField:
        shown, found = _shown(entry), self.store.find(".".join(name))
        kind, optional, choices = _type_of(entry.annotation)
        low, high = _bounds(entry)
        return SettingField(
            name=found.name,
            title=shown.title or title_from(name[-1]),
            help=self.help_texts.get(name, ""),
            type=kind,
            page=page,
            section=section,
            effect=shown.effect or effect,
            default=found.default,
            value=found.value,
            modified=found.modified,
            place=found.place,
            unit=shown.unit,
            min=low,
            max=high,
            step=shown.step or _step(kind, low, high),
            optional=optional,
            choices=choices or self.suggestions.get(found.name, ()),
        )

    def _engine(
        self, slot: Name, kind: Kind, shown: FormHints, page: Page
    ) -> Iterator[SettingField]:
        found = self.store.find(".".join((*slot, ENGINE)))
        manifests = [manifest for manifest in self.manifests if manifest.kind is kind]
        title = shown.title or title_from(slot[-1])
        yield SettingField(
            name=found.name,
            title=title,
            help=self.help_texts.get((*slot, ENGINE), ""),
            type=FieldType.CHOICE if manifests else FieldType.TEXT,
            page=page,
            section=title,
            effect=shown.effect or Effect.WHEN_LOADED,
            default=found.default,
            value=found.value,
            modified=found.modified,
            place=found.place,
            choices=tuple(FieldChoice(each.name, each.title, each.summary) for each in manifests),
        )
        for manifest in manifests:
            if manifest.name == found.value:
                for option in manifest.options:
                    yield self._option((*slot, OPTIONS, option.name), option, page, title, shown)

    def _option(
        self, name: Name, option: Option, page: Page, section: str, shown: FormHints
    ) -> SettingField:
        found, kind = self.store.find(".".join(name)), FieldType(option.type.value)
        suggested = self.suggestions.get(found.name, ())
        return SettingField(
            name=found.name,
            title=title_from(option.name),
            help=option.help,
            type=kind,
            page=page,
            section=section,
            effect=shown.effect or Effect.WHEN_LOADED,
            default=found.default,
            value=found.value,
            modified=found.modified,
            place=found.place,
            unit=option.unit,
            min=option.min,
            max=option.max,
            step=_step(kind, option.min, option.max),
            choices=tuple(FieldChoice(each, _worded(each)) for each in option.values) or suggested,
        )


def title_from(key: str) -> str:
    """Convert a name to a title: top_p → “Top p”, fps → “Pictures a second”."""
    return _TITLES.get(key) or key.replace("_", " ").capitalize()


_TITLES = {"fps": "Pictures a second", "rest_fps": "Pictures a second at rest"}


def _worded(value: str) -> str:
    """Return a choice's title: words begin with a capital letter, codes (en-us, f2) stay."""
    return title_from(value) if value.replace("_", "").isalpha() and len(value) > 2 else value


def _shown(entry: FieldInfo) -> FormHints:
    """Merge all hints about an entry; a later one adds to those of its type."""
    hints = FormHints()
    for mark in entry.metadata:
        if isinstance(mark, FormHints):
            said = {f.name: value for f in fields(mark) if (value := getattr(mark, f.name))}
            hints = replace(hints, **said)
    return hints


def _mark(entry: FieldInfo, kind: type[Any]) -> Any:
    """Return the schema's annotation of one type; None without one."""
    return next((mark for mark in entry.metadata if isinstance(mark, kind)), None)


def _type_of(annotation: Any) -> tuple[FieldType, bool, tuple[FieldChoice, ...]]:
    """Return how a type is edited, whether None is allowed, and its choices."""
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (each for each in get_args(annotation) if each is not NoneType)
        kind, _, choices = _type_of(inner)
        return kind, True, choices
    if get_origin(annotation) is tuple:
        return FieldType.LIST, False, ()
    if issubclass(annotation, StrEnum):
        return (
            FieldType.CHOICE,
            False,
            tuple(FieldChoice(m.value, title_from(m.value)) for m in annotation),
        )
    return _PLAIN.get(annotation, FieldType.TEXT), False, ()


_PLAIN = {bool: FieldType.BOOLEAN, int: FieldType.INTEGER, float: FieldType.NUMBER}


def _bounds(entry: FieldInfo) -> tuple[float | None, float | None]:
    low: float | None = None
    high: float | None = None
    for mark in entry.metadata:
        match mark:
            case Ge(bound) | Gt(bound):
                low = float(str(bound))
            case Le(bound) | Lt(bound):
                high = float(str(bound))
    return low, high


def _step(kind: FieldType, low: float | None, high: float | None) -> float | None:
    """Return the step: 1 for whole numbers; else a hundredth of the range, as 1, 2 or 5 times a
    power of ten.
    """
    if kind is FieldType.INTEGER:
        return 1
    if kind is not FieldType.NUMBER:
        return None
    hundredth = (high - low) / 100 if low is not None and high is not None else 0.01
    power: float = 10.0 ** math.floor(math.log10(hundredth))
    return float(next(n * power for n in (1, 2, 5, 10) if n * power >= hundredth * 0.999))
