#!/usr/bin/env bash
# Makes the keys and certificates of this federation, in keys/:
#   ./keys.sh server HOST...   an authority (ca.crt, ca.key), and the link's certificate for these names and addresses
#   ./keys.sh site N           a pair of keys for site N (site-N, site-N.pub): run it at the site, and send site-N.pub
# Nothing that is there is made again. What ends in .key, and site-N without .pub, never leaves its machine.
set -euo pipefail
umask 077
cd "$(dirname "$0")"
mkdir -p keys
cd keys

case "${1:-}" in
server)
    shift
    [ $# -gt 0 ] || { echo "error: name the hosts at which sites reach the link: ./keys.sh server fl.example.org" >&2; exit 2; }
    if [ ! -f ca.key ]; then
        openssl ecparam -name prime256v1 -genkey -noout -out ca.key
        openssl req -x509 -new -key ca.key -days 3650 -subj "/CN=authority of this federation" -out ca.crt
    fi
    [ ! -f link.crt ] || { echo "keys/link.crt is there already"; exit 0; }
    names=""
    for host in "$@"; do
        case "$host" in
        *:* | *[!0-9.]*) [[ "$host" == *:* ]] && names+=",IP:$host" || names+=",DNS:$host" ;;
        *) names+=",IP:$host" ;;
        esac
    done
    openssl ecparam -name prime256v1 -genkey -noout -out link.key
    openssl req -new -key link.key -subj "/CN=$1" -out link.csr
    openssl x509 -req -in link.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
        -extfile <(printf 'subjectAltName=%s\n' "${names#,}") -out link.crt 2>/dev/null
    rm -f link.csr
    echo "keys/ca.crt goes to every site; keys/ca.key and keys/link.key stay here"
    ;;
site)
    [[ "${2:-}" =~ ^[0-9]+$ ]] || { echo "error: which site? ./keys.sh site 0" >&2; exit 2; }
    [ -f "site-$2" ] || ssh-keygen -q -t ecdsa -b 384 -N "" -C "site $2" -f "site-$2"
    echo "send keys/site-$2.pub to whoever runs the link; keys/site-$2 stays here"
    ;;
*)
    sed -n '2,5s/^# \{0,1\}//p' "../$(basename "$0")" >&2
    exit 2
    ;;
esac
