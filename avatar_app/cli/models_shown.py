"""Prints models: a list that fits 80 columns, and all facts about one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from avatar_app.core.manifest import Kind

if TYPE_CHECKING:
    from rich.console import Console

    from avatar_app.models.catalog import Model
    from avatar_app.models.store import Store


def show_list(models: Iterable[Model], store: Store, out: Console) -> None:
    """Print two lines for each model, grouped by purpose: its facts and its summary."""
    from avatar_app.models.description import describe
    from avatar_app.runtime.kinds import KINDS

    groups: dict[tuple[Kind, str], list[Model]] = {}
    for each in models:
        groups.setdefault((each.kind, each.engine), []).append(each)
    for (kind, engine), group in groups.items():
        _line(out, f"{KINDS[kind].title}: {engine}", style="bold")
        for each in group:
            row = describe(each, store)
            mark = "✓" if row["state"] == "here" else " "
            license = each.license.title + (" *" if row["must_accept"] else "")
            size = row["size"] if each.bytes else "—"
            facts = f"{mark} {each.id:<22} {size:>8}  {row['state']:<9}  {license}"
            _line(out, facts)
            _line(out, f"    {each.summary}", style="dim")
    _line(out, "* accept the license before use; for its terms: avatar-app models info ID")
    _line(out, "Download one: avatar-app models download ID; to get started: avatar-app setup")


def show_model(model: Model, store: Store, out: Console) -> None:
    """Print all facts; hashes and addresses in lines of their own, to be copied."""
    from avatar_app.models.description import command_to_use, describe
    from avatar_app.models.store import readable

    _line(out, model.title, style="bold")
    _line(out, f"  {model.summary}")
    for name, text in _facts(model, store):
        out.print(_row(name, text))
    _line(out, "files", style="bold")
    for file in model.files:
        size = readable(file.bytes) if file.bytes else "size unknown"
        _line(out, f"  {file.name}  {size}")
        _line(
            out, f"    sha256 {store.expected_hash(model, file) or 'pinned at the first download'}"
        )
        for url in file.urls:
            _line(out, f"    {url}")
        for release in dict.fromkeys(part.release for part in file.packages):
            _line(out, f"    or from the package {release}")
    _line(out, "next", style="bold")
    if describe(model, store)["state"] != "here":
        _line(out, f"  avatar-app models download {model.id}")
    _line(out, f"  {command_to_use(model)}")


def _facts(model: Model, store: Store) -> Iterator[tuple[str, str]]:
    from avatar_app.models.description import describe

    row = describe(model, store)
    yield "state", row["state"]
    yield "where", str(store.path(model))
    yield "size", row["size"]
    needs = model.needs
    yield "memory", f"about {needs.ram_mb} MB, on a graphics card {needs.vram_mb} MB"
    yield "languages", ", ".join(model.languages) or "any"
    yield "license", model.license.notice
    if row["must_accept"]:
        yield "accepted", "yes" if row["accepted"] else "not yet"
    if model.notes:
        yield "notes", model.notes
    yield "on record", model.source


def _row(name: str, text: str) -> Any:
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 2))
    row.add_column(width=11)
    row.add_column(overflow="fold")  # a truncated address is useless
    row.add_row(Text(f"  {name}"), Text(text))
    return row


def _line(out: Console, text: str, style: str | None = None) -> None:
    out.print(text, style=style, soft_wrap=True)
