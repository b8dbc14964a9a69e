#!/usr/bin/env bash
# Install the Debian package $1 in a bare system (release $2, bookworm unless named) with apt alone, start it
# there, hold a conversation, upgrade it and remove it. Needs root; the system is made in a temporary folder.
set -euo pipefail
package=$(readlink -f "$1")
release=${2:-bookworm}
here=$(cd "$(dirname "$0")" && pwd)
recordings=$(cd "$here/../../tests/data" && pwd)
root=$(mktemp -d)
chmod 755 "$root"
status=failed
trap 'umount -q "$root/proc" "$root/dev/shm" 2>/dev/null || true; rm -rf "$root"; echo "$release: $status"' EXIT

step() { printf '%s: %s\n' "$release" "$1"; }
inside() { chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_user() { inside su tester -s /bin/sh -c "cd && $1"; }
fail() { echo "$release: $1" >&2; exit 1; }

step "making a bare system"
debootstrap --variant=minbase "$release" "$root" "${MIRROR:-http://deb.debian.org/debian}" >"$root.log" 2>&1 || { tail -5 "$root.log"; exit 1; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm" && mount -t tmpfs tmpfs "$root/dev/shm"
cp /etc/resolv.conf "$root/etc/resolv.conf"
inside useradd --create-home tester

step "installing with apt"
cp "$package" "$root/root/avatar-app.deb"
inside apt-get update -qq
inside apt-get install -y -qq --no-install-recommends /root/avatar-app.deb xvfb xauth >/dev/null
inside sh -c '! dpkg-query -W -f "\${Package}\n" | grep -qx python3' || step "(python3 came along)"

step "checking it"
as_user "avatar-app --version"
as_user "avatar-app settings set face.options.character theo"
as_user "avatar-app doctor" | tee "$root/tmp/doctor" || true
grep -q "All packages are installed" "$root/tmp/doctor" || fail "packages are missing"
grep -q "Conversation: the answer is" "$root/tmp/doctor" || fail "no conversation"

step "holding a conversation with a recording"
cp "$recordings"/*.wav "$root/home/tester/" 2>/dev/null || true
as_user 'avatar-app speak "What can you do?" --output question.wav'
as_user "avatar-app converse --input question.wav --output reply.mp4 --report report.json"
grep -q '"answer"\|"said"\|"text"' "$root/home/tester/report.json" || fail "no answer in the report"
[ -s "$root/home/tester/reply.mp4" ] || fail "no film"

step "opening the window"
as_user "timeout --signal=TERM 25 xvfb-run -a avatar-app run" || [ $? -eq 124 ] || [ $? -eq 143 ] || fail "the window did not open"

step "upgrading"
as_user "avatar-app history list" >"$root/tmp/before" || true
inside dpkg-deb -R /root/avatar-app.deb /root/next
sed -i 's/^Version: .*/&+next/' "$root/root/next/DEBIAN/control"
inside dpkg-deb -Znone --build /root/next /root/next.deb >/dev/null
inside apt-get install -y -qq --no-install-recommends /root/next.deb >/dev/null
inside dpkg-query -W -f '${Version}\n' avatar-app | grep -q '+next' || fail "it was not upgraded"
as_user "avatar-app settings get face.options.character" | grep -q theo || fail "a setting was lost"

step "removing"
inside apt-get remove -y -qq avatar-app >/dev/null
[ ! -e "$root/usr/lib/avatar-app" ] || fail "files are left in /usr/lib/avatar-app"
[ ! -e "$root/usr/bin/avatar-app" ] || fail "the command is left"
[ -s "$root/home/tester/.config/avatar_app/config.yaml" ] || fail "the user's settings are gone"
status="works"
