"""The laws of the architecture hold: who imports whom, how long things may be, what is not done."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "avatar_app").rglob("*.py"))

FLOORS = (
    {"core"},
    {"system"},
    {"media"},
    {"audio", "pipeline", "engines", "tools"},
    {"settings"},
    {"storage", "models", "avatars", "voices"},
    {"runtime"},
    {"speech", "render", "performance", "agents", "multimodal"},
    {"studio"},
    {"session"},
    {"api"},
    {"app"},
    {"ui", "server", "diagnostics"},
    {"bench"},
    {"cli"},
    {"__main__"},
)
"""The rooms of the package from the ground up. A room may import rooms on lower floors only."""
ONLY = {
    "system": {"core"},
    "media": {"core", "system"},
    "audio": {"core", "media"},
    "pipeline": {"core"},
    "engines": {"core"},
    "tools": {"core"},
}
"""Rooms that may import less than their floor allows."""
NEVER = {room: {"pipeline", "audio", "engines", "runtime"} for room in ("ui", "server")}
"""Rooms on lower floors that these may not import all the same."""
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
BROAD_EXCEPT = {
    "avatar_app/pipeline/stage.py": "an engine's bug must not end the conversation",
    "avatar_app/core/listeners.py": "a listener's bug must not keep an event from the others",
    "avatar_app/engines/hosting/process.py": "whatever ends the child must be told to the parent",
    "avatar_app/engines/hosting/child.py": "whatever ends the child must be told to the parent",
    "avatar_app/ui/qt/bridge.py": "a slot's bug must not end the window",
    "avatar_app/storage/recorder.py": "a turn that cannot be kept must not cost those after it",
    "avatar_app/session/app_session.py": "a window that waits for a conversation must learn why",
    "avatar_app/session/job_thread.py": "a job's bug must not end the jobs after it",
}
CLOCKS = {"time.time", "time.sleep"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def last_name(node: ast.expr) -> str:
    """Return the name at the end of what is called; empty where it has none. Unparsing every call
    takes minutes on a busy machine."""
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def package_of(path: Path) -> str:
    """The room of a file: the folder below avatar_app, or the file's own name."""
    return path.relative_to(ROOT / "avatar_app").with_suffix("").parts[0]


@cache
def imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """See `_imports`."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every imported module or name by its full name, and whether it loads when the file does."""
    lazy = {
        id(node)
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) not in lazy) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level]) if node.level else ""
            module = ".".join(filter(None, (above, node.module)))
            yield from ((f"{module}.{alias.name}", id(node) not in lazy) for alias in node.names)


def files_of(*packages: str) -> list[Path]:
    return [path for path in FILES if package_of(path) in packages]


MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in FILES}


@cache
def modules_imported(path: Path) -> set[str]:
    """The package's own modules that a file imports, also when it does so lazily or for types."""
    found = set()
    for name, _ in imports(path):
        for module in (name, name.rpartition(".")[0]):
            if {module, f"{module}.__init__"} & MODULES.keys() and module != "avatar_app":
                found.add(module)
                break
    return found


def test_every_room_has_a_floor() -> None:
    assert {package_of(path) for path in FILES} - FLOOR.keys() == {"__init__"}


def may_import(room: str, other: str) -> bool:
    if room == other:
        return True
    allowed = ONLY.get(room, {each for each in FLOOR if FLOOR[each] < FLOOR[room]})
    return other in allowed - NEVER.get(room, set())


def test_imports_point_downwards() -> None:
    wrong = [
        f"{name_of(path)}: {module}"
        for path in FILES
        if package_of(path) in FLOOR
        for module in modules_imported(path)
        if not may_import(package_of(path), module.split(".")[1])
    ]
    assert wrong == []


def cycle_in(arrows: dict[str, set[str]]) -> list[str]:
    """The members of one cycle, or nothing."""
    while leaves := {node for node, others in arrows.items() if not others & arrows.keys()}:
        arrows = {node: others for node, others in arrows.items() if node not in leaves}
    if not arrows:
        return []
    way = [min(arrows)]
    while way.count(way[-1]) < 2:
        way.append(min(arrows[way[-1]] & arrows.keys()))
    return way[way.index(way[-1]) :]


def test_no_import_cycle_between_files() -> None:
    arrows = {
        module: {each for each in modules_imported(path) if each in MODULES} - {module}
        for module, path in MODULES.items()
    }
    assert cycle_in(arrows) == []


def folder_of(module: str) -> str:
    return module if module not in MODULES else module.rpartition(".")[0]


def apart(one: str, other: str) -> bool:
    return not (f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}."))


def test_no_import_cycle_between_folders() -> None:
    """A folder and the files directly in the folder above it are one house: only siblings count."""
    arrows: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        own = folder_of(module.removesuffix(".__init__"))
        imported = {folder_of(each) for each in modules_imported(path)}
        arrows.setdefault(own, set()).update(each for each in imported if apart(own, each))
    assert cycle_in(arrows) == []


FRONT_ENDS = {
    "cli", "api", "server",
    "ui/app.py", "bench/render_ways.py", "bench/kokoro.py", "bench/orpheus.py",
    "bench/real.py", "bench/latency.py",
    "bench/window/startup_probe.py", "bench/window/idle_probe.py", "bench/window/soak_probe.py",
    "bench/window/history_probe.py", "bench/window/journeys_probe.py", "bench/journeys.py",
    "runtime/registry.py", "runtime/memory/doors.py", "render/talking_head.py", "settings",
    "studio/pipeline.py", "studio/decoder.py",
    "performance/apply.py",
    "diagnostics/doctor.py",
}  # fmt: skip
"""Where whose folders and settings are used is decided: rooms and files. A registry without a user
belongs to who runs the program."""


