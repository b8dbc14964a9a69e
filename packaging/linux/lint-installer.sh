#!/usr/bin/env bash
# Check the Debian package $1 by the tools of its readers: desktops, software centers and Debian.
set -euo pipefail
package=$(readlink -f "$1")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

"$(dirname "$0")/check-size.sh" "$package"
dpkg-deb -x "$package" "$root"
desktop-file-validate "$root"/usr/share/applications/*.desktop
appstreamcli validate --no-net "$root"/usr/share/metainfo/*.metainfo.xml
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$package"
echo "lintian, appstreamcli and desktop-file-validate find nothing"
