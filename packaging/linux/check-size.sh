#!/usr/bin/env bash
# Check that the Debian package $1 keeps its budgets: here are the only numbers, in MB of 1,000,000 bytes, for the
# file, for what it installs, and for that without Whisper and llama.cpp. The second is what was reached; the aim is
# 520, and DECISIONS.md, “The size of the installer”, says what is missing.
set -euo pipefail
package_budget=190
installed_budget=530
without_budget=430
optional='/(ctranslate2|faster_whisper|huggingface_hub|tokenizers|xllamacpp)[^/]*/'

in_mb() { echo $((($1 + 999999) / 1000000)); }

status=0
judge() { # what it is, its bytes, its budget
  if [ "$(in_mb "$2")" -gt "$3" ]; then
    echo "$1 is $(in_mb "$2") MB, which is more than its budget of $3 MB." >&2
    status=1
  else
    echo "$1 is $(in_mb "$2") MB (budget: $3)."
  fi
}

read -r installed without < <(dpkg-deb --contents "$1" |
  awk -v optional="$optional" '$1 ~ /^-/ { all += $3; if ($6 !~ optional) rest += $3 } END { printf "%.0f %.0f\n", all, rest }')
judge "The package" "$(stat --format=%s "$1")" "$package_budget"
judge "What it installs" "$installed" "$installed_budget"
judge "That without Whisper and llama.cpp" "$without" "$without_budget"
exit "$status"
