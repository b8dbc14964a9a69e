"""Mind: are facts found again weeks later, in other words, and what does that add to a turn?"""

from __future__ import annotations

import time
from datetime import timedelta

from avatar_app.bench.meaning import measure_meaning
from avatar_app.bench.planted import BEGIN, DAYS, Planted, plant, read_planted
from avatar_app.bench.result import Report
from avatar_app.bench.tool_choice import measure_choice
from avatar_app.settings.schema import Settings
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import AppPaths
from avatar_app.tools.services import Fact

LOOKUP_MS = 5.0
"""Of processor time, that a turn may get longer by."""
CHOICE_MS = 20.0
"""Of processor time, in which a few of many functions are chosen."""
FOUND = 90.0
CHANGED = 5
"""Every fifth fact is stated again on the last day."""


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    """Facts of a month for each language, each asked for in other words than it was said; every
    fifth was stated again, and its former value must not come up."""
    del settings, quick
    report, took = Report(), list[float]()
    for language, facts in read_planted().items():
        memory = Memory(paths.data / f"{language}.db")
        plant(memory, facts)
        changed = [_changed(each) for each in facts[::CHANGED]]
        plant(memory, changed, BEGIN + timedelta(days=DAYS))
        current = [
            changed[at // CHANGED] if at % CHANGED == 0 else each for at, each in enumerate(facts)
        ]
        found = contradicted = 0
        former = {each.fact for each in facts} - {each.fact for each in current}
        for each in current:
            began = time.process_time()
            related = [known.fact for known in memory.stated.related(each.question)]
            took.append((time.process_time() - began) * 1000)
            found += each.fact in related
            contradicted += bool(former.intersection(related))
        memory.close()
        report.add(f"facts_{language}", len(facts), "")
        report.add(f"found_{language}", 100 * found / len(facts), "%", least=FOUND)
        report.add(f"contradicted_{language}", contradicted, "", most=0)
    report.add_percentiles("lookup", took, "ms", p50=None, p95=LOOKUP_MS)
    measure_meaning(report, paths)
    chosen, right = measure_choice()
    report.add("tools_chosen", right, "%", least=FOUND)
    report.add_percentiles("tool_choice", chosen, "ms", p50=None, p95=CHOICE_MS)
    return report


def _changed(planted: Planted) -> Planted:
    fact = Fact(planted.fact.subject, planted.fact.attribute, "something new")
    return Planted(fact, "Now it is something new", planted.question)
