# What check-installer.sh does with a bare system; to be sourced, with `release` set. The system is made in a
# temporary folder $root and removed at the end; TMPDIR on a tmpfs makes it several times as fast.

root=$(mktemp -d)
status=failed
chmod 755 "$root"

clean_up() {
  umount -q "$root/proc" "$root/dev/pts" "$root/dev/shm" 2>/dev/null || true
  rm -rf --one-file-system "$root"
  echo "$release: $status after $SECONDS s"
}
trap clean_up EXIT

step() { printf '%s, %d s: %s\n' "$release" "$SECONDS" "$1"; }
fail() {
  echo "$release: $1" >&2
  exit 1
}

inside() {
  chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${SSL_CERT_FILE:+SSL_CERT_FILE="$SSL_CERT_FILE"} "$@"
}
as_user() { inside su tester -s /bin/sh -c "cd && $1"; }

# The archive of a release, the keys that signed it, and the parts of it that hold what the package needs.
archive_of() {
  case $1 in
    jammy | noble) echo "http://archive.ubuntu.com/ubuntu /usr/share/keyrings/ubuntu-archive-keyring.gpg main,universe" ;;
    *) echo "http://deb.debian.org/debian /usr/share/keyrings/debian-archive-keyring.gpg main" ;;
  esac
}

# Make the smallest system of release $1 with a user called tester, and the index of packages that pip knows here.
make_system() {
  local mirror keyring components log
  read -r mirror keyring components < <(archive_of "$1")
  log=$(mktemp)
  debootstrap --variant=minbase --keyring="${KEYRING:-$keyring}" --components="$components" \
    "$1" "$root" "${MIRROR:-$mirror}" $([ -e "/usr/share/debootstrap/scripts/$1" ] || echo gutsy) >"$log" 2>&1 ||
    { tail -5 "$log"; fail "no bare system"; }
  rm -f "$log"
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io" # it is thrown away
  mount -t proc proc "$root/proc"
  mount -t devpts devpts "$root/dev/pts"
  mkdir -p "$root/dev/shm"
  mount -t tmpfs tmpfs "$root/dev/shm"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
  if [ -n "${SSL_CERT_FILE:-}" ]; then install -D -m 644 "$SSL_CERT_FILE" "$root$SSL_CERT_FILE"; fi
  inside useradd --create-home tester
  if [ -e ~/.config/pip/pip.conf ]; then
    install -D -m 644 ~/.config/pip/pip.conf "$root/home/tester/.config/pip/pip.conf"
    inside chown -R tester: /home/tester/.config
  fi
  inside apt-get update -qq
}

# Write the package $1 as if it were of version $2 to $3.
age_package() {
  local content
  content=$(mktemp -d -p "$root/root")
  dpkg-deb --raw-extract "$1" "$content"
  sed -i "s/^Version: .*/Version: $2/" "$content/DEBIAN/control"
  sed -i "s/^__version__ = .*/__version__ = \"$2\"/" "$content"/usr/lib/avatar-app/lib/python3*/*-packages/avatar_app/__init__.py
  find "$content" -path '*/avatar_app/__pycache__/__init__.*' -delete
  dpkg-deb -Znone --build "$content" "$3" >/dev/null
  rm -rf "$content"
}

# Play question.wav into a conversation; the report $1 must hold an answer, and a film must be written.
converse() {
  as_user "avatar-app converse --input question.wav --output reply.mp4 --report $1"
  grep -q '"answer"\|"said"\|"text"' "$root/home/tester/$1" || fail "no answer in the report"
  [ -s "$root/home/tester/reply.mp4" ] || fail "no film"
  rm "$root/home/tester/reply.mp4"
}

# Open the window on a display without a screen, type a line into it, wait until it is answered, and close it.
type_in_window() {
  cat >"$root/usr/local/bin/type-in-window" <<'SCRIPT'
#!/bin/sh
avatar-app run & program=$!
window=$(timeout 120 xdotool search --sync --onlyvisible --name '^Avatar$' | head -1)
[ -n "$window" ] || { kill "$program"; exit 1; }
sleep 8
xdotool windowfocus "$window"
xdotool type --delay 60 "$1"
xdotool key Return
sleep 20
kill "$program"
wait "$program" || true
SCRIPT
  chmod 755 "$root/usr/local/bin/type-in-window"
  as_user "xvfb-run -a -s '-screen 0 1280x800x24' /usr/local/bin/type-in-window '$1'" || fail "the window did not open"
}

list_models() {
  as_user "avatar-app models list --json"
}
