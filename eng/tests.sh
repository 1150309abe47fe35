# shellcheck shell=bash
# Sourced after dotnet.sh: runs the built tests and adds up their results.

readonly results_folder=artifacts/tests
test_run_failed=0
# What is compiled for a test is compiled by the test.
export GRAPHCOMPILER_CACHE=off

# cpu_supports LEVEL: can this machine run code for an x86-64 level?
cpu_supports() {
    [[ "$(uname -m)" == x86_64 ]] || return 1
    local flag flags
    case $1 in
        x86-64-v3) flags="avx2 fma bmi2 f16c movbe" ;;
        *) flags="sse4_2 popcnt" ;;
    esac
    # No /proc (macOS): every x86-64 machine that runs .NET 10 there has v3.
    [[ -r /proc/cpuinfo ]] || return 0
    local have
    have=" $(sed -n '/^flags/{s/^[^:]*: //p;q;}' /proc/cpuinfo) "
    for flag in $flags; do
        [[ "$have" == *" $flag "* ]] || return 1
    done
}

# run_tests NAME TARGET FILTER: one pass over all test projects, one after another (-m:1), because the tests of
# worker teams and of timing need the cores for themselves. Failures are counted, not fatal, so that all passes run.
run_tests() {
    local name=$1 target=$2 expression=$3
    local arguments=(test GraphCompiler.sln -c Release --no-build -m:1 --nologo
        --results-directory "$results_folder/$name" --logger trx --logger "console;verbosity=minimal")
    [[ -n "$expression" ]] && arguments+=(--filter "$expression")

    echo "== $name"
    local status=0
    if [[ -n "$target" ]]; then
        GRAPHCOMPILER_TARGET=$target dotnet "${arguments[@]}" </dev/null || status=$?
    else
        dotnet "${arguments[@]}" </dev/null || status=$?
    fi
    # A failed test also ends here; a crashed test host ends ONLY here, since it may leave no result file.
    ((status == 0)) || test_run_failed=1
}

# Sums one counter of the <Counters .../> elements of trx files.
sum_counter() {
    local counter=$1
    shift
    cat "$@" </dev/null | tr -d '\r' | sed -n "s/.*<Counters [^>]*[ ]$counter=\"\([0-9]*\)\".*/\1/p" \
        | awk '{ sum += $1 } END { print sum + 0 }'
}

summarize() {
    local passed=0 failed=0 pass pass_passed pass_failed counter count
    echo
    for pass in "$results_folder"/*/; do
        local files=("$pass"*.trx)
        [[ -e "${files[0]}" ]] || continue
        pass_passed=$(sum_counter passed "${files[@]}")
        pass_failed=0
        for counter in failed error timeout aborted; do
            count=$(sum_counter "$counter" "${files[@]}")
            pass_failed=$((pass_failed + count))
        done
        printf '%-12s %5d passed, %d failed\n' "$(basename "$pass")" "$pass_passed" "$pass_failed"
        passed=$((passed + pass_passed))
        failed=$((failed + pass_failed))
    done

    local status=0
    ((failed == 0)) || status=1
    if ((test_run_failed != 0 && failed == 0)); then
        echo "A test run ended abnormally (its output is above)."
        failed=1
        status=1
    fi
    if ((passed + failed == 0)); then
        echo "No test ran."
        status=1
    fi
    echo "$passed passed, $failed failed"
    return "$status"
}
