"""Write the bill of materials (CycloneDX, JSON) of what a bundle really contains.

    python packaging/sbom.py build/bundle dist/avatar-app.cdx.json

Python packages by their metadata, and the libraries inside them by native_libraries.yaml. The same
bundle gives the same bytes. Needs cyclonedx-python-lib; CycloneDX's schema checks the result.
"""

from __future__ import annotations

import argparse
import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bundling.linux_tree import source_date, version
from bundling.native import described, library_files, read_table
from bundling.stated import stated_license
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

SCHEMA = JsonV1Dot6
PROGRAM = "avatar-app"


def main() -> None:
    """Write the bill that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, help="folder that bundle.py has written")
    parser.add_argument("target", type=Path, help="file to write")
    options = parser.parse_args()
    options.target.parent.mkdir(parents=True, exist_ok=True)
    options.target.write_text(bill(packages_in(options.bundle)), encoding="utf-8")
    print(options.target)  # noqa: T201


def packages_in(bundle: Path) -> Path:
    """Return the folder of the packages in a bundle; LookupError if there is none."""
    for pattern in ("lib/python*/dist-packages", "lib/python*/site-packages", "Lib/site-packages"):
        for folder in bundle.glob(pattern):
            return folder
    raise LookupError(f"{bundle} has no folder of packages.")


def bill(packages: Path) -> str:
    """Return the bill of a folder of packages as JSON; ValueError if its schema refuses it."""
    program = Component(
        name=PROGRAM,
        version=version(),
        type=ComponentType.APPLICATION,
        bom_ref=PROGRAM,
        licenses=[LicenseFactory().make_from_string("GPL-3.0-or-later")],
    )
    components = [*_python_packages(packages), *_native_libraries(packages)]
    whole = Bom(components=components)
    whole.metadata.component = program
    whole.metadata.timestamp = datetime.fromtimestamp(source_date(), UTC)
    names = "\n".join(sorted(str(each.bom_ref) for each in components))
    whole.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"{PROGRAM} {version()}\n{names}")
    whole.register_dependency(program, components)
    text = SCHEMA(whole).output_as_string(indent=2)
    error = JsonStrictValidator(SCHEMA(whole).schema_version).validate_str(text)
    if error is not None:
        raise ValueError(f"CycloneDX's schema refuses the bill: {error}")
    return str(text)


def _python_packages(packages: Path) -> Iterator[Component]:
    for package in metadata.distributions(path=[str(packages)]):
        name = package.metadata["Name"]
        if name.lower().replace("_", "-") == PROGRAM:
            continue
        address = PackageURL("pypi", name=name.lower().replace("_", "-"), version=package.version)
        license = stated_license(package.metadata)
        yield Component(
            name=name,
            version=package.version,
            bom_ref=str(address),
            purl=address,
            licenses=[LicenseFactory().make_from_string(license)] if license else [],
        )


def _native_libraries(packages: Path) -> Iterator[Component]:
    table = read_table()
    for file in library_files(packages):
        library = described(file, table)
        place = file.relative_to(packages).as_posix()
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        yield Component(
            name=library.name,
            type=ComponentType.LIBRARY,
            bom_ref=f"file:{place}",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
            licenses=[LicenseFactory().make_from_string(library.license)],
            properties=[Property(name="avatar-app:file", value=place)],
        )


if __name__ == "__main__":
    main()
