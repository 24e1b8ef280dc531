#!/bin/sh
# Make the Python environment of this project: sh stack/environment.sh DIRECTORY
#
# Needs Python 3.11 or newer. Debian has its venv module in a package of its own.
set -eu
directory=$1

for python in python3.11 python3.12 python3.13 python3; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi
    if [ "$python" = python3 ]; then
        echo "Python 3.11 or newer is needed, and not on the path." >&2
        exit 1
    fi
done

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$(basename "$(readlink -f "$(command -v "$python")")")-venv
    echo "missing: $package – makes the Python environment"
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif [ -t 0 ] && command -v sudo >/dev/null; then
        as_root=sudo # it asks for the password
    elif sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "next: sudo apt-get install $package" >&2
        exit 1
    fi
    $as_root sh "$(dirname "$0")/install.sh" "$package"
fi

echo "installing the Python side into $directory from requirements.lock"
[ -x "$directory/bin/python" ] || "$python" -m venv "$directory"
"$directory/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
"$directory/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
