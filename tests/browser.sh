#!/bin/sh
# Finds a Chromium for the browser tests; installs Debian's where we may.
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null 2>&1 && exit 0
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing Debian's chromium for the browser tests ..."
  if apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install -y --no-install-recommends chromium >/dev/null; then
    exit 0
  fi
fi
echo "*** No Chromium: the browser tests will be SKIPPED. ***"
echo "*** Install it, for instance: sudo apt-get install chromium ***"
[ -z "$CI" ] || exit 1
