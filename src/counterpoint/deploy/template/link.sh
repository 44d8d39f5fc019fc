#!/usr/bin/env bash
# Runs the link, to which all sites connect:  ./link.sh [ADDRESS]   (on all addresses of this machine if not given)
# It speaks TLS alone, and with sites alone whose public keys were registered: ./register.sh
# Keys are registered and runs are started on this machine alone; Flower's own flower-superlink lets everyone do that.
# It remembers in link-state/, so that it may be stopped and started again.
set -euo pipefail
cd "$(dirname "$0")"
[ -f keys/link.crt ] || { echo "error: there is no keys/link.crt: run ./keys.sh server HOST first" >&2; exit 2; }
. ./environment.sh
mkdir -p link-state
exec counterpoint deploy link --host "${1:-0.0.0.0}" --port "${LINK##*:}" \
    --ssl-ca-certfile keys/ca.crt --ssl-certfile keys/link.crt --ssl-keyfile keys/link.key \
    --enable-supernode-auth --disable-runtime-dependency-installation \
    --database link-state/link.db
