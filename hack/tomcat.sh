#!/usr/bin/env bash
# Prints a folder with the jars of a Tomcat 10, for the tests that put a real one behind the gateway: CATALINA_HOME's, the
# system's, or Debian's package, unpacked into bin/tomcat. Prints nothing, and says why, where there is none to be had.
# shellcheck source=debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

if ! command -v javac >/dev/null; then
  without "no JDK (javac) found" "the tests with a real Tomcat are skipped"
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
unpack tomcat "the tests with a real Tomcat are skipped" tomcat10-common libtomcat10-java
echo "$PWD/bin/tomcat/usr/share/tomcat10"
