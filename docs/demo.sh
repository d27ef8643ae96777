#!/bin/sh
# The main job on real input: three nodes start, the modules of config/udf are registered, listed per node, and every
# node's cache is cleared by one asadm call. Prints each command it runs; leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."

work=${DEMO_DIRECTORY:-$PWD/.demo}
PATH=${DEMO_BIN:-$PWD/.venv/bin}:$PATH
HOME=$work # neither the reader's own configuration nor their history takes part
export HOME PATH
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME 2>/dev/null || true

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
run() {
    printf '$'
    for word; do
        case $word in
        *[!A-Za-z0-9_./:,=-]*) printf ' "%s"' "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$@"
}

stop() {
    status=$?
    trap - EXIT INT TERM
    exec 3<&- || true
    if [ -n "${daemon:-}" ] && kill -TERM "$daemon" 2>/dev/null; then
        wait "$daemon" || status=$?
    fi
    if [ "$status" -ne 0 ] && [ -s "$work/asudfd.err" ]; then
        cat "$work/asudfd.err" >&2
    fi
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

rm -rf "$work"
mkdir -p "$work"
mkfifo "$work/ready"

say 'a development cluster: three nodes, one set of modules between them'
echo '$ asudfd --nodes 3 --port 0 --work-directory .demo/state &'
asudfd --nodes 3 --port 0 --work-directory "$work/state" >"$work/ready" 2>"$work/asudfd.err" &
daemon=$!
exec 3<"$work/ready"
read -r ready nodes <&3 || { echo 'asudfd did not start' >&2; exit 1; }
echo "$ready $nodes"
hosts=$(echo "$nodes" | tr ' ' ',')

say 'register the example modules: one node takes each, every node gets it'
for path in config/udf/*.lua; do
    run asadm -h "$hosts" -e "enable; manage udfs add $(basename "$path") path $path"
done

say 'which modules are on which node'
run asadm -h "$hosts" -e 'show udfs'

say 'invalidate every cached Lua context of every node: the call for a cron job'
run asadm -h "$hosts" -e "asinfo -v 'udf-clear-cache:'"

say 'what the caches hold now'
run asadm -h "$hosts" -e "asinfo -v 'udf-cache-stats:'"

say 'one node, one question'
run asinfo -h "${hosts%%,*}" -v build

say 'stop'
