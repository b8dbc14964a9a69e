#!/usr/bin/env bash
# Sign the application $1 and make the disk image $2 of it. With SIGNING_IDENTITY unset the signature is an
# ad-hoc one, which starts on this Mac only; with NOTARY_PROFILE set Apple notarizes the image. Not run so far.
set -euo pipefail
application=$1
image=$2
here=$(cd "$(dirname "$0")" && pwd)
identity=${SIGNING_IDENTITY:--}
options=(--force --timestamp --options runtime)
[ "$identity" != - ] || options=(--force)

# Libraries first: the signature of a folder contains those of the files in it.
find "$application" -type f \( -name '*.dylib' -o -name '*.so' \) -print0 |
  xargs -0 -n 50 codesign "${options[@]}" --sign "$identity"
find "$application/Contents/Resources/avatar-app/bin" -type f -name 'python3*' -print0 |
  xargs -0 codesign "${options[@]}" --entitlements "$here/entitlements.plist" --sign "$identity"
codesign "${options[@]}" --entitlements "$here/entitlements.plist" --sign "$identity" "$application"
codesign --verify --strict --verbose=2 "$application"

hdiutil create -volname Avatar -srcfolder "$application" -format ULMO -ov "$image"
if [ -n "${NOTARY_PROFILE:-}" ]; then
  xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
  xcrun stapler staple "$image"
fi
