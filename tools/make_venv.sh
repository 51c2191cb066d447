#!/bin/sh
# Make the virtual environment $1 with the first Python that is new enough; one line says what is missing.
set -u
venv=$1
[ -x "$venv/bin/python" ] && exit 0
for python in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if command -v "$python" >/dev/null 2>&1 &&
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
            echo "reelwright: $python has no venv module. On Debian or Ubuntu: apt-get install python3-venv" >&2
            exit 1
        fi
        exec "$python" -m venv "$venv"
    fi
done
echo "reelwright: Python 3.11 or newer is needed, and none was found. Install it, or name one: make PYTHON=/path/to/python3.12 install" >&2
exit 1
