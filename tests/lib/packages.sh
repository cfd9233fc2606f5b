# shellcheck shell=bash
# tests/lib/packages.sh: installs what is missing from Debian's archive; for run.sh, test.sh, .ci/run.
#
# What always holds: only missing packages are asked for; nothing is installed when all are there,
# so that a second run needs neither network nor root; a service that a package brings (QUIVER_SERVICES)
# neither runs nor is enabled afterwards, unless it was there before, also where installing failed
# or was interrupted. Sourced, never run.
# shellcheck disable=SC2034  # the lists are for those who source this

# What the build and the program need.
QUIVER_BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config libh2o-evloop-dev libhiredis-dev
    libcurl4-openssl-dev libpcre2-dev libjansson-dev libyaml-dev libssl-dev libsystemd-dev uthash-dev redis-server openssl curl ca-certificates)
# What the tests need besides.
QUIVER_TEST_PACKAGES=(libcmocka-dev python3 python3-venv redis-tools systemd prometheus)
# What the tests of packages and images (./test.sh --packages) need besides.
QUIVER_PACKAGING_PACKAGES=(dpkg-dev file lintian man-db mmdebstrap iproute2 zsh buildah)
# What lint needs besides.
QUIVER_LINT_PACKAGES=(clang-format shellcheck python3)
# Those of them that bring a service of the same name. Quiver runs a Redis of its own, and of
# Prometheus only promtool is wanted: the services would only hold memory and ports.
QUIVER_SERVICES=(redis-server prometheus)

readonly QUIVER_POLICY=/usr/sbin/policy-rc.d QUIVER_POLICY_MARK="made by Quiver while it installs packages"

complain() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Whether as_root works here.
may_be_root() {
    ((EUID == 0)) || command -v sudo >/dev/null
}

# Runs a command as root: directly, or by sudo.
as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo -- "$@"
    fi
}

package_status() { # name; empty: dpkg does not know it
    dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true
}

# Whether something of a package is unpacked: it may be half configured, with its service running.
is_there() { # name
    [[ $(package_status "$1") != @(|not-installed|config-files) ]]
}

# Debian asks this file whether a service may be started. It appears at once and whole; one that
# was there is left alone, whatever it says.
forbid_services() {
    [[ -e $QUIVER_POLICY ]] && return
    # shellcheck disable=SC2016  # the inner shell's own
    as_root sh -c 'printf "#!/bin/sh\n# %s\nexit 101\n" "$2" >"$1.new" && chmod 755 "$1.new" && mv "$1.new" "$1"' \
        sh "$QUIVER_POLICY" "$QUIVER_POLICY_MARK"
}

# What is ours is known by its mark: a variable could not tell of an interruption in between.
allow_services() {
    local file
    for file in "$QUIVER_POLICY" "$QUIVER_POLICY.new"; do
        grep -qsF "$QUIVER_POLICY_MARK" "$file" && as_root rm -f "$file"
    done
    return 0
}

# Neither runs now nor after the next boot; both ways, for systemd may be there and not run.
put_to_rest() { # service
    command -v systemctl >/dev/null && as_root systemctl disable --now "$1.service"
    [[ -d /run/systemd/system || ! -x /etc/init.d/$1 ]] && return
    as_root update-rc.d "$1" disable
    as_root "/etc/init.d/$1" stop
}

# The end of ensure_packages, however it ends: policy-rc.d may have been another's, which lets
# services start.
leave_no_service() { # service that was not there before...
    local service
    trap '' INT TERM
    for service in "$@"; do
        is_there "$service" && put_to_rest "$service" >/dev/null 2>&1
    done
    allow_services
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
    QUIVER_MISSING=()
    new_services=()
    command -v dpkg-query >/dev/null ||
        complain "this is no Debian: install by your own means what these packages have: $*"
    for package in "$@"; do
        [[ $(package_status "$package") == installed ]] || QUIVER_MISSING+=("$package")
    done
    ((${#QUIVER_MISSING[@]})) || exit 0
    may_be_root ||
        complain "packages are missing and this is not root: install sudo, or run as root: apt-get install ${QUIVER_MISSING[*]}"
    for service in "${QUIVER_SERVICES[@]}"; do
        is_there "$service" || new_services+=("$service")
    done
    printf 'installing: %s\n' "${QUIVER_MISSING[*]}" >&2
    trap 'leave_no_service "${new_services[@]}" || true' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    forbid_services
    install_missing >&2 ||
        complain "apt-get could not install ${QUIVER_MISSING[*]}: see its message above; 'apt-get update' or the sources in /etc/apt may help"
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
