"""The documentation builds without a warning, and its commands and programs are what they claim."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from avatar_app.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def blocks(language: str) -> list[Any]:
    found = []
    for page in [*PAGES, ROOT / "README.md"]:
        for number, (kind, text) in enumerate(BLOCK.findall(page.read_text()), 1):
            if kind == language and not (page.name == "README.md" and "[" in text):
                found.append(pytest.param(text, id=f"{page.stem}-{number}"))
    return found


def parse(words: list[str]) -> None:
    """Let the real parser read a command line; raises what it raises."""
    command: Any = typer.main.get_command(app)
    context = None
    while hasattr(command, "commands"):
        if command.invoke_without_command and words and words[0].startswith("-"):
            command.make_context(command.name, words, parent=context)
            return
        with command.make_context(
            command.name or "avatar-app", words[:], parent=context
        ) as context:
            name, command, words = command.resolve_command(context, words)
    command.make_context(name, words, parent=context)


@pytest.mark.parametrize("text", blocks("sh"))
def test_documented_commands_are_parsed_by_the_cli(text: str) -> None:
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words and words[0] == "avatar-app":
            parse(words[1:])
        elif words and words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= TARGETS
        elif words:
            assert words[0] in ("export", "sudo")


def test_nonexistent_documented_command_is_detected() -> None:
    for wrong in (["dance"], ["models", "dance"], ["demo", "--dance"]):
        with pytest.raises(typer.TyperException):
            parse(wrong)


@pytest.mark.parametrize("text", blocks("python"))
def test_documented_programs_run(text: str) -> None:
    exec(compile(text, "documentation", "exec"), {"__name__": "documentation"})


@pytest.mark.parametrize("text", blocks("yaml"))
def test_documented_manifests_and_recipes_are_valid(text: str, tmp_path: Path) -> None:
    from avatar_app.runtime.registry import Registry
    from avatar_app.studio.recipe import parse_recipe

    described = yaml.safe_load(text)
    if "audio" in described:
        assert parse_recipe(described).audio.script
        return
    folder = tmp_path / described["kind"] / described["name"]
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(text)
    (folder / "engine.py").write_text("class Beep: ...\n")
    found = {(each.kind, each.name) for each in Registry(tmp_path).all()}
    assert (described["kind"], described["name"]) in found


def test_the_site_is_built_without_warnings(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    page = (tmp_path / "reference" / "command-line.html").read_text()
    assert "avatar-app models download" in page
    assert "turn_detection" in (tmp_path / "reference" / "settings.html").read_text()
    assert "pocketsphinx" in (tmp_path / "reference" / "engines.html").read_text()
