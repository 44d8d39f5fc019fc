#!/usr/bin/env bash
# Lets sites in:  ./register.sh keys/site-0.pub keys/site-1.pub ...   (while the link runs)
# One that is registered already stays so; the others are let in all the same.
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || { echo "error: name public keys of sites: ./register.sh keys/site-0.pub" >&2; exit 2; }
. ./environment.sh
not=""
for key in "$@"; do
    [ -f "$key" ] || { echo "error: there is no $key" >&2; exit 2; }
    flwr supernode register "$key" link || not+=" $key"
done
[ -z "$not" ] || { echo "error: not registered now:$not" >&2; exit 1; }
