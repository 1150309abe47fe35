#!/usr/bin/env bash
# Does with the packages what a stranger does, in a folder outside of this tree: eng/try_packages.sh
# Packs them, makes a program of the template, trains, publishes it to native code, installs graphc, and compiles a model during a build.
# The last line is "N passed, N failed". Packages of others come from the registry or from the machine's cache; ours are not left in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=eng/dotnet.sh
source eng/dotnet.sh
# shellcheck source=eng/llvm.sh
source eng/llvm.sh
# shellcheck source=eng/native.sh
source eng/native.sh
require_dotnet
require_llvm
require_native_tools

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
readme=$PWD/packaging/README.md
eng/pack.sh "$work/feed" >&2
cp -r packaging/sample "$work/sample"
sed -i "s/VERSION/$version/" "$work"/sample/*/*.csproj
grep -qF "Version=\"$version\"" docs/packages.md || fail "docs/packages.md shows another version than $version."
cd "$work"

# What the machine has already is not fetched again; what is ours goes with the folder.
export NUGET_FALLBACK_PACKAGES=${NUGET_PACKAGES:-${HOME:-/root}/.nuget/packages}
mkdir -p "$NUGET_FALLBACK_PACKAGES"
export NUGET_PACKAGES=$work/packages
export DOTNET_CLI_HOME=$work/home GRAPHCOMPILER_CACHE=$work/cache
dotnet new nugetconfig --output "$work" >/dev/null
dotnet nuget add source "$work/feed" --name local --configfile "$work/nuget.config" >/dev/null

passed=0 failed=0
# check WHAT COMMAND...: runs a command, and shows what it wrote if it fails.
check() {
    local what=$1 start=$SECONDS
    shift
    if "$@" >"$work/output" 2>&1 </dev/null; then
        echo "-- $what: passed in $((SECONDS - start)) s"
        passed=$((passed + 1))
    else
        echo "-- $what: FAILED as: $*"
        tail -n 40 "$work/output"
        failed=$((failed + 1))
    fi
}
# says PATTERN COMMAND...: the command succeeds and writes what matches.
says() {
    local text=$1
    shift
    "$@" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
    cat "$work/said"
    grep -qE -- "$text" "$work/said"
}
# refuses PATTERN COMMAND...: the command fails and writes what matches.
refuses() {
    local text=$1
    shift
    if "$@" >"$work/said" 2>&1; then cat "$work/said"; return 1; fi
    cat "$work/said"
    grep -qE -- "$text" "$work/said"
}
# Each package that was installed has its version, a licence and the README.
has_texts() {
    local package
    for package in "$NUGET_PACKAGES"/graphcompiler.*; do
        cmp "$package/$version/README.md" "$readme"
        grep -q '<license type="expression">MIT</license>' "$package/$version"/*.nuspec
    done
    [[ -d "$NUGET_PACKAGES/graphcompiler.training/$version" ]]
}
# A program with the packages that no template has: it reads a Parquet file that is none, and draws.
uses_the_others() {
    mkdir "$work/others"
    cat >"$work/others/others.csproj" <<END
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <InvariantGlobalization>true</InvariantGlobalization>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="GraphCompiler.Tensors" Version="$version" />
    <PackageReference Include="GraphCompiler.Training.Formats" Version="$version" />
    <PackageReference Include="GraphCompiler.Training.Plots" Version="$version" />
  </ItemGroup>
</Project>
END
    cat >"$work/others/Program.cs" <<'END'
using System.Numerics.Tensors;
using GraphCompiler.Frontend;
using GraphCompiler.IR.Ops;
using GraphCompiler.Runtime;
using GraphCompiler.Tensors;
using GraphCompiler.Training.Formats;
using GraphCompiler.Training.Plots;
using static GraphCompiler.IR.DType;

var g = new GraphBuilder("twice");
using var f = g.Compile(("y", g.Input("x", F32[2]) * 2));
f.Run(Tensor.Create([1f, 2]).AsReadOnlyTensorSpan());
Console.WriteLine($"tensor {f.OutputTensor<float>("y")[1]}");
File.WriteAllText("none.parquet", "this is no file of Parquet's, but it is long enough");
try { ParquetFile.Open("none.parquet", c => c.Floats("x", ["a"])).ToTable(); }
catch (RuntimeException error) { Console.WriteLine(error.Code); }
TrainingPlot.Confusion(new(2, [3, 1, 0, 4]), ["no", "yes"]).Save("confusion.svg");
Console.WriteLine(File.Exists("confusion.svg"));
END
    (cd "$work/others" && says "tensor 4.*SGC6004.*True" bash -c 'dotnet run -c Release | tr "\n" " "')
}
is_unchanged() {
    local before
    before=$(stat -c %Y.%s "$1")
    shift
    "$@" && [[ "$(stat -c %Y.%s "$compiled")" == "$before" ]]
}

check "the template is installed" dotnet new install "feed/GraphCompiler.Templates.$version.nupkg"
check "a program is made of it" dotnet new graphcompiler-train --output "$work/spirals"
cd "$work/spirals"
check "it trains" says "held-out accuracy (9[0-9]|100)" dotnet run -c Release
check "it wrote its weights and its page" test -s spirals.safetensors -a -s spirals.html
check "its packages are of this version" grep -F "Version=\"$version\"" spirals.csproj
check "packages have licence and README" has_texts
check "pictures, files and tensors are packages" uses_the_others
check "without libLLVM it says what to install" \
    refuses "apt-get install libllvm19" env GRAPHCOMPILER_LLVM=/nowhere/libLLVM.so dotnet run -c Release --no-build

# NativeAOT's compiler is a package: with no registry there is none, and any other failure is one.
native=1
if ! restored=$(dotnet restore -p:PublishAot=true -r linux-x64 --verbosity quiet 2>&1) && [[ "$restored" =~ NU1(101|102|103|301) ]]; then
    echo "-- NativeAOT: skipped, since the package of its compiler cannot be had: ${restored%%$'\n'*}"
    native=
fi
if [[ -n "$native" ]]; then
    check "it is published as a native program" \
        dotnet publish -c Release -r linux-x64 -p:PublishAot=true --output "$work/native" --verbosity quiet
    mkdir "$work/elsewhere"
    cd "$work/elsewhere"
    check "which trains" says "held-out accuracy (9[0-9]|100)" "$work/native/spirals"
fi

cd "$work"
check "graphc is installed as a tool" dotnet tool install graphc --version "$version" --tool-path "$work/tools" --configfile nuget.config
cd "$work/sample/App"
compiled=$work/sample/App/obj/Release/net10.0/models/line/libline.so
check "a build compiles a model ahead of time" dotnet build -c Release --verbosity quiet
check "the tool lists the model" says "line  Model.Models.Line" "$work/tools/graphc" list "$work/sample/Model/bin/Release/net10.0/Model.dll"
check "the program learns with it, for batches of two sizes" says "at 10: 2[01]" dotnet run -c Release --no-build
check "another build compiles nothing" is_unchanged "$compiled" dotnet build -c Release --verbosity quiet
check "a model that is not declared is an error of the build" \
    refuses "error SGC7103" dotnet build -c Release --verbosity quiet -p:ModelName=none -p:IntermediateOutputPath=obj/none/
check "an item without a project says what to write" \
    refuses "error SGC7112" dotnet build -c Release --verbosity quiet -p:ModelProject= -p:IntermediateOutputPath=obj/none/
if [[ -n "$native" ]]; then
    check "it is published as a native program with its model" \
        dotnet publish -c Release -r linux-x64 -p:PublishAot=true --output "$work/deployed" --verbosity quiet
    check "which learns without a compiler" says "slope 2.00" env GRAPHCOMPILER_LLVM=/nowhere/libLLVM.so "$work/deployed/App"
fi
echo "Packages, as a stranger has them:"
echo "$passed passed, $failed failed"
((failed == 0))
