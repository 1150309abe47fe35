# shellcheck shell=bash
# Sourced after llvm.sh: a Chromium for the tests that open written pages.

find_chromium() {
    if [[ -n "${GRAPHCOMPILER_CHROMIUM:-}" ]]; then
        [[ -x "$GRAPHCOMPILER_CHROMIUM" ]] || fail "GRAPHCOMPILER_CHROMIUM names '$GRAPHCOMPILER_CHROMIUM', which cannot be run."
        echo "$GRAPHCOMPILER_CHROMIUM"
        return
    fi
    # Ubuntu's chromium-browser may be a script that asks for a snap.
    local name
    for name in chromium google-chrome google-chrome-stable chrome; do
        command -v "$name" && return
    done
    return 1
}

# Sets GRAPHCOMPILER_CHROMIUM.
require_chromium() {
    if ! find_chromium >/dev/null; then
        local advice="Install Chromium (Debian: 'apt-get install chromium'), or set GRAPHCOMPILER_CHROMIUM to its path."
        command -v apt-get >/dev/null 2>&1 || fail "there is no Chromium, and no apt-get to install it with." "$advice"
        (($(id -u) == 0)) || command -v sudo >/dev/null 2>&1 \
            || fail "there is no Chromium; installing it needs root, and there is no sudo." "$advice"
        echo "Installing chromium ..." >&2
        local packages=(chromium fonts-dejavu-core)
        if ! as_root apt-get install -y --no-install-recommends "${packages[@]}" >/dev/null 2>&1 </dev/null; then
            as_root apt-get update >&2 </dev/null || echo "warning: apt-get update failed; trying to install anyway." >&2
            as_root apt-get install -y --no-install-recommends "${packages[@]}" >&2 </dev/null \
                || fail "'apt-get install ${packages[*]}' failed (its output is above)." "$advice"
        fi
        find_chromium >/dev/null || fail "chromium was installed, but is still not found." "$advice"
    fi
    GRAPHCOMPILER_CHROMIUM=$(find_chromium)
    export GRAPHCOMPILER_CHROMIUM
}
