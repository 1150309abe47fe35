#!/usr/bin/env bash
# The tests that failed in the last ./test, with their messages: eng/failed_tests.sh [FOLDER]
#   FOLDER  where result files (*.trx) are, artifacts/tests unless given
# Prints nothing when none failed. ./test ends with it: where the start of a long log is cut off, the names must not be.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-artifacts/tests}

find "$folder" -name '*.trx' 2>/dev/null | LC_ALL=C sort | while IFS= read -r file; do
    tr -d '\r' <"$file" | awk -v pass="$(basename "$(dirname "$file")")" '
        function plain(text) {
            gsub(/&quot;/, "\"", text); gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&#x[DA];/, " ", text)
            gsub(/&amp;/, "\\&", text)
            return text
        }
        /<UnitTestResult / {
            failed = / outcome="(Failed|Error|Timeout|Aborted)"/
            if (failed && match($0, / testName="[^"]*"/)) {
                print "FAILED " pass ": " plain(substr($0, RSTART + 11, RLENGTH - 12))
            }
        }
        # The message and the first lines of the stack, each of which may span lines.
        failed && /<Message>/ { text = 1; lines = 12 }
        failed && /<StackTrace>/ { text = 1; lines = 4 }
        failed && text {
            line = $0
            gsub(/<\/?(Message|StackTrace)>/, "", line)
            sub(/^[ \t]+/, "", line)
            if (lines-- > 0 && line != "") print "    " plain(line)
        }
        /<\/(Message|StackTrace)>/ { text = 0 }'
done
