# shellcheck shell=bash
# Sourced after llvm.sh: a font, which pictures of trainings are drawn with (PNG; an SVG needs none).

fonts_are_present() {
    # What Skia looks through without fontconfig.
    [[ -n "$(find /usr/share/fonts -name '*.[to]tf' -print -quit 2>/dev/null)" ]]
}

require_fonts() {
    fonts_are_present && return 0
    local advice="Install a font (Debian and Ubuntu: 'apt-get install fonts-dejavu-core')."
    command -v apt-get >/dev/null 2>&1 || fail "there is no font in /usr/share/fonts, and no apt-get to install one with." "$advice"
    echo "Installing fonts-dejavu-core ..." >&2
    if ! as_root apt-get install -y --no-install-recommends fonts-dejavu-core >/dev/null 2>&1 </dev/null; then
        as_root apt-get update >&2 </dev/null || echo "warning: apt-get update failed; trying to install anyway." >&2
        as_root apt-get install -y --no-install-recommends fonts-dejavu-core >&2 </dev/null \
            || fail "installing fonts-dejavu-core failed." "$advice"
    fi
}
