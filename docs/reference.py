"""Writes the reference of the site from the program itself: command line, settings, engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from avatar_app.cli.main import app
from avatar_app.cli.settings import shipped_reference
from avatar_app.runtime.registry import Registry


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages; MkDocs calls it when it has found the others."""
    pages = {
        "command-line": command_line(),
        "settings": f"# Settings\n\n{shipped_reference()}",
        "engines": engines(),
    }
    for name, text in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def command_line() -> str:
    """Return each command with its help, arguments and options, in Markdown."""
    lines = ["# Command line", ""]
    for name, command in _commands("avatar-app", typer.main.get_command(app)):
        lines += [f"## {name}", "", (command.help or "").replace("\b", "").strip(), ""]
        for parameter in command.params:
            lines += _parameter(parameter)
        lines.append("")
    return "\n".join(lines)


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not command.hidden:
        yield name, command
        for below, each in getattr(command, "commands", {}).items():
            yield from _commands(f"{name} {below}", each)


def _parameter(parameter: Any) -> list[str]:
    if getattr(parameter, "hidden", False) or "--help" in parameter.opts:
        return []
    names = [*parameter.opts, *parameter.secondary_opts]
    shown = ", ".join(f"`{each}`" for each in names)
    kind = getattr(parameter, "param_type_name", "")
    title = f"`{parameter.name.upper()}`" if kind == "argument" else shown
    text = " ".join((getattr(parameter, "help", "") or "").split())
    return [f"- {title}: {text}" if text else f"- {title}"]


def engines() -> str:
    """Return each engine with what its manifest says, in Markdown."""
    lines = ["# Engines", ""]
    for kind in sorted({manifest.kind for manifest in Registry().all()}):
        lines += [f"## {kind.value}", "", "| engine | what it is | license |", "|---|---|---|"]
        for manifest in Registry().all():
            if manifest.kind == kind:
                summary = manifest.summary.replace("|", "\\|")
                title = f"`{manifest.name}`: {manifest.title}. {summary}"
                lines.append(f"| {title} | {manifest.license} |".replace(": ", " | ", 1))
        lines.append("")
    return "\n".join(lines)
