"""The `fit` command: recommends engines and models for this machine, and can apply them."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from avatar_app.cli.console import check_mark, plain_console
from avatar_app.cli.notices import print_notices
from avatar_app.core.errors import ConfigInvalid

if TYPE_CHECKING:
    from avatar_app.performance.planner import Plan, Row

out = plain_console()
err = plain_console(stderr=True)


class ProfileName(StrEnum):
    """The values of performance.profiles.Profile, which is not imported with the command line."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"


def fit(
    profile: Annotated[
        ProfileName, typer.Option(help="How much of the machine to use.")
    ] = ProfileName.AUTO,
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write the plan into your settings, after asking.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --apply: do not ask.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Swap your settings with those before --apply.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure the engines first; takes a minute or more.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Show which engines and models fit this machine, which do not, and why."""
    from avatar_app.performance.apply import undo as take_back
    from avatar_app.system.paths import app_paths

    if apply and undo:
        raise ConfigInvalid("--apply and --undo do not go together.", "Give one of the two.")
    if undo:
        take_back(app_paths().settings_file)
        out.print(
            "Your settings were swapped with those before; --undo once more swaps them again.",
            soft_wrap=True,
        )
        return 0
    plan = _planned(profile, measure=measure)
    if as_json:
        typer.echo(json.dumps(plan.as_json(), ensure_ascii=False))
    else:
        _show(plan)
    if apply:
        _apply(plan, app_paths().settings_file, yes=yes)
    return 0


def _planned(profile: ProfileName, *, measure: bool) -> Plan:
    from avatar_app.performance.planning import plan_for
    from avatar_app.performance.profiles import Profile
    from avatar_app.settings.loading import load_settings
    from avatar_app.system.paths import app_paths

    paths = app_paths()
    settings, notices = load_settings(paths.settings_file)
    print_notices(err, notices)
    plan, errors = plan_for(Profile(profile.value), settings, paths, err.status, measure=measure)
    for error in errors:
        err.print(str(error), style="yellow")
    return plan


def _apply(plan: Plan, settings_file: Path, *, yes: bool) -> None:
    from avatar_app.performance.apply import apply, changes

    wanted = changes(plan, settings_file)
    if not wanted:
        err.print("Your settings already match.")
        return
    err.print(f"\nIn {settings_file}:", soft_wrap=True)
    for name, value in wanted:
        err.print(f"  {name}: {value}")
    if yes or typer.confirm("Write this?", err=True):
        apply(wanted, settings_file)
        err.print("Saved. To undo it: avatar-app fit --undo")


def _show(plan: Plan) -> None:
    hardware = plan.hardware
    card = hardware.card
    graphics = f"{card.name}, {card.total_mb / 1024:.1f} GB" if card else "no graphics card"
    out.print(
        f"{hardware.ram_mb / 1024:.1f} GB of memory, {hardware.free_ram_mb / 1024:.1f} free; "
        f"{hardware.cores} cores, {hardware.gflops:.0f} GFLOP/s; {graphics}."
    )
    out.print(f"Profile: {plan.profile}")
    table = Table("for", "engine", "needs", "", "why", box=None, header_style="bold")
    for row in plan.rows:
        mark = check_mark(passed=row.taken, otherwise="–", style="dim")
        table.add_row(row.kind.value, row.name, _needs(row), mark, row.why)
    out.print(table)
    for row in plan.rows:
        if row.remedy:  # commands stay on one line, to be copied
            remedy = f"For {row.name}: {row.remedy}"
            out.print(remedy, style="yellow", soft_wrap=True)
    weight = plan.weight
    on_card = f", and {weight.vram_mb:.0f} MB of the card's" if weight.vram_mb else ""
    out.print(f"Together: {weight.ram_mb:.0f} MB of memory{on_card}.")


def _needs(row: Row) -> str:
    card = f" + {row.weight.vram_mb:.0f} on card" if row.weight.vram_mb else ""
    return f"{'' if row.is_measured else 'about '}{row.weight.ram_mb:.0f} MB{card}"
