#!/bin/sh
# Looks for what printing needs besides Python: pango.sh [--install]
# With --install what is missing is first taken from the distribution's packages, if we may.
set -eu
PATH=$PATH:/usr/sbin:/sbin
packages="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation"

ready() {
    ! command -v ldconfig >/dev/null || {
        ldconfig -p | grep -q 'libpango-1\.0\.so\.0' && ldconfig -p | grep -q 'libpangoft2-1\.0\.so\.0'
    }
}

if ! ready && [ "${1:-}" = --install ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Pango, which printing needs" >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages; } >/dev/null 2>&1 || true
fi
if ! ready; then
    echo "Forms cannot be printed as PDF here: install the packages $packages" >&2
    exit 1
fi
