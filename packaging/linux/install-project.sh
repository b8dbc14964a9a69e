#!/usr/bin/env bash
# Install the project, editable, with the extras $2 (may be empty) into the virtual environment $1.
# uv does it in seconds; where it cannot (an index that only pip knows), pip does it in a minute. $3 may be
# pip, which alone reads pip's configuration: that may name a PyTorch for processors, a third as large. uv finds the
# versions then, too: pip would try them one after the other, for half an hour.
set -euo pipefail
venv=$1
project=".${2:+[$2]}"

echo "Installing the Python packages (about 1 GB the first time)"
by_pip() {
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$project"
}
by_pip_as_found() {
  local versions=$venv/versions.txt
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv &&
    "$venv/bin/uv" pip compile --quiet --python "$venv/bin/python" --extra "$1" ${PIP_CONSTRAINT:+--constraint "$PIP_CONSTRAINT"} \
      --index-strategy unsafe-best-match --output-file "$versions" pyproject.toml &&
    PIP_CONSTRAINT=$versions by_pip
}
# Compiled now, not at the first start, which would take three times as long; pip does so by itself.
by_uv() {
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check uv &&
    "$venv/bin/uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --editable "$project"
}
if [ "${3:-uv}" = pip ]; then
  by_pip_as_found "$2" || by_pip
elif ! by_uv; then
  echo "uv could not; trying pip" >&2
  by_pip
fi
"$venv/bin/python" -m compileall -q -j 0 avatar_app
