# shellcheck shell=bash
# Sourced after dotnet.sh: restores and builds in Release, or skips both in well under a second when nothing changed.

readonly stamp_folder=artifacts/stamps

# One line that changes with any source file (name, size or time), or with the SDK. A listing, and not "newer than a
# stamp", because a deleted file or one from an older checkout must count as well.
source_fingerprint() {
    {
        echo "$sdk_version"
        find . \( -name bin -o -name obj -o -name artifacts -o -name TestResults -o -name '.git' \) -prune -o \
            -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.targets' -o -name '*.sln' \
            -o -name '*.gir' -o -name '*.txt' -o -name '.editorconfig' -o -name 'packages.lock.json' \
            -o -name 'global.json' -o -name 'NuGet.config' -o -name 'nuget.config' \) \
            -printf '%p %s %T@\n' | LC_ALL=C sort
    } | cksum
}

# In CI the lock files decide. Locally a restore may bring them up to date.
restore() {
    local target=$1 locks
    locks=$(find src tests samples bench -name packages.lock.json -not -path '*/obj/*' -print -quit 2>/dev/null || true)
    if [[ -n "${CI:-}" && -n "$locks" ]]; then
        dotnet restore "$target" --locked-mode --verbosity quiet && return 0
        # The lock files also pin tools that come with the SDK's own patch level, so another 10.0.x differs there.
        echo "warning: the lock files do not match SDK $sdk_version; restoring without --locked-mode." >&2
        dotnet restore "$target" --verbosity quiet --force-evaluate
        return
    fi
    dotnet restore "$target" --verbosity quiet
}

# compile TARGET: one process compiles all projects, whatever the environment says: in one for each, .NET would compile the compiler and its
# analyzers thirty times, which took nearly half of a build. The process is this build's own, and ends with it, also where it is
# interrupted: the body is a shell of its own, with a trap of its own.
compile() (
    name=graphcompiler-$BASHPID
    roslyn=$(dotnet msbuild src/Diagnostics/Diagnostics.csproj -getProperty:RoslynTargetsPath) || exit
    trap 'dotnet exec "$roslyn/bincore/VBCSCompiler.dll" -shutdown -pipename:"$name" >&2' EXIT
    DOTNET_TieredPGO=0 dotnet build "$1" -c Release --no-restore --verbosity quiet \
        -p:UseSharedCompilation=true -p:SharedCompilationId="$name" >&2
)

# build TARGET: TARGET is a project or solution, relative to the root. Build output goes to stderr, so that stdout
# belongs to the program that runs next.
build() {
    local target=$1
    local stamp=$stamp_folder/${target//\//_}
    local fingerprint
    fingerprint=$(source_fingerprint)
    if [[ -f "$stamp" && "$(<"$stamp")" == "$fingerprint" ]]; then
        return 0
    fi

    echo "Building $target ..." >&2
    mkdir -p "$stamp_folder"
    restore "$target" >&2 || fail "restoring the packages of $target failed; is the package registry reachable?"
    # A restore may write lock files, and must not by that make the next call build again.
    fingerprint=$(source_fingerprint)
    compile "$target" || fail "building $target failed."
    echo "$fingerprint" >"$stamp"
}
