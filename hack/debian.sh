# shellcheck shell=bash
# Sourced by scripts that print where a program is: on Debian it can be unpacked from a package, without installing anything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "${0##*/}: $*" >&2; }

# without WHY CONSEQUENCE - ends the script with nothing printed; in CI, where nothing is to be skipped, with an error
without() {
  say "$1: $2"
  [ -z "${CI:-}" ] || exit 1
  exit 0
}

# unpack FOLDER CONSEQUENCE PACKAGE... - unpacks Debian's packages into bin/FOLDER, or says why not, and what comes of that, and exits
unpack() {
  local folder=bin/$1 consequence=$2 packages package
  shift 2
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    without "there is none on this machine and no apt-get to get it with" "$consequence"
  fi
  say "unpacking Debian's $1 into $folder"
  mkdir -p "$folder"
  packages=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$packages'" EXIT
  fetch() { (cd "$packages" && apt-get -qq download "$@"); }
  if ! { fetch "$@" || { apt-get -qq update && fetch "$@"; }; } >&2; then
    without "Debian's packages can't be had" "$consequence"
  fi
  for package in "$packages"/*.deb; do dpkg -x "$package" "$folder"; done
}
