#!/usr/bin/env bash
# Packs the libraries, graphc, the MSBuild package and the template: eng/pack.sh [FOLDER]
#   FOLDER  where packages are written, artifacts/packages unless given
# The version is that of Directory.Build.props, and the same sources give the same assemblies in whatever folder they are.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(realpath -m "${1:-$root/artifacts/packages}")
cd "$root"

# shellcheck source=eng/dotnet.sh
source eng/dotnet.sh
# shellcheck source=eng/build.sh
source eng/build.sh
require_dotnet
# These bring all others of src.
for project in Training.Formats Training.Plots Tensors Cli; do build "src/$project/$project.csproj"; done

mkdir -p "$folder"
rm -f "$folder"/*.nupkg
for project in Diagnostics IR Passes Backend.Llvm Runtime Frontend Tensors Training Training.Formats Training.Plots Cli; do
    dotnet pack "src/$project" -c Release --no-build --output "$folder" --verbosity quiet
done
for project in MSBuild Templates; do
    dotnet pack "packaging/$project" -c Release --output "$folder" --verbosity quiet
done
ls -l "$folder"
