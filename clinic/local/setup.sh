#!/bin/sh
# Makes .venv with the pinned requirements; does nothing where that is done already. Run by the Makefile.
set -eu
cd "$(dirname "$0")/../.."

wanted=requirements-dev.txt
installed=.venv/installed-requirements.txt # written last: without it .venv is a leftover of an interrupted run

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

if cmp -s "$wanted" "$installed" && .venv/bin/python -c 'import django' 2>/dev/null; then
    exit 0
fi

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

create() {
    python='' without_venv=''
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
        new_enough "$candidate" || continue
        if has_venv "$candidate"; then
            python=$candidate
            break
        fi
        without_venv=${without_venv:-$candidate}
    done
    if [ "$python" ]; then
        echo "Creating .venv with $("$python" --version)"
        "$python" -m venv .venv
    elif [ ! "$without_venv" ]; then
        fail "Python 3.11 or later was not found: install it (Debian: apt install python3 python3-venv)," \
            "or name one, as in \`PYTHON=/opt/python/bin/python3 make run\`."
    elif command -v uv >/dev/null; then
        uv venv --seed --python "$without_venv" .venv
    elif command -v virtualenv >/dev/null; then
        virtualenv --python "$without_venv" .venv
    else
        fail "$("$without_venv" --version) here has no venv module:" \
            "install it (Debian: apt install python3-venv), or uv, and start again."
    fi
}

free_mb=$(($(df -Pk . | awk 'NR == 2 { print $4 }') / 1024))
[ "$free_mb" -ge 800 ] || fail "The disk that holds $PWD has $free_mb MB left and 800 MB are needed: free some space."

if [ ! -f "$installed" ] || ! new_enough .venv/bin/python; then
    rm -rf .venv
    create
fi
rm -f "$installed"
echo "Installing what $wanted pins into .venv; the first time takes a minute or two, without another word"
# Quiet: warnings and errors are printed all the same.
.venv/bin/python -m pip install --quiet --require-hashes --no-compile --disable-pip-version-check --no-input \
    --root-user-action=ignore --requirement "$wanted" && cp "$wanted" "$installed" ||
    fail "The requirements were not installed; the reason stands above. Start again to retry."
