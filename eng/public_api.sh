#!/usr/bin/env bash
# Writes what is public, and not in PublicAPI.Shipped.txt, to PublicAPI.Unshipped.txt of every project of src. Read the difference.
set -euo pipefail
cd "$(dirname "$0")/.."
for project in src/*/; do echo '#nullable enable' > "${project}PublicAPI.Unshipped.txt"; done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for project in src/Cli src/Tensors src/Training.Formats src/Training.Plots; do
    dotnet build "$project" -c Release --no-incremental -p:TreatWarningsAsErrors=false -consoleLoggerParameters:NoSummary >> "$log" \
        || { cat "$log"; exit 1; }
done
for project in src/*/; do
    sed -nE "s|^.*/${project}[^ ]*: warning RS0016: Symbol '(.*)' is not part of the declared public API.*|\1|p" "$log" \
        | LC_ALL=C sort -u >> "${project}PublicAPI.Unshipped.txt"
done
wc -l src/*/PublicAPI.Unshipped.txt
