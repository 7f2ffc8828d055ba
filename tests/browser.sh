#!/bin/sh
# Finds a Chromium for the browser tests; installs Debian's where we may.
# The headless shell is the same engine without the desktop around it, for two thirds of the CPU.
found() {
  for name in "$@"; do
    command -v "$name" >/dev/null 2>&1 && return 0
  done
  return 1
}

found chromium-headless-shell && exit 0
[ -z "$CI" ] && found chromium chromium-browser google-chrome && exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "Installing Debian's Chromium for the browser tests ..."
  apt-get -qq update && for package in chromium-headless-shell chromium; do
    DEBIAN_FRONTEND=noninteractive \
      apt-get -qq install -y --no-install-recommends "$package" >/dev/null && exit 0
  done
fi
found chromium chromium-browser google-chrome && exit 0
echo "*** No Chromium: the browser tests will be SKIPPED. ***"
echo "*** Install it, for instance: sudo apt-get install chromium-headless-shell ***"
[ -z "$CI" ] || exit 1
