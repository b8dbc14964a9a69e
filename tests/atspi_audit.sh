#!/usr/bin/env bash
# Runs the audit of the accessibility bus on a bus and a display of its own. Needs at-spi2-core,
# python3-pyatspi and Xvfb. Usage: tests/atspi_audit.sh .venv/bin/avatar-app
set -eu
here=$(dirname "$0")
exec xvfb-run --auto-servernum --server-args="-screen 0 1280x800x24" \
  dbus-run-session -- /usr/bin/python3 "$here/atspi_audit.py" "$1"
