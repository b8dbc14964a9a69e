"""Models of a test: in a catalog of the user, served by a site on this machine."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

from misbehaving import Site

BODY = random.Random(7).randbytes(300_000)
LICENSES = {
    "MIT": {"title": "MIT License", "url": "https://example.org/mit"},
    "Bound": {
        "title": "Only for research",
        "url": "https://example.org/bound",
        "terms": "Not for sale.",
        "must_accept": True,
    },
}


def write_catalog(folder: Path, site: Site, **models: dict[str, object]) -> None:
    """A catalog of models by id; each is a whisper of one file, but for what is given."""
    entries = []
    for id, given in models.items():
        name = f"{id}.bin"
        body = site.files.setdefault(name, BODY)
        file = {
            "name": name,
            "urls": [site.url(name)],
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        entry = {
            "id": id,
            "kind": "asr",
            "engine": "whisper",
            "title": f"Model {id}",
            "summary": f"A model called {id}.",
            "license": "MIT",
            "needs": {"ram_mb": 200, "vram_mb": 0},
            "entry": name,
            "source": "here",
            "files": [file],
        }
        entries.append(entry | given)
    folder.mkdir(parents=True, exist_ok=True)
    document = {"licenses": LICENSES, "models": entries}
    (folder / "catalog.yaml").write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML
