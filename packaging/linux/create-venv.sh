#!/usr/bin/env bash
# Create the virtual environment $1 with the first Python ≥ 3.11 there is (or with $PYTHON).
set -euo pipefail
source "$(dirname "$0")/apt.sh"
venv=$1

new_enough() {
  command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'
}

suitable_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if new_enough "$candidate"; then echo "$candidate"; return; fi
  done
  echo "Python 3.11 or newer is needed; please install it, or name it: make PYTHON=/path/to/python3.12 …" >&2
  return 1
}

python=$(suitable_python)
[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && exit 0
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if command -v apt-get >/dev/null; then
    install_packages "python$version-venv"
  else
    echo "Python's venv module is missing; please install it with your system's package manager." >&2
    exit 1
  fi
fi
echo "Creating the virtual environment $venv with $("$python" --version)"
"$python" -m venv "$venv"
