# shellcheck shell=bash
# Sourced after dotnet.sh: runs the built tests and adds up their results.

readonly results_folder=artifacts/tests
test_run_failed=0
# What is compiled for a test is compiled by the test.
export GRAPHCOMPILER_CACHE=off
# Every pass, plan and kernel is verified, whatever compiles it.
export SGC_VERIFY=1
# A test process ends before what .NET learns of its own code pays: without, the tests of gradients take a quarter less.
export DOTNET_TieredPGO=0

# cpu_supports LEVEL: can this machine run code for an x86-64 level?
cpu_supports() {
    [[ "$(uname -m)" == x86_64 ]] || return 1
    local flag flags
    case $1 in
        x86-64-v4) flags="avx512f avx512bw avx512cd avx512dq avx512vl" ;;
        x86-64-v3) flags="avx2 fma bmi2 f16c movbe" ;;
        *) flags="sse4_2 popcnt" ;;
    esac
    # No /proc (macOS): every x86-64 machine that runs .NET 10 there has v3.
    [[ -r /proc/cpuinfo ]] || { [[ "$1" != x86-64-v4 ]]; return; }
    local have
    have=" $(sed -n '/^flags/{s/^[^:]*: //p;q;}' /proc/cpuinfo) "
    for flag in $flags; do
        [[ "$have" == *" $flag "* ]] || return 1
    done
}

# The highest level that this machine has: that of its native code.
own_level() {
    local level
    for level in x86-64-v4 x86-64-v3 x86-64-v2; do
        if cpu_supports "$level"; then
            echo "$level"
            return
        fi
    done
}

# run_tests NAME TARGET FILTER [PROJECT]: one pass over a test project or all of them, one after another (-m:1), because
# the tests of worker pools and of timing need the cores for themselves. Failures are counted, not fatal, so that all passes run.
run_tests() {
    local name=$1 target=$2 expression=$3 project=${4:-GraphCompiler.sln}
    local arguments=(test "$project" -c Release --no-build -m:1 --nologo
        --results-directory "$results_folder/$name" --logger trx --logger "console;verbosity=minimal")
    [[ -n "$expression" ]] && arguments+=(--filter "$expression")

    echo "== $name${4:+ $4}"
    local status=0
    if [[ -n "$target" ]]; then
        GRAPHCOMPILER_TARGET=$target dotnet "${arguments[@]}" </dev/null || status=$?
    else
        dotnet "${arguments[@]}" </dev/null || status=$?
    fi
    # A failed test also ends here; a crashed test host ends ONLY here, since it may leave no result file.
    ((status == 0)) || test_run_failed=1
    show_crashed_cases
}

# run_level LEVEL FILTER: what compiles code, for a level by its name. The math library's tests go through the levels themselves, and
# what has no code of ours in it, or code of any level, does not depend on the level; of the builder and the ahead-of-time library, what
# is about code is marked.
run_level() {
    local level=$1 filter=${2:+&($2)}
    if ! cpu_supports "$level"; then
        echo "== $level: skipped, this CPU cannot run it"
        return
    fi
    # Native code of this level has vectors and plans alike, and has run: what is left is LLVM's generic processor.
    if [[ "$level" == "$(own_level)" && "${SGC_EXHAUSTIVE:-}" != 1 ]]; then
        run_tests "$level" "$level" "(FullyQualifiedName~RandomProgramTests|FullyQualifiedName~CompiledFunctionTests)$filter" \
            tests/Backend.Llvm.Tests
        return
    fi
    run_tests "$level" "$level" "FullyQualifiedName!~MathLibraryTests&Category!=AnyLevel$filter" tests/Backend.Llvm.Tests
    run_tests "$level" "$level" "FullyQualifiedName~FileTests$filter" tests/Passes.Tests
    run_tests "$level" "$level" "Category=Target$filter" tests/Frontend.Tests
    run_tests "$level" "$level" "Category=Target$filter" tests/Aot.Tests
}

# A compiled function that ended the process by touching memory that is not its own is still in this folder.
show_crashed_cases() {
    local file
    for file in artifacts/running/*.gir; do
        [[ -e "$file" ]] || continue
        echo "A test ended its process while it ran this function ($file), for the level in its first line:"
        head -c 20000 "$file"
        mv "$file" "$file.crashed"
    done
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
