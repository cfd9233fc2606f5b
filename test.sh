#!/usr/bin/env bash
# test.sh: every test, from a fresh Debian 12 to one line that says how many passed.
#
# Unit tests run under asan and ubsan; end-to-end tests against the same build, those marked `clock`
# and `release` against the release build, those marked `concurrent` also against the tsan build.
# What always holds: a stage that cannot run or finds no test counts as a failure; the last line is
# `N passed, N failed`, also when the script ends early; the exit status is 0 only if none failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=tests/lib/packages.sh
source tests/lib/packages.sh

readonly VENV=build/venv REPORTS=build/reports
passed=0
failed=0
skipped=0
soak=no
packages=no
no_skips=()
expression=""

help() {
    cat <<'END'
./test.sh [--soak] [--packages] [--no-skips] [-k EXPRESSION]

Installs what the tests need (apt; a Python environment in build/venv), builds into build/asan,
build/release and build/tsan, and runs unit and end-to-end tests. The last line is
"N passed, N failed", the one before says how many were skipped and how long all took; reports in
JUnit's format are in build/reports.

  --soak          also the long tests, and more connections and requests in the others
  --packages      also the Debian package and the container image, each in a fresh Debian of its own
  --no-skips      a skipped test counts as failed, unless the machine is why: no Python 3.13, no container
  -k EXPRESSION   only end-to-end tests whose names fit (pytest's -k)
END
}

summary() {
    local status=$?
    ((status == 0 || failed > 0)) || failed=1
    ((passed + failed > 0)) || failed=1
    printf '%d skipped; took %d min %d s\n' "$skipped" $((SECONDS / 60)) $((SECONDS % 60))
    printf '%d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0)) || exit 1
}

say() {
    printf '\n== %s\n' "$*"
}

# The Python environment; made anew when the list of requirements changed.
make_venv() {
    local python wanted
    wanted=$(sha256sum tests/e2e/requirements.txt)
    [[ -x $VENV/bin/python && $(cat "$VENV/made-from" 2>/dev/null) == "$wanted" ]] && return
    python=$(quiver_python)
    rm -rf "$VENV"
    "$python" -m venv "$VENV" || complain "'$python' could not make a virtual environment: apt-get install python3-venv"
    "$VENV/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
        -r tests/e2e/requirements.txt </dev/null ||
        complain "pip could not install tests/e2e/requirements.txt: see above; is the package index reachable?"
    printf '%s\n' "$wanted" >"$VENV/made-from"
}

# Adds a report's figures to the sum. A stage without report or without tests is a failure.
count() { # report, exit status, what
    local good=0 bad=0 left_out=0
    if [[ -f $1 ]]; then
        read -r good bad left_out < <("$VENV/bin/python" tests/lib/count.py "$1" "${no_skips[@]}")
    fi
    if ((bad == 0 && $2 != 0)); then
        printf 'test.sh: %s ended with status %d\n' "$3" "$2" >&2
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + left_out))
}

run_unit() {
    local status=0 report=$PWD/$REPORTS/unit.xml
    say "unit tests (asan, ubsan)"
    rm -f "$report"
    LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0 UBSAN_OPTIONS=halt_on_error=1 \
        ctest --test-dir build/asan -j 2 --output-on-failure --no-tests=error \
        --output-junit "$report" || status=$?
    count "$report" "$status" "ctest"
}

run_pytest() { # stage, preset, marker expression, [option]...
    local stage=$1 preset=$2 marks=$3 status=0 report=$PWD/$REPORTS/$1.xml
    shift 3
    say "end-to-end tests: $stage ($preset build)"
    rm -f "$report"
    [[ -z $expression ]] || set -- -k "$expression" "$@"
    QUIVER_BIN=$PWD/build/$preset/quiver "$VENV/bin/python" -m pytest tests/e2e -q -rs -m "$marks" \
        --strict-markers -p no:cacheprovider --timeout "${QUIVER_TIMEOUT:-180}" \
        --junitxml "$report" "$@" </dev/null || status=$?
    if ((status == 5)) && [[ -n $expression ]]; then
        return # no test of this stage fits -k
    fi
    count "$report" "$status" "$stage"
}

# The package and the image, from the release build; what cannot run here says so and is skipped.
run_packages() {
    local status=0 report=$PWD/$REPORTS/packages.xml
    say "package and image (release build)"
    rm -f "$report"
    QUIVER_RELEASE=$PWD/build/release "$VENV/bin/python" -m pytest tests/packages -q -rs -n 2 --dist loadfile \
        --strict-markers -p no:cacheprovider --timeout 1200 --junitxml "$report" </dev/null || status=$?
    count "$report" "$status" "packages"
}

# Kernels that randomize addresses widely leave ThreadSanitizer no room; then without that.
prepare_tsan() {
    export QUIVER_WRAP=""
    build/tsan/quiver --version >/dev/null 2>&1 && return
    QUIVER_WRAP="setarch $(uname -m) -R"
    $QUIVER_WRAP build/tsan/quiver --version >/dev/null 2>&1 && return
    complain "ThreadSanitizer cannot run here: try 'sysctl vm.mmap_rnd_bits=28'"
}

run_all() {
    local -r rest="not clock and not release and not soak"
    run_unit
    run_pytest side-by-side asan "not alone and $rest" -n 4 --dist worksteal
    run_pytest alone asan "alone and $rest"
    run_pytest release release "(clock or release) and not soak" -n 2 --dist worksteal
    prepare_tsan
    run_pytest concurrent tsan "concurrent and not clock and not release and not soak"
    unset QUIVER_WRAP
    [[ $packages == no ]] || run_packages
    [[ $soak == no ]] || QUIVER_TIMEOUT=3600 run_pytest soak release "soak"
}

while (($#)); do
    case $1 in
    -h | --help) help && exit 0 ;;
    --soak) soak=yes ;;
    --packages) packages=yes ;;
    --no-skips) no_skips=(--no-skips) ;;
    -k)
        (($# >= 2)) || complain "-k needs an expression"
        expression=$2
        shift
        ;;
    *) printf "test.sh: unknown option '%s' (see ./test.sh --help)\n" "$1" >&2 && exit 2 ;;
    esac
    shift
done
trap summary EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
[[ $soak == no ]] || export QUIVER_SOAK=1
ensure_packages "${QUIVER_BUILD_PACKAGES[@]}" "${QUIVER_TEST_PACKAGES[@]}"
[[ $packages == no ]] || ensure_packages "${QUIVER_PACKAGING_PACKAGES[@]}"
mkdir -p build "$REPORTS"
make_venv
for preset in asan release tsan; do
    say "building $preset"
    build_preset "$preset"
done
run_all
say "sum"
