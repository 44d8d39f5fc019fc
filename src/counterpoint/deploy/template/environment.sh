# Sourced by the other scripts: where the link is, and the programs of the environment that Counterpoint is installed in
# (COUNTERPOINT_ENV, if it is not the active one).
. ./federation.conf
[ -z "${COUNTERPOINT_ENV:-}" ] || PATH="$COUNTERPOINT_ENV/bin:$PATH"
export PATH FLWR_HOME="$PWD/flower-home" FLWR_TELEMETRY_ENABLED=0 FLWR_DISABLE_UPDATE_CHECK=1
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" OMP_WAIT_POLICY=PASSIVE
mkdir -p "$FLWR_HOME"
cat > "$FLWR_HOME/config.toml" <<END
[superlink]
default = "link"

[superlink.link]
address = "$LINK"
root-certificates = "$PWD/keys/ca.crt"
END
