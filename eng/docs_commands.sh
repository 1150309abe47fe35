#!/usr/bin/env bash
# Runs every command that the documents print: eng/docs_commands.sh [--list | TEXT]
#   --list  only shows what each command is run as, and fails if one is not known here
#   TEXT    only the commands that hold this text
# A command is a line of a block that is marked ```sh, or code in a line that begins with a program of this project's.
# Speed measurements run with their smallest setting; what installs packages, or is this run itself, is left out, with the reason.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=eng/dotnet.sh
source eng/dotnet.sh
# shellcheck source=eng/llvm.sh
source eng/llvm.sh
# shellcheck source=eng/native.sh
source eng/native.sh
# shellcheck source=eng/build.sh
source eng/build.sh

readonly documents=(README.md CONTRIBUTING.md docs/*.md tests/filetests/README.md)
readonly models=samples/Deploy/Model/bin/Release/net10.0/DeployModel.dll
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Commands in the order of the documents, each once: blocks marked sh without their comments, and inline code.
commands() {
    awk '
        /^```/ { inside = !inside && $0 == "```sh"; fenced = !fenced; next }
        inside && NF { sub(/[ \t]+#.*$/, ""); print; next }
        !fenced {
            line = $0
            while (match(line, /`[^`]+`/)) {
                code = substr(line, RSTART + 1, RLENGTH - 2)
                line = substr(line, RSTART + RLENGTH)
                if (code ~ /^(\.\/|[A-Z_]+=[^ ]+ dotnet |dotnet |graphc |samples\/[A-Za-z]+\/run|eng\/|apt-get |bench -- )/) print code
            }
        }' "${documents[@]}" | awk '!seen[$0]++'
}

# rule COMMAND: prints what it is run as, or "- REASON".
rule() {
    local bench='dotnet run -c Release --project bench -- '
    case $1 in
        ./test* | eng/docs_commands.sh) echo "- it runs this" ;;
        eng/slowest_tests.sh | eng/failed_tests.sh) echo "- ./test runs it" ;;
        eng/pictures.sh) echo "- its picture is committed" ;;
        eng/pack.sh) echo "$1 $work/packages" ;;
        eng/try_packages.sh | eng/site.sh) echo "$1" ;;
        # A program of one file builds all that it refers to anew, which has been analyzed by then.
        'dotnet run samples/'*.cs) echo "RunAnalyzers=false $1" ;;
        'dotnet new'* | 'dotnet nuget add '* | 'dotnet publish -c Release '*) echo "- eng/try_packages.sh does it" ;;
        eng/public_api.sh) echo "- every build compares what it writes" ;;
        'apt-get '*) echo "- it installs packages of the system, as eng/llvm.sh and eng/native.sh do" ;;
        'dotnet publish -p:PublishAot=true') echo "- samples/Deploy/run does it" ;;
        ./run | './run --precision bf16' | \
            './run chainrule' | './run derivatives' | samples/Deploy/run | 'dotnet run -c Release --project samples/Programs')
            echo "$1"
            ;;
        *'dotnet test tests/Training.Tests -c Release '*) echo "$1" ;;
        'dotnet run -c Release --project samples/Fit') echo "$1 -- $work/fit" ;;
        './run mnist --data DIR') echo "make_mnist \"$work/mnist\" && ./run mnist --data \"$work/mnist\"" ;;
        'samples/Vision/run '*)
            local verb=${1#samples/Vision/run }
            echo "make_mnist \"$work/mnist\" && samples/Vision/run ${verb%% *} --data \"$work/mnist\" --short"
            ;;
        'graphc build samples/Vision/'*) echo "${1//DIR/$work/vision}" ;;
        'samples/Gpt/run '*) echo "$1 --short" ;;
        'graphc build samples/Gpt/'*) echo "${1//DIR/$work/gpt}" ;;
        'graphc list MODELS.dll' | 'graphc build MODELS.dll --model digits --out DIR' \
            | 'graphc build MODELS.dll --model digits_by_rows --batch 64,1 --out DIR' | 'graphc inspect DIR/digits.json' \
            | 'graphc profile MODELS.dll --model digits --trace t.json' | 'graphc view MODELS.dll --model digits -o model.html')
            local line=${1//MODELS.dll/$models}
            line=${line//DIR/$work/model}
            line=${line//model.html/$work/model.html}
            echo "${line//t.json/$work/t.json}"
            ;;
        # Named in passing: the verb, and its option.
        'graphc '[a-z]*' --'*)
            local verb=${1#graphc }
            echo "graphc ${verb%% *} --help | grep -e ${verb##* }"
            ;;
        'graphc '[a-z]*) echo "$1 --help" ;;
        'dotnet run -c Release --project src/Cli --') echo "$1 --version" ;;
        'samples/Deploy/run && '*) rule "${1#samples/Deploy/run && }" ;;
        "${bench}steps --json "*)
            echo "${bench}steps --json $work/steps.json --filter mlp_digits_b32_adam --peers tape --rounds 1 --turn 1"
            ;;
        "${bench}steps --filter "*) echo "$1 --rounds 1 --turn 1" ;;
        "${bench}compare "*) echo "${bench}compare $work/steps.json $work/steps.json" ;;
        "${bench}report "*) echo "${bench}report --json $work/steps.json --out $work/report" ;;
        "${bench}startup") echo "$1 --rounds 1" ;;
        "${bench}micro "*) echo "$1 --short" ;;
        "${bench}profile "*) echo "$1" ;;
        "${bench}oversubscribed "*) echo "${bench}oversubscribed --filter mlp_digits_b32_adam --rounds 1" ;;
        # Named in passing: the verb and its options exist.
        'bench -- '*) echo "${bench}${1#bench -- } --help" ;;
        # ./test runs all of these tests.
        'GRAPHCOMPILER_TARGET='*' dotnet test tests/Backend.Llvm.Tests -c Release') echo "$1 --filter FullyQualifiedName~JitTests" ;;
        'SGC_BLESS=1 dotnet test tests/Passes.Tests -c Release') echo "$1 --filter FullyQualifiedName~FileTests" ;;
        *) return 1 ;;
    esac
}

graphc() {
    dotnet run -c Release --project src/Cli -- "$@"
}

# MNIST's four files with images that are easy to tell apart: a band for each digit, of a quarter's brightness, so that the loss after the
# 50 steps is not so near to 0 that its rounding errors count.
make_mnist() {
    local digit part count big_endian i
    mkdir -p "$1"
    for digit in {0..9}; do
        { head -c $((digit * 78)) /dev/zero; head -c 78 /dev/zero | tr '\0' '\100'; head -c $((706 - digit * 78)) /dev/zero; } >"$1/$digit"
    done
    for part in train:640 t10k:128; do
        count=${part#*:}
        big_endian=$(printf '\\x%02x\\x%02x' $((count / 256)) $((count % 256)))
        printf '\0\0\10\3\0\0%b\0\0\0\34\0\0\0\34' "$big_endian" >"$1/${part%:*}-images-idx3-ubyte"
        printf '\0\0\10\1\0\0%b' "$big_endian" >"$1/${part%:*}-labels-idx1-ubyte"
        for ((i = 0; i < count; i++)); do
            cat "$1/$((i % 10))" >&3
            printf '%b' "\\x0$((i % 10))" >&4
        done 3>>"$1/${part%:*}-images-idx3-ubyte" 4>>"$1/${part%:*}-labels-idx1-ubyte"
    done
}

unknown=0
mapfile -t printed < <(commands)
((${#printed[@]} > 0)) || fail "no command was found in ${documents[*]}."
for command in "${printed[@]}"; do
    if ! rule "$command" >/dev/null; then
        echo "error: '$command' is printed in a document, and eng/docs_commands.sh does not know how to run it." >&2
        unknown=1
    fi
done
((unknown == 0)) || exit 1
if [[ "${1:-}" == --list ]]; then
    for command in "${printed[@]}"; do printf '%s\n    %s\n' "$command" "$(rule "$command")"; done
    exit 0
fi

require_dotnet
require_llvm
build GraphCompiler.sln
tools=$( (require_native_tools) 2>&1) || tools="skipped: ${tools#error: }"
failed=0 ran=0 skipped=0
for command in "${printed[@]}"; do
    [[ "$command" == *"${1:-}"* ]] || continue
    line=$(rule "$command")
    if [[ "$line" == -* ]]; then
        echo "-- $command: skipped, since ${line#- }"
        skipped=$((skipped + 1))
        continue
    fi
    if [[ "$tools" == skipped:* && "$line" =~ Deploy|startup|graphc\ (build|inspect) ]]; then
        echo "-- $command: $tools"
        skipped=$((skipped + 1))
        continue
    fi
    if [[ "$line" == *' startup '* && ! -x artifacts/deploy/native/DeployApp ]]; then
        echo "-- $command: skipped, since samples/Deploy/run could not publish to native code"
        skipped=$((skipped + 1))
        continue
    fi
    start=$SECONDS
    if eval "$line" >"$work/output" 2>&1 </dev/null; then
        echo "-- $command: done in $((SECONDS - start)) s"
        grep -h '^skipped:' "$work/output" || true
        ran=$((ran + 1))
    else
        echo "-- $command: FAILED as: $line"
        tail -n 40 "$work/output"
        failed=$((failed + 1))
    fi
done
echo "Commands of the documents, $skipped of which were skipped:"
echo "$ran passed, $failed failed"
((failed == 0))
