"""The command line's `facts`: what the avatar knows of its user; list, correct, export, forget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from avatar_app.cli.console import plain_console
from avatar_app.cli.notices import print_warning

if TYPE_CHECKING:
    from avatar_app.storage.memory import Memory
    from avatar_app.tools.services import RememberedFact

facts = typer.Typer(
    help="What the avatar remembers of you: list, correct, export, forget.", no_args_is_help=True
)
out = plain_console()
err = plain_console(stderr=True)

Subject = Annotated[str, typer.Argument(help="As `facts list` shows it: user, sister …")]
Attribute = Annotated[str, typer.Argument(help="As `facts list` shows it: name, lives in …")]


@facts.command("list")
def show_all(
    about: Annotated[list[str] | None, typer.Argument(help="Words that it is about.")] = None,
) -> int:
    """List what is known, with the day it was said."""
    with _memory() as memory:
        known = memory.stated.related(" ".join(about), most=50) if about else memory.stated.all()
    if not known:
        out.print("Nothing is known about that." if about else "Nothing is known about you yet.")
        return 0
    table = Table("about", "what", "", "said", "your words", box=None, header_style="bold")
    for each in known:
        fact = each.fact
        cells = (fact.subject, fact.attribute, fact.value, _day(each.learned), each.said)
        table.add_row(*map(Text, cells))
    out.print(table)
    return 0


@facts.command()
def correct(
    subject: Subject,
    attribute: Attribute,
    value: Annotated[str, typer.Argument(help="What is right.")],
) -> int:
    """Replace what is known by what is right."""
    from avatar_app.tools.services import BY_HAND, Fact

    with _memory() as memory:
        before = _found(memory, subject, attribute)
        fact = Fact(before.fact.subject, before.fact.attribute, value.strip())
        memory.learn(fact, BY_HAND + value.strip(), datetime.now().astimezone())
    out.print(Text(f"{before.fact.value} → {fact.value}"))
    return 0


@facts.command()
def export(
    output: Annotated[Path, typer.Argument(help="The JSON file to write.")],
) -> int:
    """Write everything that is known, and what it replaced, into a JSON file."""
    from avatar_app.system.files import replace_file

    with _memory() as memory:
        known = memory.stated.all()
        rows = [
            _record(each)
            | {"before": [_record(old) for old in memory.stated.replaced(*_key(each))]}
            for each in known
        ]
    text = json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    replace_file(output, text.encode("utf-8"))
    out.print(f"{len(rows)} facts are in {output}", soft_wrap=True)
    return 0


@facts.command()
def forget(
    subject: Subject,
    attribute: Annotated[str, typer.Argument(help="Everything about the subject without it.")] = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Forget what is known about somebody, for good."""
    with _memory() as memory:
        before = _found(memory, subject, attribute)
        if not yes and not typer.confirm(f"Forget this for good: {_line(before)} …?", err=True):
            return 1
        count = memory.forget(before.fact.subject, attribute.strip().lower())
    out.print(f"{count} forgotten.")
    return 0


@contextmanager
def _memory() -> Iterator[Memory]:
    from avatar_app.storage.memory import Memory
    from avatar_app.system.paths import app_paths

    with closing(Memory(app_paths().memory_file)) as memory:
        if memory.notice:
            print_warning(err, memory.notice)
        yield memory


def _found(memory: Memory, subject: str, attribute: str) -> RememberedFact:
    from avatar_app.core.errors import InputInvalid

    known = memory.source(subject.strip().lower(), attribute.strip().lower())
    if known is None:
        what = f"{subject}: {attribute}" if attribute else subject
        raise InputInvalid(f"Nothing is known about {what}.", "List it: avatar-app facts list")
    return known


def _key(known: RememberedFact) -> tuple[str, str]:
    return known.fact.subject, known.fact.attribute


def _line(known: RememberedFact) -> str:
    return f"{known.fact.subject}, {known.fact.attribute}: {known.fact.value}"


def _record(known: RememberedFact) -> dict[str, str]:
    return {
        "subject": known.fact.subject,
        "attribute": known.fact.attribute,
        "value": known.fact.value,
        "said": known.said,
        "learned": known.learned.isoformat() if known.learned else "",
    }


def _day(learned: datetime | None) -> str:
    return f"{learned.astimezone():%Y-%m-%d}" if learned else ""
