# What the set-up scripts know about apt; to be sourced.

# Run a command as root, if that is possible without asking anybody.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

root_permitted() {
  [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

installed() {
  dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed'
}

# Print those of the wanted packages that are not installed; `a|b` counts as there if either is.
missing_packages() {
  local wanted name
  for wanted in "$@"; do
    for name in ${wanted//|/ }; do
      installed "$name" && continue 2
    done
    echo "$wanted"
  done
}

# Of `a|b`, print the name that this release has; of a plain name, that name.
available_name() {
  local name
  for name in ${1//|/ }; do
    if apt-cache show "$name" >/dev/null 2>&1; then echo "$name"; return; fi
  done
  echo "${1%%|*}"
}

# Install packages, or say in one sentence what to type. Fails if they could not be installed.
install_packages() {
  local names=() wanted
  if root_permitted; then
    as_root apt-get update -qq || echo "apt-get update failed; going on with the lists that are there." >&2
    for wanted in "$@"; do names+=("$(available_name "$wanted")"); done
    echo "Installing system packages: ${names[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${names[@]}" >/dev/null
  else
    for wanted in "$@"; do names+=("$(available_name "$wanted")"); done
    echo "Please install the missing system packages:  sudo apt-get install ${names[*]}" >&2
    return 1
  fi
}
