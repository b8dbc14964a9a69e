"""The `stats` command: latency of the stages of conversations, and engines that are too slow."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from avatar_app.cli.console import plain_console

if TYPE_CHECKING:
    from avatar_app.performance.statistics import Statistics
    from avatar_app.performance.targets import TargetCheck
    from avatar_app.storage.stage_times import StageTimes

out = plain_console()


def stats(
    days: Annotated[int, typer.Option(min=0, help="Number of last days; 0 for all.")] = 30,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Delete the times of turns.")] = False,
) -> int:
    """Show how long each stage of a turn and each engine took, and which exceed their targets."""
    from avatar_app.models.catalog import user_catalog
    from avatar_app.performance.statistics import statistics
    from avatar_app.runtime.registry import Registry
    from avatar_app.storage.measurements import Measurements
    from avatar_app.system.hardware import Cards, nvml
    from avatar_app.system.paths import app_paths

    paths = app_paths()
    with closing(Measurements.of(paths)) as measurements:
        if forget:
            measurements.forget()
            out.print("The times of all turns are deleted.")
            return 0
        has_card = Cards(nvml()).best() is not None
        catalog = user_catalog(paths.models)
        found = statistics(measurements, Registry(), catalog, days, has_card=has_card)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        _show(found)
    return 0


def _show(found: Statistics) -> None:
    if not (found.stages or found.trials or found.failures):
        out.print("Nothing was measured yet: talk for a while, or try avatar-app fit --measure.")
    if found.stages:
        table = _table("from the end of your speech until", *_COLUMNS)
        for times in found.stages:
            if times.span.name in _TITLES:
                table.add_row(_TITLES[times.span.name], *_cells(times))
        out.print(table)
    if found.engines:
        table = _table("engine, to its first output", *_COLUMNS)
        for each in found.engines:
            table.add_row(f"{each.engine} {each.model}".strip(), *_cells(each.times))
        out.print(table)
    if found.trials:
        table = _table("tried", "memory", "first output", "for a second", "stops after")
        for manifest, _, trial in found.trials:
            table.add_row(
                f"{manifest.kind} {manifest.name}",
                f"{trial.ram_mb:.0f} MB",
                _format_number(trial.first_output_ms, "{:.0f} ms"),
                _format_number(trial.realtime_factor, "{:.2f} s"),
                _format_number(trial.cancel_ms, "{:.0f} ms"),
            )
        out.print(table)
    if found.failures:
        table = _table("failed", "error", "times", "last")
        for failure in found.failures:
            name = f"{failure.stage} {failure.engine}".strip()
            table.add_row(name, failure.error, str(failure.count), failure.last_at[:16])
        out.print(table)
    if found.target is not None:
        out.print(f"{_target(found.target)}\n", style="" if found.target.is_met else "yellow")
    for warning in found.warnings:
        out.print(f"{warning}\n", style="yellow")


def _target(check: TargetCheck) -> str:
    stages = ", ".join(f"{name} {_time(ms)}" for name, ms in check.breakdown_ms.items())
    begins = f"An answer begins {_time(check.first_sound_ms)} after your speech"
    if check.is_met:
        return f"{begins}, within {_time(check.target_ms)}: {stages}."
    return f"{begins} instead of {_time(check.target_ms)}; {check.longest} is longest: {stages}."


_COLUMNS = ("turns", "half within", "95 % within")
_TITLES = {
    "end of turn": "it is clear that you have finished",
    "text": "your words are understood",
    "first sound": "the first sound of the answer",
    "first frame": "the first picture of the answer",
}
"""Descriptions of the spans of a whole turn."""


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, min_width=34, footer="")
    for column in columns:
        table.add_column(column, justify="right")
    table.show_footer = True  # an empty line below
    return table


def _cells(times: StageTimes) -> tuple[str, str, str]:
    return str(times.count), _time(times.p50_ms), _time(times.p95_ms)


def _time(ms: float) -> str:
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.0f} ms"


def _format_number(number: float | None, form: str) -> str:
    return "–" if number is None else form.format(number)
