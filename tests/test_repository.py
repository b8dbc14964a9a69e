"""The repository keeps what it promises a newcomer: two commands, a light import, one license."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from avatar_app.runtime.registry import Registry
from avatar_app.system import paths

ROOT = Path(__file__).parents[1]
GPL_3 = "3972dc9744f6499f0f9b2dbf76696f2ae7ad8af9b23dde66d6af86c9dfb36986"
"""SHA-256 of the license's text as the FSF publishes it."""
LINUX = ROOT / "packaging" / "linux"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_package_loads_nothing_heavy() -> None:
    heavy = ("PySide6", "onnxruntime", "torch", "cv2", "skia", "livekit", "av", "sounddevice")
    program = f"import sys, avatar_app; sys.exit(', '.join(set({heavy}) & set(sys.modules)))"
    assert run(sys.executable, "-c", program).stderr.strip() == ""


def test_window_does_not_load_http_packages() -> None:
    late = ("httpx", "asyncio", "openai", "rich", "cv2", "onnx", "onnxruntime", "av", "sounddevice")
    window = "avatar_app.ui.app, avatar_app.session.app_session"
    program = f"import sys, {window}; sys.exit(', '.join(set({late}) & set(sys.modules)))"
    assert run(sys.executable, "-c", program).stderr.strip() == ""


def test_the_readme_shows_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in ("make run", "make test"):
        assert command in readme


def test_the_makefile_explains_its_commands() -> None:
    listed = run("make", "help").stdout
    for command in ("run", "test", "check", "bench", "docs", "clean"):
        assert f"make {command} " in listed


@pytest.mark.parametrize("script", [".ci/run", *map(str, LINUX.glob("*-*.sh"))])
def test_scripts_can_be_executed_and_are_valid(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert run("bash", "-n", script).stderr == ""


def test_the_license_is_the_verbatim_gpl(project: dict[str, Any]) -> None:
    assert project["license"] == "GPL-3.0-or-later"
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == GPL_3


def test_light_dependency_set_has_no_torch(project: dict[str, Any]) -> None:
    dependencies = project["dependencies"]
    assert not [line for line in dependencies if re.match(r"torch|tensorflow|jax", line)]
    assert "PySide6-Essentials>=6.8,!=6.12.0" in dependencies


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported_packages() -> set[str]:
    """Top-level names of other projects that the program imports anywhere."""
    found = set()
    for path in (ROOT / "avatar_app").rglob("*.py"):
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    roots = {name.split(".")[0] for name in found}
    return roots - sys.stdlib_module_names - {"avatar_app"}


def test_imported_and_engine_packages_are_declared(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    families = [line for name, lines in extras.items() if name != "test" for line in lines]
    stated = [re.match(r"[\w.-]+", line) for line in [*project["dependencies"], *families]]
    declared = {canonical(match[0]) for match in stated if match} | {"pydantic-core", "shiboken6"}
    apart = {"TTS": ["coqui-tts"], "llama_cpp": ["llama-cpp-python"]}  # not in the tests'
    distributions = {**apart, **metadata.packages_distributions()}
    undeclared = {
        name
        for name in imported_packages()
        if not declared & {canonical(each) for each in distributions.get(name, [name])}
    }
    assert undeclared == set()
    needed = {canonical(name) for each in Registry().all() for name in each.needs.packages}
    assert needed - declared == set()


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "personas").glob("*.yaml")), ids=str)
def test_shipped_personas_introduce_themselves(path: Path) -> None:
    persona = yaml.safe_load(path.read_text())
    assert set(persona) == {"name", "title", "character", "voices", "greeting", "system"}
    voices = persona.pop("voices")
    assert voices
    assert all(isinstance(value, str) and value for value in [*persona.values(), *voices.values()])


def test_package_data_is_shipped_and_found() -> None:
    assert paths.default_settings_file().is_file()
    assert paths.assets().is_dir()
    assert (paths.personas() / "mira.yaml").is_file()


def test_every_system_package_is_a_plain_name() -> None:
    for path in LINUX.glob("apt-*.txt"):
        for line in path.read_text().splitlines():
            assert re.fullmatch(r"#.*|[a-z0-9.+-]+(\|[a-z0-9.+-]+)*", line), (path, line)


def missing_packages(tmp_path: Path, *wanted: str) -> list[str]:
    """What the set-up would install, by a dpkg that has libone and libtwo only."""
    query = tmp_path / "dpkg-query"
    query.write_text(
        '#!/bin/sh\ncase "$4" in libone|libtwo) echo install ok installed;; '
        "gone) echo deinstall ok config-files;; *) exit 1;; esac\n"
    )
    query.chmod(0o755)
    script = f'PATH="{tmp_path}:$PATH"; source {LINUX}/apt.sh; missing_packages "$@"'
    return run("bash", "-c", script, "-", *wanted).stdout.split()


def test_only_missing_system_packages_are_installed(tmp_path: Path) -> None:
    wanted = ("libone", "libthree", "old|libtwo", "old|new", "gone")
    assert missing_packages(tmp_path, *wanted) == ["libthree", "old|new", "gone"]


QUAINT = {
    "anew": "again",
    "whoever": "the caller, the owner, …",
    "mend": "fix, correct",
    "mends": "fixes, corrects",
    "reckoned": "estimated",
    "told": "reported, passed to, notified",
    "shall": "must, should",
}
"""Words that hide what a text says from those who search for it, and what to write instead."""
ANY_QUAINT = re.compile("|".join(QUAINT))
"""Most files contain none, and need not be taken apart."""
SPOKEN = {"told", "shall"}
"""Words that a conversation may need: forbidden in docstrings and comments, not in other texts."""


def texts_of(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield the line, the text and whether the user may see it, of docstrings, comments,
    strings."""
    source, tree = path.read_text(encoding="utf-8"), syntax(path)
    described = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value, id(node) not in described
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string, False


def test_texts_use_plain_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word!r}; write: {QUAINT[word]}"
        for path in sorted((ROOT / "avatar_app").rglob("*.py"))
        if ANY_QUAINT.search(path.read_text(encoding="utf-8").lower())
        for line, text, is_visible in texts_of(path)
        for word in re.findall(r"(?<![`\w.|-])[a-z]+(?![\w`|-])", text.lower())
        if word in QUAINT and not (is_visible and word in SPOKEN)
    ]
    assert found == []


def test_every_module_docstring_states_its_purpose() -> None:
    empty = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "avatar_app").rglob("*.py"))
        if (tree := syntax(path)).body and len((ast.get_docstring(tree) or "").split()) < 2
    ]
    assert empty == []
