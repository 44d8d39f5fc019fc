#!/usr/bin/env bash
# Packs what every site needs into for-sites.tar.gz: the app, the scripts and ca.crt, and not one key.
set -euo pipefail
cd "$(dirname "$0")"
[ -f keys/ca.crt ] || { echo "error: there is no keys/ca.crt: run ./keys.sh server HOST first" >&2; exit 2; }
tar -czf for-sites.tar.gz --exclude=__pycache__ README.md pyproject.toml federation.conf .gitignore site_data.py \
    app keys/ca.crt environment.sh keys.sh site.sh
echo "for-sites.tar.gz goes to every site"
