"""Are facts found in words of no lexicon, by their words and by their meaning?"""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

from avatar_app.bench.planted import plant, read_fresh, read_planted
from avatar_app.bench.result import Report
from avatar_app.session.meaning.embedder import Embedder, installed_embedder
from avatar_app.session.meaning.index import MOST
from avatar_app.storage.memory import Memory
from avatar_app.system.paths import AppPaths

LOOKUP_MS = 5.0
"""Of processor time, without the vector of the question, which is made beside the turn."""


def measure_meaning(report: Report, paths: AppPaths) -> None:
    """Add the shares that are found; those of meaning only where the extra `memory` is there."""
    load = installed_embedder()
    embedder = load() if load is not None else None
    took: list[float] = []
    embedded: list[float] = []
    for language in read_planted():
        by_words, by_both = found(paths.data, language, embedder, took, embedded)
        report.add(f"fresh_words_{language}", by_words, "%")
        if embedder is not None:
            report.add(f"fresh_meaning_{language}", by_both, "%")
    if embedder is not None:
        report.add_percentiles("meaning_lookup", took, "ms", p50=None, p95=LOOKUP_MS)
        report.add_percentiles("embedding", embedded, "ms", p50=None, p95=None)


def found(
    folder: Path,
    language: str,
    embedder: Embedder | None,
    took: list[float],
    embedded: list[float],
) -> tuple[float, float]:
    """Return the percentages of fresh questions whose fact is found: by words, and with meaning."""
    with closing(Memory(folder / f"fresh-{language}.db")) as memory:
        plant(memory, read_planted()[language])
        if embedder is not None:
            ids, texts = zip(*memory.vectors.missing(embedder.name, 1000), strict=True)
            memory.vectors.keep(embedder.name, ids, embedder.passages(texts))
        by_words = by_both = 0
        questions = read_fresh()[language]
        for value, asked in questions:
            known = {each.fact.value for each in memory.stated.related(asked)}
            by_words += value in known
            if embedder is not None:
                began = time.process_time()
                vector = embedder.question(asked)
                middle = time.process_time()
                known |= {each.fact.value for each in memory.near(embedder.name, vector, MOST)}
                took.append((time.process_time() - middle) * 1000)
                embedded.append((middle - began) * 1000)
            by_both += value in known
    return 100 * by_words / len(questions), 100 * by_both / len(questions)
