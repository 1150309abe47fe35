#!/usr/bin/env bash
# The slowest tests of the last ./test, by pass and project: eng/slowest_tests.sh [COUNT] [FOLDER]
#   COUNT   tests of each project, 20 unless given
#   FOLDER  where result files (*.trx) are, artifacts/tests unless given
# A project's line has its time by the clock and the sum over its tests, which is larger where tests run side by side.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
count=${1:-20}
folder=${2:-artifacts/tests}

mapfile -t files < <(find "$folder" -name '*.trx' 2>/dev/null | LC_ALL=C sort)
((${#files[@]} > 0)) || { echo "error: there are no result files in $folder; run ./test first." >&2; exit 1; }

# Prints a line for each test, seconds first, and one for the run.
read_results() {
    tr -d '\r' <"$1" | awk -v pass="$(basename "$(dirname "$1")")" '
        function attribute(name,   text) {
            if (!match($0, " " name "=\"[^\"]*\"")) return ""
            text = substr($0, RSTART, RLENGTH)
            sub(/^[^"]*"/, "", text); sub(/"$/, "", text)
            gsub(/&quot;/, "\"", text); gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&amp;/, "\\&", text)
            return text
        }
        function seconds(clock,   parts) { split(clock, parts, ":"); return parts[1] * 3600 + parts[2] * 60 + parts[3] }
        # Within a day: a run that passes midnight has a day added.
        function time_of_day(stamp) { return seconds(substr(stamp, 12, 15)) }
        /<Times / {
            wall = time_of_day(attribute("finish")) - time_of_day(attribute("start"))
            if (wall < 0) wall += 86400
        }
        /<UnitTestResult / {
            taken = seconds(attribute("duration")); sum += taken; tests++
            printf "%9.2f  %s\n", taken, attribute("testName")
        }
        /<UnitTest / { project = attribute("storage"); sub(/.*[\/\\]/, "", project) }
        END { printf "== %s %s: %d tests, %.1f s by the clock, %.1f s in all\n", pass, project, tests, wall, sum }'
}

for file in "${files[@]}"; do
    results=$(read_results "$file")
    grep '^==' <<<"$results"
    { grep -v '^==' <<<"$results" || true; } | LC_ALL=C sort -rn | head -n "$count" || true
done
