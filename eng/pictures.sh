#!/usr/bin/env bash
# Makes the picture of README anew: trains the digits, and takes a picture of the page's first screen.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=eng/dotnet.sh
source eng/dotnet.sh
# shellcheck source=eng/llvm.sh
source eng/llvm.sh
# shellcheck source=eng/chromium.sh
source eng/chromium.sh
require_dotnet
require_chromium

# picture PAGE FILE WIDTH HEIGHT: who is root has no sandbox.
picture() {
    "$GRAPHCOMPILER_CHROMIUM" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
        --virtual-time-budget=3000 --window-size="$3,$4" --screenshot="$PWD/$2" "file://$1" 2>/dev/null
    echo "$2: $(stat -c %s "$2") bytes"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p docs/pictures
./run --html "$work/digits.html"
picture "$work/digits.html" docs/pictures/digits.png 1200 950
