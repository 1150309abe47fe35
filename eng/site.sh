#!/usr/bin/env bash
# Writes the documents and the API reference as one site to artifacts/site/html: eng/site.sh
# A link that leads nowhere is an error. docfx is a .NET tool of this folder (.config/dotnet-tools.json).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=eng/dotnet.sh
source eng/dotnet.sh
# shellcheck source=eng/build.sh
source eng/build.sh
require_dotnet
readonly projects=(Training.Formats Training.Plots Tensors)
for project in "${projects[@]}"; do build "src/$project/$project.csproj"; done
dotnet tool restore >&2

# Side by side as in the tree, so that links are those of the documents.
site=artifacts/site
rm -rf "$site"
mkdir -p "$site/assemblies"
# With the packages that they refer to.
for project in "${projects[@]}"; do
    dotnet publish "src/$project" -c Release --no-build --output "$site/assemblies" --verbosity quiet >&2
done
cp -r docs site/docfx.json site/toc.yml CHANGELOG.md CONTRIBUTING.md LICENSE "$site/"
cp README.md "$site/index.md"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
dotnet docfx "$site/docfx.json" --warningsAsErrors >"$log" 2>&1 || { grep -E 'warning|error' "$log" | sort -u | head -n 60 >&2; exit 1; }
[[ -s "$site/html/index.html" && -s "$site/html/api/GraphCompiler.Frontend.GraphBuilder.html" ]]
echo "$site/html/index.html: $(find "$site/html" -name '*.html' | wc -l) pages"
