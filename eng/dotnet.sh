# shellcheck shell=bash
# Sourced: makes sure that `dotnet` is an SDK that can build this repository.

readonly required_sdk_major=10

# The first-run banner and a missing libicu must not stand between a fresh machine and a build.
export DOTNET_NOLOGO=1
export DOTNET_CLI_TELEMETRY_OPTOUT=1
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1

fail() {
    printf 'error: %s\n' "$@" >&2
    exit 1
}

require_dotnet() {
    if ! command -v dotnet >/dev/null 2>&1; then
        local candidate
        for candidate in "${DOTNET_ROOT:-}" "${HOME:-}/.dotnet" /usr/share/dotnet /usr/lib/dotnet; do
            if [[ -n "$candidate" && -x "$candidate/dotnet" ]]; then
                export PATH="$candidate:$PATH"
                break
            fi
        done
    fi
    if ! command -v dotnet >/dev/null 2>&1; then
        fail "the .NET SDK $required_sdk_major is needed, and no 'dotnet' is on the PATH." \
            "Install it (https://dotnet.microsoft.com/download/dotnet/10.0) and run this again."
    fi

    # `dotnet --version` answers for the SDK that a build here would use, global.json included.
    local version
    version=$(dotnet --version 2>/dev/null || true)
    local major=${version%%.*}
    if [[ ! "$major" =~ ^[0-9]+$ ]] || ((major < required_sdk_major)); then
        fail "the .NET SDK $required_sdk_major is needed; 'dotnet --version' says '${version:-no SDK found}'." \
            "Install it (https://dotnet.microsoft.com/download/dotnet/10.0) and run this again."
    fi
    sdk_version=$version
}
