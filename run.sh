#!/usr/bin/env bash
# run.sh: from a fresh Debian 12 to a running Quiver, in one command.
#
# Installs what is missing, builds, makes the local cloud `testcloud` of `company` in certs/local,
# starts Quiver with config/quiver.yaml, and prints commands to try; --demo runs them itself.
# What always holds: whatever it started it stops, by its process id; data and certificates stay;
# what it did before it does not do again, so that a second run takes seconds. The demo works on
# data and ports of its own, beside a Quiver that runs.
set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=tests/lib/packages.sh
source tests/lib/packages.sh

readonly PROGRAM=build/release/quiver CERTS=certs/local READY_SECONDS=30 STOP_SECONDS=20
readonly PROVIDER=temperature-provider2 CONSUMER=consumer
readonly API=/serviceregistry/service-discovery
readonly INSTANCE=$PROVIDER%3A%3Akelvin-info%3A%3A1.0.0

help() {
    cat <<'END'
./run.sh [--demo]

Installs what is missing (apt; as root or with sudo), builds Quiver into build/release, makes
certificates in certs/local, starts Quiver with config/quiver.yaml, and prints curl commands to try.
Ctrl-C stops what was started; data/ stays for the next start.

  --demo   registers, looks up and revokes a service itself, each with the right certificate, prints
           each request and answer, stops everything; exit status 0 only if every answer was right.
           It has its own ports and data, so it also works while Quiver runs.
END
}

# ---- the folder -----------------------------------------------------------------------------------

