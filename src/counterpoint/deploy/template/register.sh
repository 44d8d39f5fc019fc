#!/usr/bin/env bash
# Lets sites in:  ./register.sh keys/site-0.pub keys/site-1.pub ...   (while the link runs)
set -euo pipefail
cd "$(dirname "$0")"
. ./environment.sh
for key in "$@"; do
    flwr supernode register "$key" link
done
