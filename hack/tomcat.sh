#!/usr/bin/env bash
# Prints a folder with the jars of a Tomcat 10, for the tests that put a real one behind the gateway: CATALINA_HOME's, the
# system's, or Debian's package, unpacked into bin/tomcat. Prints nothing, and says why, where there is none to be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "tomcat.sh: $*" >&2; }

if ! command -v javac >/dev/null; then
  say "no JDK (javac) found: the tests with a real Tomcat are skipped"
  exit 0
fi
if [ -n "${CATALINA_HOME:-}" ]; then
  echo "$CATALINA_HOME"
  exit 0
fi
for home in /usr/share/tomcat10 "$PWD/bin/tomcat/usr/share/tomcat10"; do
  if compgen -G "$home/lib/*.jar" >/dev/null; then
    echo "$home"
    exit 0
  fi
done
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
  say "no CATALINA_HOME, no /usr/share/tomcat10 and no apt-get: the tests with a real Tomcat are skipped"
  exit 0
fi
say "unpacking Debian's tomcat10 into bin/tomcat"
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
fetch() { (cd "$packages" && apt-get -qq download "$@"); }
{ fetch tomcat10-common libtomcat10-java || { apt-get -qq update && fetch tomcat10-common libtomcat10-java; }; } >&2
for package in "$packages"/*.deb; do dpkg -x "$package" bin/tomcat; done
echo "$PWD/bin/tomcat/usr/share/tomcat10"
