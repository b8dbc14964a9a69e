#!/usr/bin/env bash
# Install the system packages named in the given lists where they are missing and this user may; else
# say in one sentence what to type, and let the set-up go on: the program says itself what it misses.
set -euo pipefail
source "$(dirname "$0")/apt.sh"

if ! command -v dpkg-query >/dev/null; then
  echo "This is no Debian or Ubuntu: where the program misses a library, look at $* for its name." >&2
  exit 0
fi
mapfile -t wanted < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@")
mapfile -t missing < <(missing_packages "${wanted[@]}")
[ "${#missing[@]}" -eq 0 ] && exit 0
install_packages "${missing[@]}" || echo "Going on without them." >&2
