#!/usr/bin/env bash
# Runs the node of one site:  ./site.sh N [DATA]
# DATA is what site_data.py reads, the folder with this site's rows; they never leave it. What the site remembers of a
# run is in site-N-state/. PROXY=FOLDER names the rows that all hold, DEVICE=cuda where to compute.
set -euo pipefail
cd "$(dirname "$0")"
site="${1:-}"
[[ "$site" =~ ^[0-9]+$ ]] || { echo "error: which site? ./site.sh N [DATA]" >&2; exit 2; }
[ -f "keys/site-$site" ] || { echo "error: there is no keys/site-$site: run ./keys.sh site $site first" >&2; exit 2; }
[ -f keys/ca.crt ] || { echo "error: there is no keys/ca.crt: get it from whoever runs the link" >&2; exit 2; }
[ $# -lt 2 ] || [ -e "$2" ] || { echo "error: there is no $2" >&2; exit 2; }
. ./environment.sh
mkdir -p "site-$site-state"
settings="site=$site state=\"$PWD/site-$site-state\" loader=\"$PWD/site_data.py\""
[ $# -lt 2 ] || settings+=" data=\"$(realpath "$2")\""
[ -z "${PROXY:-}" ] || { [ ! -e "$PROXY" ] || PROXY="$(realpath "$PROXY")"; settings+=" proxy=\"$PROXY\""; }
[ -z "${DEVICE:-}" ] || settings+=" device=\"$DEVICE\""
exec flower-supernode --root-certificates keys/ca.crt --superlink "$LINK" \
    --auth-supernode-private-key "keys/site-$site" --node-config "$settings" --port "${NODE_PORT:-$((9094 + site))}"
