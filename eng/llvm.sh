# shellcheck shell=bash
# Sourced after dotnet.sh: makes sure that libLLVM 19 can be loaded, by installing the distribution's package if needed.

readonly llvm_package=libllvm19

llvm_is_present() {
    # A caller's own libLLVM wins; the compiler checks its version when it loads it.
    if [[ -n "${GRAPHCOMPILER_LLVM:-}" ]]; then
        [[ -e "$GRAPHCOMPILER_LLVM" ]] \
            || fail "GRAPHCOMPILER_LLVM names '$GRAPHCOMPILER_LLVM', which does not exist." \
                "Point it at a libLLVM 19 shared library, or unset it to use the system's."
        return 0
    fi

    # ldconfig is not on an ordinary user's PATH on Debian. Its output is read whole: with pipefail, a `grep -q`
    # that ends early would make the pipe fail.
    local ldconfig cache
    ldconfig=$(PATH="$PATH:/usr/sbin:/sbin" command -v ldconfig || true)
    if [[ -n "$ldconfig" ]]; then
        cache=$("$ldconfig" -p 2>/dev/null || true)
        [[ "$cache" =~ libLLVM(\.so\.19|-19\.so) ]] && return 0
    fi

    local file
    for file in /usr/lib/*/libLLVM.so.19* /usr/lib/*/libLLVM-19.so* /usr/lib/libLLVM.so.19* \
        /usr/lib64/libLLVM.so.19* /usr/lib/llvm-19/lib/libLLVM*.so* /usr/local/lib/libLLVM.so.19* \
        /opt/homebrew/opt/llvm@19/lib/libLLVM*.dylib /usr/local/opt/llvm@19/lib/libLLVM*.dylib; do
        [[ -e "$file" ]] && return 0
    done
    return 1
}

as_root() {
    if (($(id -u) == 0)); then
        DEBIAN_FRONTEND=noninteractive "$@"
    else
        # Without a terminal a password prompt would hang.
        local options=()
        [[ -t 0 ]] || options=(-n)
        sudo "${options[@]}" env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

install_llvm() {
    as_root apt-get install -y --no-install-recommends "$llvm_package" </dev/null
}

require_llvm() {
    llvm_is_present && return 0

    local advice="Install LLVM 19's shared library (Debian and Ubuntu: 'apt-get install $llvm_package'),"
    advice+=" or set GRAPHCOMPILER_LLVM to the path of a libLLVM 19."
    command -v apt-get >/dev/null 2>&1 \
        || fail "libLLVM 19 was not found, and there is no apt-get to install it with." "$advice"
    (($(id -u) == 0)) || command -v sudo >/dev/null 2>&1 \
        || fail "libLLVM 19 was not found; installing it needs root, and there is no sudo." "$advice"

    echo "Installing $llvm_package ..." >&2
    # The package lists of a fresh machine are empty or old: ask for them only when the first try fails.
    if ! install_llvm >/dev/null 2>&1; then
        as_root apt-get update >&2 </dev/null || echo "warning: apt-get update failed; trying to install anyway." >&2
        install_llvm >&2 || fail "'apt-get install $llvm_package' failed (its output is above)." "$advice"
    fi
    llvm_is_present || fail "$llvm_package was installed, but libLLVM 19 is still not found." "$advice"
}
