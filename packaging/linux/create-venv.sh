#!/usr/bin/env bash
# Create the virtual environment $1 with the first Python ≥ 3.11 there is (or with $PYTHON).
set -euo pipefail
source "$(dirname "$0")/apt.sh"
venv=$1

# Is $1 a Python from version 3.$2 on, up to 3.$3?
is_python() {
  command -v "$1" >/dev/null &&
    "$1" -c "import sys; sys.exit(not (3, $2) <= sys.version_info[:2] <= (3, $3))" 2>/dev/null
}

# The system's own Python if every package has a wheel for its version, else another that has; a newer
# one must do where there is no other.
suitable_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    is_python "$PYTHON" 11 99 && echo "$PYTHON" && return
  else
    for candidate in python3 python3.13 python3.12 python3.11; do
      is_python "$candidate" 11 13 && echo "$candidate" && return
    done
    is_python python3 14 99 && echo python3 && return
  fi
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
