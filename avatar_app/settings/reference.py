"""Renders the documentation of all settings as Markdown, from the same fields as the form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from avatar_app.settings.forms import FieldType, SettingField
from avatar_app.settings.user_file import yaml_text

_HEAD = """# Settings

Each is shown in the window on its page and kept in `config.yaml` in your settings folder;
`avatar-app settings set NAME VALUE` changes it too. Made by `avatar-app settings docs`.
"""


def settings_reference(fields: Iterable[SettingField]) -> str:
    """Return a heading for each page and a table for each of its sections."""
    return "\n".join(_lines(fields))


def _lines(fields: Iterable[SettingField]) -> Iterator[str]:
    yield _HEAD
    for page, on_page in groupby(fields, lambda field: field.page):
        yield f"## {page}\n"
        for section, rows in groupby(on_page, lambda field: field.section):
            yield f"### {section}\n"
            yield "| setting | what it is | default | takes | effect |"
            yield "|---|---|---|---|---|"
            yield from (_row(field) for field in rows)
            yield ""


def _row(field: SettingField) -> str:
    cells = (
        f"`{field.name}`",
        field.help,
        f"`{yaml_text(field.default)}`",
        describe_accepted(field),
        field.effect.value,
    )
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def describe_accepted(field: SettingField) -> str:
    """Describe the values that a field accepts, as readable text."""
    if field.type is FieldType.CHOICE:
        values = [str(choice.value) for choice in field.choices]
        return ", ".join(values[:8]) + (f" … ({len(values)})" if len(values) > 8 else "")
    low = "" if field.min is None else f" from {field.min:g}"
    high = "" if field.max is None else f" to {field.max:g}"
    unit = f" {field.unit}" if field.unit else ""
    return f"{field.type.value}{low}{high}{unit}{' or null' if field.optional else ''}"
