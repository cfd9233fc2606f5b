#!/usr/bin/env bash
# docker/demo-pki.sh, in the image /usr/bin/quiver-demo-pki: keeps the certificates of compose.yaml.
#
#     (nothing)        makes the cloud testcloud of company in /pki, where there is none, and its
#                      clients; renews the CRL near its end
#     issue, renew, revoke, show [OPTION]...    as quiver-pki has them, on /pki
#     export [NAME]... writes a tar of the clients' certificates and keys to standard output
#
# What always holds: what is there stays; the CAs' keys are in /pki alone, which Quiver does not see;
# into /etc/quiver/tls, which it reads, go the four files that it needs, each whole or not at all.
set -euo pipefail
umask 077

readonly PKI=/pki TLS=/etc/quiver/tls
readonly CLIENTS=(operator:sysop system:temperature-provider2 system:consumer)

make_cloud() {
    local entry profile name
    quiver-pki init "$PKI" --cloud testcloud --organization company \
        --san DNS:localhost,DNS:quiver,DNS:serviceregistry,IP:127.0.0.1,IP:::1
    for entry in "${CLIENTS[@]}"; do
        profile=${entry%%:*} name=${entry#*:}
        [[ -e $PKI/$name.crt && -e $PKI/$name.key ]] || quiver-pki issue "$PKI" "$profile" "$name"
    done
}

# The key before its certificate: Quiver tries again until both fit.
hand_over() {
    local file
    for file in registry.key registry.crt cloud-ca.crt cloud-ca.crl; do
        cmp -s "$PKI/$file" "$TLS/$file" && continue
        cp -- "$PKI/$file" "$TLS/.$file"
        mv -- "$TLS/.$file" "$TLS/$file"
    done
}

# Owned by nobody in particular, so that they are whose who unpacks them.
export_clients() { # [name]...
    local name
    local -a files=(cloud-ca.crt)
    (($#)) || set -- "${CLIENTS[@]#*:}"
    for name in "$@"; do
        files+=("$name.crt" "$name.key")
    done
    tar -c -C "$PKI" --owner=0 --group=0 -- "${files[@]}"
}

case ${1:-} in
"") make_cloud ;;
export)
    export_clients "${@:2}"
    exit
    ;;
issue | renew | revoke | show) quiver-pki "$1" "$PKI" "${@:2}" ;;
*)
    printf "quiver-demo-pki: unknown verb '%s': issue, renew, revoke, show or export\n" "$1" >&2
    exit 2
    ;;
esac
hand_over
