#!/usr/bin/env bash
# Starts a run, or goes on with the one in run/:  ./start.sh ['KEY=VALUE ...']
set -euo pipefail
cd "$(dirname "$0")"
. ./environment.sh
exec flwr run . link --stream ${1:+--run-config "$1"}
