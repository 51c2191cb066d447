#!/bin/sh
# Print the path of a Chromium for the browser tests, installing one if need be. $1 is the environment's Python.
# One without windows comes first: it draws the same pages and needs a fifth less of the machine.
set -u
python=$1

find_one() {
    for name in "${REELWRIGHT_CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
        if [ -n "$name" ] && command -v "$name" 2>/dev/null; then return 0; fi
    done
    # What an earlier `playwright install chromium` left.
    "$python" - <<'PY'
import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    path = p.chromium.executable_path
if not os.access(path, os.X_OK):
    sys.exit(1)
print(path)
PY
}

find_one && exit 0
echo "reelwright: no Chromium found, installing one for the browser tests" >&2
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    # older releases have no package without windows
    {
        apt-get update -qq
        apt-get install -y -qq chromium-headless-shell fonts-noto-cjk || apt-get install -y -qq chromium fonts-noto-cjk
    } >&2
else
    "$python" -m playwright install chromium >&2
fi
find_one && exit 0
echo "reelwright: the browser tests need Chromium. Debian: apt-get install chromium-headless-shell fonts-noto-cjk. Elsewhere: $python -m playwright install --with-deps chromium. Or set REELWRIGHT_CHROMIUM to one." >&2
exit 1
