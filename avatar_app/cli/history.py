"""The command line's `history`: list, show, search, export and delete stored conversations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from avatar_app.cli.console import plain_console
from avatar_app.cli.notices import print_notices
from avatar_app.cli.progress import run_job

if TYPE_CHECKING:
    from avatar_app.core.events import Noticed
    from avatar_app.storage.conversation_text import Speakers
    from avatar_app.storage.conversations import ConversationStore, ConversationSummary
    from avatar_app.storage.search_words import Passage

history = typer.Typer(
    help="Conversation history: list, show, search, export, delete.", no_args_is_help=True
)
out = plain_console()
err = plain_console(stderr=True)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As `history list` shows it.")]


@history.command("list")
def show_all(
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
) -> int:
    """List conversations: pinned ones first, then the latest."""
    with _store() as store:
        found = store.list()
    _show_table(found[:limit])
    if len(found) > limit:
        out.print(f"{len(found) - limit} older ones are not shown; --limit shows more.")
    return 0


@history.command()
def search(
    words: Annotated[list[str], typer.Argument(help="Words, or how they begin.")],
) -> int:
    """List the conversations in which words were said or heard, with the place."""
    with _store() as store:
        found = store.search(" ".join(words))
    _show_table(found)
    return 0 if found else 1


@history.command()
def show(number: Number) -> int:
    """Print a conversation; words that were never heard are left out."""
    from avatar_app.storage.conversation_text import ExportFormat, conversation_text

    with _store() as store:
        summary = store.find(number)
        turns = store.all_turns(number)
    text = conversation_text(summary, turns, ExportFormat.TEXT, _speakers())
    out.print(text, end="", soft_wrap=True)
    return 0


@history.command()
def export(
    number: Number,
    output: Annotated[
        Path | None, typer.Option(help="The file to write; default: day and title, in this folder.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="md, txt, json, srt, vtt, mp3 or mp4; default: the file's ending."),
    ] = None,
) -> int:
    """Write a conversation into a file; as mp3 and mp4 it is spoken again."""
    from avatar_app.session.conversation_export import (
        ConversationExporter,
        format_named,
        suggested_name,
    )
    from avatar_app.settings.loading import load_settings
    from avatar_app.system.paths import app_paths

    ending = output.suffix.removeprefix(".") if output else ""
    wanted = format_named(format or ending or "md")
    settings, notices = load_settings()
    print_notices(err, notices)
    with _store() as store:
        path = output or Path(suggested_name(store.find(number), wanted))
        exporter = ConversationExporter(store, app_paths())
        run_job(
            "Exporting",
            err,
            lambda job: exporter.export(number, path, wanted, _speakers(), settings, job),
        )
    out.print(f"The conversation is {path}", soft_wrap=True)
    return 0


@history.command()
def delete(
    numbers: Annotated[
        list[int], typer.Argument(metavar="NUMBER…", help="Numbers of the conversations.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Delete conversations for good, with what is remembered of them."""
    from avatar_app.storage.erasure import erase_conversations
    from avatar_app.system.paths import app_paths

    with _store() as store:
        found = [store.find(number) for number in numbers]
        _show_table(found)
        if not yes and not typer.confirm("Delete this for good?", err=True):
            return 1
        for number in numbers:
            store.delete(number)
        erase_conversations(store, app_paths().memory_file, numbers)
    out.print(f"{len(found)} deleted.")
    return 0


@contextmanager
def _store() -> Iterator[ConversationStore]:
    from avatar_app.storage.history import History
    from avatar_app.system.paths import app_paths

    notices: list[Noticed] = []
    history = History(app_paths().history_file, notices.append)
    print_notices(err, notices)
    try:
        yield history.conversations
    finally:
        history.close()


def _speakers() -> Speakers:
    from avatar_app.storage.conversation_text import Speakers

    return Speakers("You", "Avatar")


def _show_table(found: Iterable[ConversationSummary]) -> None:
    table = Table("", "When", "Turns", "Title", box=None, header_style="bold", pad_edge=False)
    for each in found:
        title = _marked(each.title, each.title_marks)
        if each.pinned:
            title = Text.assemble(title, Text("  pinned", style="dim"))
        title = Text.assemble(title, "\n", _dim(each.passage))
        when = f"{each.ended.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(str(each.id), when, str(each.turns), title)
    if table.row_count:
        out.print(table)
    else:
        out.print("No conversation was found.")


def _dim(passage: Passage) -> Text:
    text = _marked(passage.text, passage.marks)
    text.style = "dim"
    return text


def _marked(text: str, marks: Iterable[tuple[int, int]]) -> Text:
    shown = Text(text)
    for start, end in marks:
        shown.stylize("bold reverse", start, end)
    return shown
