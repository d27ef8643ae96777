#!/bin/sh
# The main job on real input: three nodes start, the modules of config/udf are registered, listed per node, and every
# node's cache is cleared by one asadm call. Prints each command it runs; leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."

work=${DEMO_DIRECTORY:-.demo}
PATH=${DEMO_BIN:-$PWD/.venv/bin}:$PATH
rm -rf "$work"
mkdir -p "$work"
HOME=$(cd "$work" && pwd) # neither the reader's own configuration nor their history takes part
export HOME PATH
unset ASADM_CLUSTER XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME

bold='' plain=''
if [ -t 1 ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
say() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
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
        # A Ctrl-C may have reached it too; then this is its second signal, with which it ends at once.
        ended=0
        wait "$daemon" || ended=$?
        [ "$status" -ne 0 ] || status=$ended
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

mkfifo "$work/ready"

say 'a development cluster: three nodes, one set of modules between them'
echo "\$ asudfd --nodes 3 --port 0 --work-directory $work/state &"
asudfd --nodes 3 --port 0 --work-directory "$work/state" >"$work/ready" 2>"$work/asudfd.err" &
daemon=$!
exec 3<"$work/ready"
read -r ready nodes <&3 || { echo 'asudfd did not start' >&2; exit 1; }
echo "$ready $nodes"

say 'an inventory names the nodes, so that every command below reaches all of them'
{
    printf 'clusters:\n  demo:\n    nodes:\n'
    number=0
    for node in $nodes; do
        number=$((number + 1))
        printf '      - {name: node-%s, host: "%s", port: %s}\n' "$number" "${node%:*}" "${node##*:}"
    done
} >"$work/asadm.yaml"
run cat "$work/asadm.yaml"
run export ASADM_INVENTORY="$work/asadm.yaml"

say 'register the example modules: one node takes each, every node gets it'
for path in config/udf/*.lua; do
    run asadm --enable -e "manage udfs add $(basename "$path") path $path"
done

say 'which modules are on which node'
run asadm -e 'show udfs'

say 'has every node what the directory has? compared by hash; exit code 0, and 3 when changes are pending'
run asadm udf plan config/udf

say 'an application calls a function on 30 records, which lie on all three nodes'
run python -m docs.demo_calls "${nodes%% *}" 30

say 'what the calls left in the caches: Lua contexts with the module loaded, ready for the next call'
run asadm -e "asinfo -v 'udf-cache-stats:'"

say 'invalidate every cached Lua context of every node: the call for a cron job'
run asadm -e "asinfo -v 'udf-clear-cache:'"

say 'what the caches hold now: no contexts; the next calls make new ones'
run asadm -e "asinfo -v 'udf-cache-stats:'"

say 'one node, one question'
run asinfo -h "${nodes%% *}" -v build

say 'the daemon is told to stop, and all that the demo made is removed'