def test_only_front_ends_ask_for_the_users_folders_and_settings() -> None:
    """So that several users can be served: everything else is given them."""
    asking = {
        path.relative_to(ROOT / "avatar_app").as_posix()
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and last_name(node.func) in ("app_paths", "load_settings")
    }
    assert {each for each in asking if not {each, each.split("/")[0]} & FRONT_ENDS} == set()


def test_public_class_names_are_unique() -> None:
    """`grep` answers with one thing; engines are small houses of their own."""
    defined: dict[str, list[str]] = {}
    for path in FILES:
        if package_of(path) != "engines":
            for node in tree(path).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    defined.setdefault(node.name, []).append(name_of(path))
    assert {name: where for name, where in defined.items() if len(where) > 1} == {}


def test_the_core_needs_only_the_standard_library_and_numpy() -> None:
    roots = {name.split(".")[0] for path in files_of("core") for name, _ in imports(path)}
    assert roots - sys.stdlib_module_names == {"numpy", "avatar_app"}


def knows_qt(path: Path) -> bool:
    return any(name.startswith("PySide") for name, _ in imports(path))


def test_only_the_window_knows_qt() -> None:
    knowing = {package_of(path) for path in FILES if knows_qt(path)}
    assert knowing == {"ui", "bench"}
    assert {path.parent.name for path in files_of("bench") if knows_qt(path)} == {"window"}


def test_engines_do_not_import_each_other() -> None:
    wrong = []
    hosting = ROOT / "avatar_app/engines/hosting"
    for path in files_of("engines"):
        if path.parent == hosting:
            continue
        own = path.relative_to(ROOT).parts[:4]
        engines = (name.split(".")[:4] for name, _ in imports(path) if name.count(".") >= 3)
        wrong += [
            f"{name_of(path)}: {engine}"
            for engine in engines
            if engine[:2] == ["avatar_app", "engines"] and len(own) == 4 and tuple(engine) != own
            if not is_shared(engine)
        ]
    assert wrong == []


def is_shared(folder: list[str]) -> bool:
    """What several engines need lies beside them, in a folder without a manifest; what engines of
    all kinds need, in a file above them, or in a folder without engines."""
    path, above = ROOT.joinpath(*folder), ROOT.joinpath(*folder[:3])
    if above.with_suffix(".py").exists():
        return True
    if above.is_dir() and above.name != "hosting" and not any(above.glob("*/manifest.yaml")):
        return True
    return path.is_dir() and not (path / "manifest.yaml").exists()


def test_files_classes_and_functions_are_short() -> None:
    limits = {ast.Module: 300, ast.ClassDef: 200, ast.FunctionDef: 60, ast.AsyncFunctionDef: 60}
    too_long = []
    for path in FILES:
        for node in ast.walk(tree(path)):
            if limit := limits.get(type(node)):
                first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", None)
                length = (last or len(path.read_text(encoding="utf-8").splitlines())) - first + 1
                if length > limit:
                    too_long.append(f"{name_of(path)}:{first} has {length} lines")
    assert too_long == []


def is_splatted(node: ast.AST) -> bool:
    """Is it a literal within a literal or call, which could be written there plainly?"""
    if isinstance(node, ast.Starred):
        return isinstance(node.value, ast.Tuple | ast.List)
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return any(key is None and isinstance(value, ast.Dict) for key, value in pairs)
    return False


def test_no_literal_is_splatted_to_save_lines() -> None:
    wrong = [
        f"{name_of(path)}:{getattr(node, 'lineno', 0)}"
        for path in FILES
        for node in ast.walk(tree(path))
        if is_splatted(node)
    ]
    assert wrong == []


def test_every_module_has_a_docstring() -> None:
    assert [name_of(path) for path in FILES if not ast.get_docstring(tree(path))] == []


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Does it catch everything and keep it?"""
    caught = ast.unparse(handler.type) if handler.type else "BaseException"
    raised_again = isinstance(handler.body[-1], ast.Raise)
    return bool(re.search(r"\b(Base)?Exception\b", caught)) and not raised_again


def test_exceptions_are_caught_broadly_only_at_the_seams() -> None:
    broad = {
        name_of(path)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    }
    assert broad - set(BROAD_EXCEPT) == set()


def test_no_pass_statement_and_no_print() -> None:
    wrong = [
        f"{name_of(path)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Pass)
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        )
    ]
    assert wrong == []


def test_pipeline_does_not_use_wall_clock_time() -> None:
    wrong = []
    for path in files_of("pipeline"):
        used = {
            ast.unparse(each) for each in ast.walk(tree(path)) if isinstance(each, ast.Attribute)
        }
        imported = {name for name, _ in imports(path)}
        wrong += [f"{name_of(path)}: {clock}" for clock in (used | imported) & CLOCKS]
    assert wrong == []


HEAVY = {
    "PySide6", "onnxruntime", "torch", "cv2", "skia", "livekit", "av", "pocketsphinx",
    "sounddevice", "soundfile", "faster_whisper", "llama_cpp", "xllamacpp",
}  # fmt: skip


def test_heavy_packages_are_not_loaded_with_the_conversation() -> None:
    wrong = [
        f"{name_of(path)}: {name}"
        for path in files_of("core", "pipeline", "tools", "__init__", "__main__")
        for name, at_once in imports(path)
        if at_once and name.split(".")[0] in HEAVY
    ]
    assert wrong == []
