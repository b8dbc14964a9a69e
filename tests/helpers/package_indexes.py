"""Package indexes on loopback, PyPI's kind and npm's, that offer what a test publishes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from dataclasses import dataclass, field
from typing import Any

from misbehaving import Site

from avatar_app.models.index_config import IndexConfig

SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


def wheel(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return buffer.getvalue()


def tarball(members: dict[str, bytes], top: str = "package") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tape:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size = len(content)
            tape.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@dataclass
class Indexes:
    """Both kinds of index on one site."""

    site: Site
    listed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def config(self) -> IndexConfig:
        return IndexConfig((self.site.url("simple"),), self.site.url("npm"))

    def on_pypi(
        self,
        package: str,
        filename: str,
        archive: bytes,
        form: str = "json",
        digest: str | None = None,
    ) -> str:
        """Publish a file of a package; the path it is served under."""
        path = f"files/{filename}"
        self.site.files[path] = archive
        digest = hashlib.sha256(archive).hexdigest() if digest is None else digest
        hashes = {"sha256": digest} if digest else {}
        files = self.listed.setdefault(package, [])
        files.append({"filename": filename, "url": f"../../{path}", "hashes": hashes})
        page = f"simple/{package}/"
        if form == "json":
            document = {"meta": {"api-version": "1.1"}, "name": package, "files": files}
            self.site.files[page] = json.dumps(document).encode()
            self.site.types[page] = SIMPLE_JSON
        else:
            self.site.files[page] = _page(files)
            self.site.types[page] = "text/html"
        return path

    def on_npm(self, package: str, version: str, archive: bytes, **dist: Any) -> str:
        """Publish a version of a package; the path its archive is served under."""
        path = f"files/{package.rpartition('/')[2]}-{version}.tgz"
        self.site.files[path] = archive
        distribution = {"tarball": self.site.url(path), "integrity": integrity(archive)} | dist
        document = {"name": package, "version": version, "dist": distribution}
        page = f"npm/{package.replace('/', '%2F')}/{version}"
        self.site.files[page] = json.dumps(document).encode()
        return path


def integrity(archive: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()


def _page(files: list[dict[str, Any]]) -> bytes:
    links = "\n".join(
        f'<a href="{each["url"]}#sha256={each["hashes"].get("sha256", "")}"'
        f' data-requires-python="&gt;=3.9">{each["filename"]}</a><br/>'
        for each in files
    )
    return f"<!DOCTYPE html><html><body><h1>Links</h1>\n{links}\n</body></html>".encode()
