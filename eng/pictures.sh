#!/usr/bin/env bash
# Makes the pictures of README and docs anew: trains the digits, and takes a picture of the page's first screen.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=eng/dotnet.sh
source eng/dotnet.sh
# shellcheck source=eng/llvm.sh
source eng/llvm.sh
# shellcheck source=eng/chromium.sh
source eng/chromium.sh
# shellcheck source=eng/build.sh
source eng/build.sh
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
build src/Cli/Cli.csproj
build samples/Deploy/Model/DeployModel.csproj
dotnet src/Cli/bin/Release/net10.0/graphc.dll view samples/Deploy/Model/bin/Release/net10.0/DeployModel.dll --model digits \
    --out "$work/model.html"
picture "$work/model.html" docs/pictures/view.png 1280 720
