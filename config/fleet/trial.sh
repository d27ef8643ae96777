#!/bin/sh
# Do the modules in udf/ compile? A node of our own gets them and is gone afterwards. Ends with the exit code of the apply.
set -eu
work=$(mktemp -d)
mkfifo "$work/ready"
asudfd --config-file trial.conf --port 0 --work-directory "$work/state" >"$work/ready" 2>"$work/log" &
node=$!
trap 'kill "$node" 2>/dev/null || true; wait "$node" || true; rm -rf "$work"' EXIT
read -r _ address <"$work/ready" || { cat "$work/log" >&2; exit 1; }
asadm -h "$address" udf apply udf --yes --no-history --lock "$work/lock"
