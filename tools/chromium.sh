#!/bin/sh
# Finds the Chromium (or Chrome) that tests drive and prints its path: chromium.sh [--install]
# With --install what is missing is first taken from the distribution's packages, if we may.
set -eu
PATH=$PATH:/usr/sbin:/sbin

find_it() {
    for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
        command -v "$name" && return
    done
    return 1
}

# The Node.js inside Playwright, which drives the browser, needs a library that a lean Debian lacks.
driver_can_run() {
    ! command -v ldconfig >/dev/null || ldconfig -p | grep -q 'libatomic\.so\.1'
}

ready() {
    find_it >/dev/null && driver_can_run
}

if ! ready && [ "${1:-}" = --install ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests" >&2
    packages=libatomic1
    find_it >/dev/null || packages="$packages chromium"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages; } >/dev/null 2>&1 || true
fi
if ! ready; then
    echo "No browser to test with: install the packages chromium and libatomic1" >&2
    exit 1
fi
find_it
