# shellcheck shell=bash
# Sourced by the build.sh of a module of programs, hack/<name>: builds them, at the versions in its go.mod, into bin/<name>. Only what
# is missing or out of date is built. Progress goes to stderr, so that a build.sh can print that folder on stdout.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
module=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
bin=$root/bin/${module##*/}

# Static binaries, and nothing from the caller's workspace or flags: all that is built in this repository, but for the race
# detector, shares one build cache (see the Makefile).
export CGO_ENABLED=0 GOWORK=off GOFLAGS='-mod=readonly -trimpath'

say() { echo "${module##*/}: $*" >&2; }

# begin_builds - once before the first build: one process at a time builds into a folder
begin_builds() {
  command -v go >/dev/null || { say "go is missing: install the version that go.mod names"; exit 1; }
  toolchain=$(go env GOVERSION GOOS GOARCH)
  mkdir -p "$bin"
  if command -v flock >/dev/null; then # where it is missing, two at once do the work twice, each in a file of its own
    exec 9>"$bin/.lock"
    flock -n 9 || { say "waiting for another build to finish"; flock 9; }
    rm -f "$bin"/.*.[0-9]* # what a killed build left
  fi
}

# required MODULE - the version that go.mod asks for
required() { awk -v m="$1" '$1 == m && $2 ~ /^v/ {print $2; exit}' "$module/go.mod"; }

# build NAME PACKAGE [LDFLAGS] - unless its stamp says that it was built from the same modules, sources, flags and Go
build() {
  local name=$1 package=$2 flags="-s -w ${3:-}" start=$SECONDS stamp
  stamp=$({ find "$module" -type f \( -name 'go.*' -o -name '*.go' \) -print0 | sort -z | xargs -0 cat; echo "$package $flags $toolchain"; } |
    sha256sum | cut -c1-12)
  if [ -x "$bin/$name" ] && [ "$(cat "$bin/.$name.stamp" 2>/dev/null)" = "$stamp" ]; then return; fi
  say "building $name (some take minutes the first time, then what they are made of is cached)"
  go list -C "$module" -deps "$package" 2>&1 >/dev/null | "$root/hack/progress.sh" "$name: modules downloaded"
  go build -C "$module" -v -buildvcs=false -ldflags "$flags" -o "$bin/.$name.$$" "$package" 2>&1 |
    "$root/hack/progress.sh" "$name: packages compiled"
  mv "$bin/.$name.$$" "$bin/$name"
  echo "$stamp" >"$bin/.$name.stamp" # last: a build that is killed before this is simply done again
  say "built $name in $((SECONDS - start)) s"
}

# use_given VARIABLE NAME... - prints the folder that the environment variable names and exits, if that folder has all names
use_given() {
  local variable=$1 folder=${!1:-} name
  shift
  [ -n "$folder" ] || return 0
  for name in "$@"; do
    [ -e "$folder/$name" ] || { say "$variable=$folder has no $name: building into $bin instead" && return 0; }
  done
  cd "$folder" && pwd && exit
}
