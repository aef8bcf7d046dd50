#!/bin/sh
# Finds the Chromium (or Chrome) that tests drive and prints its path: chromium.sh [--install]
# Chromium's headless shell comes first: without the browser's own windows, tests take a fifth less.
# With --install what is missing is first taken from the distribution's packages, if we may.
set -eu
PATH=$PATH:/usr/sbin:/sbin
SHELL_ALONE=chromium-headless-shell

find_it() {
    for name in $SHELL_ALONE chromium chromium-browser google-chrome google-chrome-stable chrome; do
        command -v "$name" && return
    done
    return 1
}

# The Node.js inside Playwright, which drives the browser, needs a library that a lean Debian lacks.
driver_can_run() {
    ! command -v ldconfig >/dev/null || ldconfig -p | grep -q 'libatomic\.so\.1'
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null 2>&1
}

complete() {
    command -v $SHELL_ALONE >/dev/null && driver_can_run
}

if ! complete && [ "${1:-}" = --install ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests" >&2
    apt-get update -qq >/dev/null 2>&1 || true
    driver_can_run || install libatomic1 || true
    install $SHELL_ALONE || find_it >/dev/null || install chromium || true
fi
if ! find_it >/dev/null || ! driver_can_run; then
    echo "No browser to test with: install the packages $SHELL_ALONE (or chromium) and libatomic1" >&2
    exit 1
fi
find_it
