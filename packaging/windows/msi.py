"""Write the WiX source of the installer for Windows: per user, without administrator.

    python packaging/windows/msi.py build/bundle build/icons/avatar-app.ico build/avatar-app.wxs

WiX 3 (`candle` and `light`) makes the .msi of it on Windows, `wixl` of msitools on Linux, in the
folder from which the paths begin.
"""

from __future__ import annotations

import hashlib
import sys
import uuid
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bundling.linux_tree import version

NAMESPACE = "http://schemas.microsoft.com/wix/2006/wi"
UPGRADE = "6F0D6A52-5E1C-4F0B-9B6E-2B0F1E6F4C11"
"""The same for every version: by it Windows knows that one replaces another."""
REGISTRY = "Software\\avatar_app\\Installed"
"""Below HKEY_CURRENT_USER: what makes a component one user's, as Windows demands."""
CLASSES = "Software\\Classes"
TYPE = "avatar_app.avatar"
START = "-I -m avatar_app run"


def main() -> None:
    """Write the source that the command line asks for."""
    bundle, icon, target = map(Path, sys.argv[1:4])
    target.write_bytes(source(bundle, icon))


def source(bundle: Path, icon: Path) -> bytes:
    """Return the WiX source of an installer of `bundle`; its Start menu entry shows `icon`."""
    wix = ET.Element("Wix", xmlns=NAMESPACE)
    product = ET.SubElement(
        wix,
        "Product",
        Id="*",
        Name="Avatar",
        Language="1033",
        Version=version(),
        Manufacturer="The avatar_app developers",
        UpgradeCode=UPGRADE,
    )
    ET.SubElement(
        product, "Package", InstallerVersion="500", Compressed="yes", InstallScope="perUser"
    )
    newer = "A newer version of Avatar is installed."
    ET.SubElement(product, "MajorUpgrade", DowngradeErrorMessage=newer)
    ET.SubElement(product, "MediaTemplate", EmbedCab="yes")
    ET.SubElement(product, "Icon", Id="avatar.ico", SourceFile=str(icon))
    ET.SubElement(product, "Property", Id="ARPPRODUCTICON", Value="avatar.ico")
    components = _add_folders(product, bundle)
    feature = ET.SubElement(product, "Feature", Id="Main", Title="Avatar", Level="1")
    for component in components:
        ET.SubElement(feature, "ComponentRef", Id=component)
    ET.indent(wix)
    return ET.tostring(wix, encoding="utf-8", xml_declaration=True)


def _add_folders(product: ET.Element, bundle: Path) -> list[str]:
    """Add the folders of the bundle and of the Start menu; returns the names of the components."""
    top = ET.SubElement(product, "Directory", Id="TARGETDIR", Name="SourceDir")
    local = ET.SubElement(top, "Directory", Id="LocalAppDataFolder")
    programs = ET.SubElement(local, "Directory", Id="LocalPrograms", Name="Programs")
    home = ET.SubElement(programs, "Directory", Id="INSTALLFOLDER", Name="Avatar")
    components: list[str] = []
    _add_folder(home, bundle, bundle, components)
    menu = ET.SubElement(top, "Directory", Id="ProgramMenuFolder")
    components.append(_add_start_menu(menu))
    return components


def _add_folder(parent: ET.Element, folder: Path, bundle: Path, components: list[str]) -> None:
    entries = sorted(folder.iterdir())
    component = _component(parent, _id("c", folder, bundle))
    components.append(component.attrib["Id"])
    ET.SubElement(component, "RemoveFolder", Id=_id("r", folder, bundle), On="uninstall")
    for path in entries:
        if path.is_file():
            ET.SubElement(component, "File", Id=_id("f", path, bundle), Source=str(path))
    for path in entries:
        if path.is_dir():
            below = ET.SubElement(parent, "Directory", Id=_id("d", path, bundle), Name=path.name)
            _add_folder(below, path, bundle, components)


def _add_start_menu(menu: ET.Element) -> str:
    """Add the Start menu entry and the type of .avatar files; returns the component's name."""
    component = _component(menu, "StartMenu")
    ET.SubElement(
        component,
        "Shortcut",
        Id="Start",
        Name="Avatar",
        Description="Talk with a face, privately",
        Target="[INSTALLFOLDER]pythonw.exe",
        Arguments=START,
        WorkingDirectory="INSTALLFOLDER",
        Icon="avatar.ico",
    )
    values = {
        f"{CLASSES}\\.avatar": TYPE,
        f"{CLASSES}\\{TYPE}": "Avatar",
        f"{CLASSES}\\{TYPE}\\shell\\open\\command": (f'"[INSTALLFOLDER]pythonw.exe" {START} "%1"'),
    }
    for key, value in values.items():
        ET.SubElement(component, "RegistryValue", Root="HKCU", Key=key, Type="string", Value=value)
    return "StartMenu"


def _component(parent: ET.Element, name: str) -> ET.Element:
    guid = str(uuid.uuid5(uuid.UUID(UPGRADE), name))
    component = ET.SubElement(parent, "Component", Id=name, Guid=guid, Win64="yes")
    ET.SubElement(
        component,
        "RegistryValue",
        Root="HKCU",
        Key=REGISTRY,
        Name=name,
        Type="integer",
        Value="1",
        KeyPath="yes",
    )
    return component


def _id(kind: str, path: Path, bundle: Path) -> str:
    """Return a name that WiX takes (letters and digits, 72 at most), the same in every build."""
    place = path.relative_to(bundle).as_posix()
    return kind + hashlib.sha256(place.encode()).hexdigest()[:40]


if __name__ == "__main__":
    main()