# Fails before anything is made if a folder that is written to, or the one it would be made in,
# is not writable: of another user, or on a medium that is mounted read-only.
want_writable() {
    local folder
    for folder in build/release build "$CERTS/ca" "$CERTS"; do
        while [[ ! -e $folder ]]; do
            [[ $folder == */* ]] && folder=${folder%/*} || folder=.
        done
        [[ -w $folder && -x $folder ]] ||
            complain "'$(realpath -- "$folder")' cannot be written by user $(id -un): run as its owner ($(stat -c %U -- "$folder")), or in a copy of your own: cp -R '$PWD' ~/quiver && ~/quiver/run.sh"
    done
}

# ---- the local cloud ------------------------------------------------------------------------------

make_cloud() {
    local entry profile name
    certs/pki init "$CERTS" --cloud testcloud --organization company >/dev/null
    for entry in operator:sysop "system:$PROVIDER" "system:$CONSUMER"; do
        profile=${entry%%:*} name=${entry#*:}
        [[ -e $CERTS/$name.crt && -e $CERTS/$name.key ]] ||
            certs/pki issue "$CERTS" "$profile" "$name"
    done
}

# ---- Quiver's process -----------------------------------------------------------------------------

server=""  # its process id while it runs
folder=""  # the demo's, removed at the end
bound=()   # the command under which Quiver ends with this script, even if that is killed
setpriv --pdeathsig TERM true 2>/dev/null && bound=(setpriv --pdeathsig TERM)

stop_server() {
    local tenth status=0
    [[ -n $server ]] || return 0
    kill -TERM "$server" 2>/dev/null || true
    for ((tenth = 0; tenth < STOP_SECONDS * 10; tenth++)); do
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    if kill -KILL "$server" 2>/dev/null; then
        printf 'run.sh: Quiver did not stop within %d s and was killed\n' "$STOP_SECONDS" >&2
    fi
    wait "$server" || status=$?
    server=""
    return "$status"
}

clean_up() {
    [[ -z $server ]] || printf '\nstopping Quiver\n' >&2
    stop_server || true
    [[ -z $folder ]] || rm -rf -- "$folder"
}
fetch() { # a curl that no proxy setting can lead astray
    curl --silent --show-error --noproxy '*' --max-time 10 "$@"
}

# Waits until the ops listener at port $1 says ready; ends the script if Quiver ends before.
wait_ready() {
    local tenth
    for ((tenth = 0; tenth < READY_SECONDS * 10; tenth++)); do
        fetch --fail --output /dev/null "http://127.0.0.1:$1/health/ready" 2>/dev/null && return
        kill -0 "$server" 2>/dev/null || quiver_ended
        sleep 0.1
    done
    complain "Quiver was not ready within $READY_SECONDS s: http://127.0.0.1:$1/health/ready says why"
}

quiver_ended() {
    wait "$server" || true
    server=""
    [[ -z $folder ]] || tail -n 5 "$folder/log" >&2
    complain "Quiver ended before it was ready: its last lines above name the cause"
}

# ---- serving --------------------------------------------------------------------------------------

# The port of a listener in config/quiver.yaml, in block or flow style.
listener_port() { # name
    sed 's/#.*//' config/quiver.yaml | tr '{},' '\n' | awk -v name="$1" '
        { sub(/^[ \t]*(- *)?/, "") }
        $1 == "name:" { mine = ($2 == name) }
        $1 == "port:" && mine { print $2; exit }'
}

want_free() { # listener, port
    (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null || return 0
    complain "port $2 is in use: stop what listens there (perhaps another Quiver), or change the port of listener '$1' in config/quiver.yaml"
}

as_system() { # name: the options that make curl speak for it
    printf -- '--cacert %s/cloud-ca.crt --cert %s/%s.crt --key %s/%s.key' \
        "$CERTS" "$CERTS" "$1" "$CERTS" "$1"
}

print_commands() { # port
    local url=https://localhost:$1$API
    cat <<END

Quiver is ready. In another terminal:

  cd '$PWD'

  # register kelvin-info as $PROVIDER
  curl -sS $(as_system "$PROVIDER") \\
    -H 'Content-Type: application/json' -d '$(registration)' \\
    $url/register

  # look it up as $CONSUMER
  curl -sS $(as_system "$CONSUMER") \\
    -H 'Content-Type: application/json' -d '$(lookup)' \\
    '$url/lookup?verbose=true'

  # revoke it as $PROVIDER
  curl -sS -i -X DELETE $(as_system "$PROVIDER") \\
    $url/revoke/$INSTANCE

Ctrl-C stops Quiver; data/ stays.
END
}

serve() {
    local secure ops status=0
    secure=$(listener_port secure)
    ops=$(listener_port ops)
    [[ -n $secure && -n $ops ]] ||
        complain "config/quiver.yaml has no listeners 'secure' and 'ops': start by hand with $PROGRAM serve --config config/quiver.yaml"
    want_free secure "$secure"
    want_free ops "$ops"
    "${bound[@]}" "$PROGRAM" serve --config config/quiver.yaml &
    server=$!
    wait_ready "$ops"
    print_commands "$secure"
    wait "$server" || status=$?
    server=""
    ((status == 0)) || complain "Quiver ended with status $status: its last lines above name the cause"
}

# ---- the demo -------------------------------------------------------------------------------------

# The document's example; its end moves on before it is reached.
expires() {
    local year
    year=$(date +%Y)
    printf '%d-01-01T00:00:00Z' $((year < 2029 ? 2030 : year + 2))
}

registration() {
    printf '%s' '{"serviceDefinitionName":"kelvin-info","version":"","expiresAt":"'"$(expires)"'",' \
        '"metadata":{"margin-of-error":0.5},"interfaces":[{"templateName":"generic-http","protocol":"http",' \
        '"policy":"NONE","properties":{"accessAddresses":["192.168.56.116","tp2.greenhouse.com"],' \
        '"accessPort":8080,"basePath":"/kelvin","operations":{"query-temperature":{"method":"GET","path":"/query"}}}}]}'
}

lookup() {
    printf '{"serviceDefinitionNames":["kelvin-info"]}'
}

# What register answers and lookup finds, with times masked.
descriptor() {
    printf '%s' '{"instanceId":"temperature-provider2::kelvin-info::1.0.0","provider":{"name":"temperature-provider2",' \
        '"version":"1.0.0","addresses":[{"type":"IPV4","address":"192.168.56.116"},' \
        '{"type":"HOSTNAME","address":"tp2.greenhouse.com"}],"createdAt":"TIME","updatedAt":"TIME"},' \
        '"serviceDefinition":{"name":"kelvin-info","createdAt":"TIME","updatedAt":"TIME"},"version":"1.0.0",' \
        '"expiresAt":"'"$(expires)"'","metadata":{"margin-of-error":0.5},"interfaces":[{"templateName":"generic-http",' \
        '"protocol":"http","policy":"NONE","properties":{"accessAddresses":["192.168.56.116","tp2.greenhouse.com"],' \
        '"accessPort":8080,"operations":{"query-temperature":{"method":"GET","path":"/query"}},"basePath":"/kelvin"}}],' \
        '"createdAt":"TIME","updatedAt":"TIME"}'
}

# Times differ from run to run; members of an operation have no order.
mask() {
    sed -E -e 's/"(createdAt|updatedAt)":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"/"\1":"TIME"/g' \
        -e 's#\{"path":"/query","method":"GET"\}#{"method":"GET","path":"/query"}#g'
}

failures=0

# One request and its check. An expected body that begins with ~ must be contained in the answer.
step() { # what, system, method, path, body, expected status, expected body
    local what=$1 who=$2 method=$3 path=$4 body=$5 status=$6 expected=$7 got answer
    local -a send=()
    [[ -z $body ]] || send=(--header 'Content-Type: application/json' --data "$body")
    printf '\n# %s\n> %s %s as %s\n' "$what" "$method" "$path" "$who"
    [[ -z $body ]] || printf '> %s\n' "$body"
    got=$(fetch --request "$method" --cacert "$CERTS/cloud-ca.crt" --cert "$CERTS/$who.crt" \
        --key "$CERTS/$who.key" "${send[@]}" --output "$folder/answer" --write-out '%{http_code}' \
        "https://localhost:$secure_port$path") || got="no answer"
    answer=$(cat "$folder/answer" 2>/dev/null || true)
    rm -f "$folder/answer"
    printf '< %s\n' "$got"
    [[ -z $answer ]] || printf '< %s\n' "$answer"
    answer=$(mask <<<"$answer")
    if [[ $got != "$status" ]]; then
        printf '! expected status %s\n' "$status"
    elif [[ $expected == "~"* && $answer != *"${expected#"~"}"* ]]; then
        printf '! expected to find: %s\n' "${expected#"~"}"
    elif [[ $expected != "~"* && $answer != "$expected" ]]; then
        printf '! expected: %s\n' "$expected"
    else
        return 0
    fi
    failures=$((failures + 1))
}

run_steps() {
    local found
    found=$(descriptor)
    step "a provider registers its service" "$PROVIDER" POST "$API/register" \
        "$(registration)" 201 "$found"
    step "a consumer looks it up" "$CONSUMER" POST "$API/lookup?verbose=true" \
        "$(lookup)" 200 "{\"entries\":[$found],\"count\":1}"
    step "the consumer may not revoke it" "$CONSUMER" DELETE "$API/revoke/$INSTANCE" \
        "" 403 '~"errorCode":403,"exceptionType":"FORBIDDEN"'
    step "its provider revokes it" "$PROVIDER" DELETE "$API/revoke/$INSTANCE" "" 200 ""
    step "and it is gone" "$CONSUMER" POST "$API/lookup?verbose=true" \
        "$(lookup)" 200 '{"entries":[],"count":0}'
}

# The shipped configuration on ports that the system chooses. It stands beside a link to certs, so
# that its relative paths lead to the same certificates and to data of its own; and in a short
# path, because the socket of the embedded Redis may have only 107 characters.
demo_folder() {
    folder=$(mktemp -d "${TMPDIR:-/tmp}/quiver-demo.XXXXXX")
    cp -R config "$folder/config"
    ln -s "$PWD/certs" "$folder/certs"
    sed -i -E 's/(^|[ {,])port: *[0-9]+/\1port: 0/' "$folder/config/quiver.yaml"
    : >"$folder/log"
}

demo_port() { # listener; empty until Quiver has logged it
    sed -n '/"event": *"listening"/{/"listener": *"'"$1"'"/s/.*"port": *\([0-9]*\).*/\1/p}' "$folder/log"
}

demo_ports() {
    local tenth
    for ((tenth = 0; tenth < READY_SECONDS * 10; tenth++)); do
        secure_port=$(demo_port secure)
        ops_port=$(demo_port ops)
        [[ -n $secure_port && -n $ops_port ]] && return
        kill -0 "$server" 2>/dev/null || quiver_ended
        sleep 0.1
    done
    complain "Quiver opened no ports within $READY_SECONDS s"
}

demo() {
    local secure_port="" ops_port="" status=0
    demo_folder
    "${bound[@]}" "$PROGRAM" serve --config "$folder/config/quiver.yaml" 2>"$folder/log" &
    server=$!
    demo_ports
    wait_ready "$ops_port"
    printf 'Quiver is ready at https://localhost:%s\n' "$secure_port"
    run_steps
    stop_server || status=$?
    ((status == 0)) || complain "Quiver ended with status $status: $(tail -n 1 "$folder/log")"
    ((failures == 0)) || complain "answers that were not as expected: $failures (marked with ! above)"
    printf '\nEverything was as expected; Quiver is stopped.\n'
}

# ---- what was asked for ---------------------------------------------------------------------------

mode=serve
for word in "$@"; do
    case $word in
    -h | --help) help && exit 0 ;;
    --demo) mode=demo ;;
    *) printf "run.sh: unknown option '%s' (see ./run.sh --help)\n" "$word" >&2 && exit 2 ;;
    esac
done
want_writable
ensure_packages "${QUIVER_BUILD_PACKAGES[@]}"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
build_preset release
make_cloud
"$mode"
