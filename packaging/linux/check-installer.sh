#!/usr/bin/env bash
# Prove the Debian package $1 in a bare system (release $2, bookworm unless named): an older version is
# installed by apt alone and used; this one is installed over it, used, and removed. Needs root and debootstrap.
# MODELS=no leaves out the starter models (400 MB), SIZE=no the budgets, which a package with OpenCV's own wheel
# exceeds; MIRROR and KEYRING name another archive and its keys.
set -euo pipefail
package=$(readlink -f "$1")
release=${2:-bookworm}
here=$(cd "$(dirname "$0")" && pwd)
source "$here/chroot.sh"
former=0.1.9
question="What can you do?"

version=$(dpkg-deb --field "$package" Version)

if [ "${SIZE:-yes}" = yes ]; then
  step "comparing its size with the budgets"
  "$here/check-size.sh" "$package" || fail "it is too large"
fi

step "making a bare system"
make_system "$release"

step "installing an older version with apt"
age_package "$package" "$former" "$root/root/former.deb"
cp "$package" "$root/root/avatar-app.deb"
inside apt-get install -y -qq --no-install-recommends /root/former.deb >/dev/null
if inside dpkg-query -W -f '${Package}\n' | grep -qx python3; then step "(python3 came along)"; fi
as_user "avatar-app --version" | grep -F "$former"

step "checking it"
as_user "avatar-app settings set face.options.character theo"
as_user "avatar-app doctor" >"$root/tmp/doctor" || true
grep "All packages are installed" "$root/tmp/doctor" || { cat "$root/tmp/doctor"; fail "packages are missing"; }
grep -A 1 "Conversation:" "$root/tmp/doctor" || fail "no conversation" # how quick it is depends on the machine

cp "$here/../check_imports.py" "$root/tmp/check_imports.py"
as_user "QT_QPA_PLATFORM=offscreen /usr/lib/avatar-app/bin/python3 -I /tmp/check_imports.py" ||
  fail "what is imported late is missing"

step "holding a conversation with a recording as the microphone"
as_user "avatar-app speak '$question' --output question.wav"
converse former.json
step "typing in the window"
inside apt-get install -y -qq --no-install-recommends xvfb xauth xdotool >/dev/null
type_in_window "$question"
as_user "avatar-app history list" | tee "$root/tmp/history" | grep -F "$question" || fail "the window kept no conversation"

if [ "${MODELS:-yes}" = yes ]; then
  step "getting the starter models"
  as_user "avatar-app setup --yes" || fail "the starter models could not be had"
fi
list_models >"$root/tmp/models"

step "upgrading"
cp "$root/home/tester/.config/avatar_app/config.yaml" "$root/tmp/config.yaml"
inside apt-get install -y -qq --no-install-recommends /root/avatar-app.deb >/dev/null
[ "$(inside dpkg-query -W -f '${Version}' avatar-app)" = "$version" ] || fail "it was not upgraded"
as_user "avatar-app --version" | grep -F "$version"
cmp "$root/home/tester/.config/avatar_app/config.yaml" "$root/tmp/config.yaml" || fail "settings changed"
as_user "avatar-app settings get face.options.character" | grep theo || fail "a setting was lost"
as_user "avatar-app history list" | diff - "$root/tmp/history" || fail "the history changed"
list_models | diff - "$root/tmp/models" || fail "the models changed"
[ "${MODELS:-yes}" != yes ] || as_user "avatar-app models verify" || fail "a model is damaged"

step "holding a conversation after it"
converse upgraded.json

step "removing"
inside apt-get remove -y -qq avatar-app >/dev/null
for left in /usr/lib/avatar-app /usr/bin/avatar-app /usr/share/applications/avatar-app.desktop; do
  [ ! -e "$root$left" ] || fail "$left is left"
done
[ -s "$root/home/tester/.config/avatar_app/config.yaml" ] || fail "the user's settings are gone"
[ -n "$(find "$root/home/tester/.local/share/avatar_app" -name '*.db' -print -quit)" ] || fail "the user's history is gone"
status=works
