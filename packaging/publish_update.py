"""Sign new versions for the program's update client: a repository of The Update Framework.

    python packaging/publish_update.py init KEYS REPOSITORY --url https://…/
    python packaging/publish_update.py publish KEYS REPOSITORY VERSION FORMAT-ARCHITECTURE=FILE …
    python packaging/publish_update.py renew KEYS REPOSITORY

`init` makes four keys (keep KEYS off the server) and assets/updates, which installers then carry.
`renew` signs the timestamp again before it expires; a client refuses one that did.
"""

from __future__ import annotations

import argparse
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

PROJECT = Path(__file__).parents[1]
LIFETIMES = {"root": 730, "targets": 365, "snapshot": 90, "timestamp": 14}
"""Days for which what a role signs is good."""
INDEX = "latest.json"


def init(keys: Path, repository: Path, url: str, assets: Path) -> None:
    """Make keys and an empty repository, and what installers carry of it."""
    keys.mkdir(parents=True, mode=0o700, exist_ok=True)
    signers = {role: _new_key(keys / f"{role}.pem") for role in LIFETIMES}
    root = Root(expires=_until("root"), consistent_snapshot=True)
    for role, signer in signers.items():
        root.add_key(signer.public_key, role)
    parts = {
        "root": Metadata(root),
        "targets": Metadata(Targets(expires=_until("targets"))),
        "snapshot": Metadata(Snapshot(expires=_until("snapshot"))),
        "timestamp": Metadata(Timestamp(expires=_until("timestamp"))),
    }
    (repository / "targets").mkdir(parents=True)
    for role, part in parts.items():
        _sign(repository, role, part, signers[role])
    assets.mkdir(parents=True, exist_ok=True)
    shutil.copy(repository / "metadata" / "1.root.json", assets / "root.json")
    source = {"metadata": f"{url.rstrip('/')}/metadata/", "targets": f"{url.rstrip('/')}/targets/"}
    (assets / "source.json").write_text(json.dumps(source) + "\n")


def publish(keys: Path, repository: Path, version: str, files: dict[str, Path]) -> None:
    """Add the installers of a version, by system, and name it the latest."""
    index = {"version": version, "files": {system: path.name for system, path in files.items()}}
    content = json.dumps(index, indent=1).encode()
    add(
        keys,
        repository,
        {INDEX: content} | {each.name: each.read_bytes() for each in files.values()},
    )


def add(keys: Path, repository: Path, files: dict[str, bytes]) -> None:
    """Add files, or replace those of the same name, and sign the state."""
    targets: Metadata[Targets] = _newest(repository, "targets")
    for name, data in files.items():
        target = TargetFile.from_data(name, data, ["sha256"])
        targets.signed.targets[name] = target
        (repository / "targets" / f"{target.hashes['sha256']}.{name}").write_bytes(data)
    targets.signed.version += 1
    targets.signed.expires = _until("targets")
    _sign(repository, "targets", targets, _key(keys / "targets.pem"))
    snapshot: Metadata[Snapshot] = _newest(repository, "snapshot")
    snapshot.signed.meta["targets.json"] = MetaFile(targets.signed.version)
    snapshot.signed.version += 1
    snapshot.signed.expires = _until("snapshot")
    _sign(repository, "snapshot", snapshot, _key(keys / "snapshot.pem"))
    renew(keys, repository)


def renew(keys: Path, repository: Path) -> None:
    """Sign the timestamp again."""
    snapshot: Metadata[Snapshot] = _newest(repository, "snapshot")
    timestamp: Metadata[Timestamp] = _newest(repository, "timestamp")
    timestamp.signed.snapshot_meta = MetaFile(snapshot.signed.version)
    timestamp.signed.version += 1
    timestamp.signed.expires = _until("timestamp")
    _sign(repository, "timestamp", timestamp, _key(keys / "timestamp.pem"))


def _until(role: str) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=LIFETIMES[role])


def _new_key(path: Path) -> CryptoSigner:
    signer = CryptoSigner.generate_ed25519()
    written = signer._private_key.private_bytes(  # noqa: SLF001 - it offers no other way
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.touch(mode=0o600)
    path.write_bytes(written)
    return signer


def _key(path: Path) -> CryptoSigner:
    return CryptoSigner(load_pem_private_key(path.read_bytes(), password=None))


def _newest(repository: Path, role: str) -> Metadata:
    folder = repository / "metadata"
    if role == "timestamp":
        return Metadata.from_file(str(folder / "timestamp.json"))
    numbered = folder.glob(f"*.{role}.json")
    return Metadata.from_file(str(max(numbered, key=lambda path: int(path.name.split(".")[0]))))


def _sign(repository: Path, role: str, part: Metadata, signer: CryptoSigner) -> None:
    part.sign(signer)
    name = "timestamp.json" if role == "timestamp" else f"{part.signed.version}.{role}.json"
    (repository / "metadata").mkdir(exist_ok=True)
    part.to_file(str(repository / "metadata" / name))


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("init", "publish", "renew"):
        command = commands.add_parser(name)
        command.add_argument("keys", type=Path)
        command.add_argument("repository", type=Path)
        if name == "init":
            command.add_argument("--url", required=True)
            command.add_argument("--assets", type=Path, default=PROJECT / "assets" / "updates")
        if name == "publish":
            command.add_argument("version")
            command.add_argument("files", nargs="+", metavar="FORMAT-ARCHITECTURE=FILE")
    options = parser.parse_args()
    if options.command == "init":
        init(options.keys, options.repository, options.url, options.assets)
    elif options.command == "publish":
        pairs = (each.split("=", 1) for each in options.files)
        files = {system: Path(path) for system, path in pairs}
        publish(options.keys, options.repository, options.version, files)
    else:
        renew(options.keys, options.repository)


if __name__ == "__main__":
    main()
