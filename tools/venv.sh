#!/bin/sh
# Creates a virtual environment: venv.sh PYTHON FOLDER
set -eu
python=$1
folder=$2

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "Python 3.11 or newer is needed, and '$python' is not: name one, as in 'make PYTHON=python3.12 setup'" >&2
    exit 1
}

# Debian ships venv without pip in python3 and the missing part, ensurepip, in python3-venv.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        echo "Installing python3-venv, which this Python lacks"
        { apt-get update -qq && apt-get install -y -qq python3-venv; } >/dev/null 2>&1 || true
    fi
    "$python" -c 'import ensurepip' 2>/dev/null || {
        echo "'$python' cannot make a virtual environment: install the package python3-venv" >&2
        exit 1
    }
fi

"$python" -m venv --clear "$folder"
