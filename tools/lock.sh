#!/bin/sh
# Renews the hash-locked requirements from pyproject.toml: lock.sh PYTHON
# One lock serves Python 3.11 and later on every platform; it names no package index.
set -eu
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tools/venv.sh "$1" "$scratch"
"$scratch/bin/pip" install --quiet --quiet uv

lock() {
    output=requirements/$1.txt
    shift
    "$scratch/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --no-annotate --custom-compile-command "make lock" --output-file "$output" "$@"
}

# What builds the project itself, as [build-system] in pyproject.toml asks; locked, so that the build needs no isolation.
sed -n 's/^requires = \["\(.*\)"\]$/\1/p' pyproject.toml > "$scratch/build.in"
lock build "$scratch/build.in"
lock core pyproject.toml
# The larger sets keep the versions of the core.
lock pdf --extra pdf --constraints requirements/core.txt pyproject.toml
lock test --extra test --extra pdf --constraints requirements/core.txt pyproject.toml
lock bench --extra bench --constraints requirements/core.txt pyproject.toml
