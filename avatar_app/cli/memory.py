"""The `memory` command: how the engines of the settings share this machine's memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from avatar_app.cli.console import plain_console
from avatar_app.cli.notices import print_notices

if TYPE_CHECKING:
    from avatar_app.runtime.memory.placement import Placement
    from avatar_app.runtime.memory.statistics import MemoryStatistics

_out = plain_console()
_err = plain_console(stderr=True)


def memory(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> int:
    """Show in which order engines load, what each takes, and what is left; loads nothing."""
    from avatar_app.runtime.memory.doors import UnifiedModelManager
    from avatar_app.settings.loading import load_settings
    from avatar_app.system.paths import app_paths

    settings, notices = load_settings(app_paths().settings_file)
    print_notices(_err, notices)
    with UnifiedModelManager(settings) as models:
        plan, statistics = models.plan(), models.memory_stats()
    if as_json:
        report = {"plan": [_described(each) for each in plan], **statistics.as_json()}
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _show(plan, statistics)
    return 0


def _described(each: Placement) -> dict[str, object]:
    return {
        "kind": each.manifest.kind,
        "engine": each.manifest.name,
        "options": each.options,
        "ram_mb": each.weight.ram_mb,
        "vram_mb": each.weight.vram_mb,
        "lighter": dict(each.changed),
    }


def _show(plan: tuple[Placement, ...], statistics: MemoryStatistics) -> None:
    table = Table("for", "engine", box=None, header_style="bold", pad_edge=False, padding=(0, 2))
    for name in statistics.pools:
        table.add_column(str(name), justify="right")
    table.add_column("to fit beside the larger ones")
    for each in plan:
        changed = ", ".join(f"{name} {value}" for name, value in each.changed.items())
        sizes = [f"{each.weight.of(pool):.0f} MB" for pool in statistics.pools]
        table.add_row(each.manifest.kind.value, each.manifest.name, *sizes, changed)
    _out.print(table)
    for pool, state in statistics.pools.items():
        wanted = sum(each.weight.of(pool) for each in plan)
        _out.print(
            f"{str(pool).capitalize()}: {state.total_mb:.0f} MB, {state.foreign_mb:.0f} in use by "
            f"others, {wanted:.0f} for engines, {state.free_mb - wanted:.0f} left below the limit."
        )
