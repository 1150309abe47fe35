# shellcheck shell=bash
# Sourced after llvm.sh: a C compiler and zlib's header, which linking a compiled model and NativeAOT need, and a C++ compiler, with which
# tests compile headers.

native_tools_are_present() {
    command -v cc >/dev/null 2>&1 && command -v g++ >/dev/null 2>&1 || return 1
    echo '#include <zlib.h>' | cc -x c -fsyntax-only - 2>/dev/null
}

require_native_tools() {
    native_tools_are_present && return 0
    local advice="Install a C compiler and zlib (Debian and Ubuntu: 'apt-get install gcc g++ libc6-dev zlib1g-dev')."
    command -v apt-get >/dev/null 2>&1 || fail "there is no C or C++ compiler, or no zlib.h, and no apt-get to install them with." "$advice"
    echo "Installing gcc, g++ and zlib1g-dev ..." >&2
    local packages=(gcc g++ libc6-dev zlib1g-dev)
    if ! as_root apt-get install -y --no-install-recommends "${packages[@]}" >/dev/null 2>&1 </dev/null; then
        as_root apt-get update >&2 </dev/null || echo "warning: apt-get update failed; trying to install anyway." >&2
        as_root apt-get install -y --no-install-recommends "${packages[@]}" >&2 </dev/null \
            || fail "installing ${packages[*]} failed." "$advice"
    fi
}
