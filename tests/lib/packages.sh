# shellcheck shell=bash
# tests/lib/packages.sh: installs what is missing from Debian's archive; for run.sh, test.sh, .ci/run.
#
# What always holds: only missing packages are asked for; nothing is installed when all are there,
# so that a second run needs neither network nor root; a service that a package brings (Redis') is
# neither started nor enabled, unless it was there before. Sourced, never run.
# shellcheck disable=SC2034  # the lists are for those who source this

# What the build and the program need.
QUIVER_BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config libh2o-evloop-dev libhiredis-dev
    libcurl4-openssl-dev libpcre2-dev libjansson-dev libyaml-dev libssl-dev libsystemd-dev uthash-dev redis-server openssl curl ca-certificates)
# What the tests need besides.
QUIVER_TEST_PACKAGES=(libcmocka-dev python3 python3-venv redis-tools)
# What the tests of packages and images (./test.sh --packages) need besides.
QUIVER_PACKAGING_PACKAGES=(dpkg-dev file lintian man-db mmdebstrap iproute2 zsh buildah)
# What lint needs besides.
QUIVER_LINT_PACKAGES=(clang-format shellcheck python3)
# What CI needs besides, and whose tests are skipped elsewhere where it is missing: promtool, for
# metrics and alerts. Its server is neither started nor enabled.
QUIVER_CI_PACKAGES=(prometheus)

complain() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command as root: directly, or by sudo.
as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        complain "packages are missing and this is not root: install sudo, or run as root: apt-get install ${QUIVER_MISSING[*]}"
    fi
}

# Whether Redis was installed before us: then its service stays as its owner wants it.
had_redis_package() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' redis-server 2>/dev/null) == installed ]]
}

# Debian asks this file whether a service may be started. Ours is removed also when apt fails;
# one that was there is left alone.
forbid_services() {
    QUIVER_POLICY=""
    [[ -e /usr/sbin/policy-rc.d ]] && return
    QUIVER_POLICY=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$QUIVER_POLICY" >/dev/null
    as_root chmod 755 "$QUIVER_POLICY"
}

allow_services() {
    [[ -z ${QUIVER_POLICY:-} ]] || as_root rm -f "$QUIVER_POLICY"
    QUIVER_POLICY=""
}

apt_quietly() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 \
        -o Dpkg::Use-Pty=0 "$@" </dev/null
}

install_missing() {
    apt_quietly install -y --no-install-recommends "${QUIVER_MISSING[@]}" && return
    apt_quietly update && apt_quietly install -y --no-install-recommends "${QUIVER_MISSING[@]}"
}

# ensure_packages NAME...: afterwards all are there, or it fails with a reason. A subshell, so that
# its traps are its own.
ensure_packages() (
    had_redis=no
    QUIVER_MISSING=()
    command -v dpkg-query >/dev/null ||
        complain "this is no Debian: install by your own means what these packages have: $*"
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
            QUIVER_MISSING+=("$package")
    done
    ((${#QUIVER_MISSING[@]})) || exit 0
    printf 'installing: %s\n' "${QUIVER_MISSING[*]}" >&2
    had_redis_package && had_redis=yes
    trap 'allow_services' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    forbid_services
    install_missing >&2 ||
        complain "apt-get could not install ${QUIVER_MISSING[*]}: see its message above; 'apt-get update' or the sources in /etc/apt may help"
    if [[ $had_redis == no ]] && had_redis_package && command -v systemctl >/dev/null; then
        # Quiver runs its own: the packaged service would only hold port 6379 after the next boot.
        as_root systemctl disable redis-server.service >/dev/null 2>&1 || true
    fi
    if [[ " ${QUIVER_MISSING[*]} " == *" prometheus "* ]] && command -v systemctl >/dev/null; then
        as_root systemctl disable prometheus.service >/dev/null 2>&1 || true
    fi
)

# Debian's own Python first: others on the path may lack venv.
quiver_python() {
    local python
    for python in /usr/bin/python3 python3; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$python"
            return
        fi
    done
    complain "no Python from 3.11 on with venv: apt-get install python3 python3-venv"
}

# build_preset PRESET [cmake option]...: configures and builds; quiet unless it fails. Whoever
# sources this has set pipefail.
build_preset() {
    local preset=$1 jobs
    shift
    jobs=$(nproc)
    cmake --preset "$preset" "$@" >/dev/null ||
        complain "cmake could not configure the preset '$preset': see above"
    # ninja says even with --quiet that it had nothing to do.
    cmake --build "build/$preset" -j "$jobs" -- --quiet | sed -u '/^ninja: no work to do\.$/d' ||
        complain "the build of the preset '$preset' failed: see above"
}
