#!/bin/sh
# A cluster of processes: an etcd and three nodes start, a module put on one is on all, a node is killed and comes back.
# Prints each command it runs; leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."

work=${DEMO_DIRECTORY:-.demo-cluster}
PATH=${DEMO_BIN:-$PWD/.venv/bin}:$PATH
command -v etcd >/dev/null || { echo 'this demo needs etcd: apt-get install etcd-server' >&2; exit 1; }
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
    for process in $(cat "$work"/*.pid 2>/dev/null); do
        { kill -TERM "$process" && wait "$process" || true; } 2>/dev/null
    done
    if [ "$status" -ne 0 ]; then
        cat "$work"/*.err >&2 || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start ID PORT: a node, and wait for its `ready`; the port is printed into $work/ID.address
start() {
    echo "\$ asudfd --config-file $work/asudfd.conf --node-id $1 --port $2 --work-directory $work/$1 &"
    rm -f "$work/$1.ready"
    mkfifo "$work/$1.ready"
    asudfd --config-file "$work/asudfd.conf" --node-id "$1" --port "$2" --work-directory "$work/$1" \
        >"$work/$1.ready" 2>>"$work/$1.err" &
    echo $! >"$work/$1.pid"
    read -r ready address <"$work/$1.ready" || { echo "node $1 did not start" >&2; exit 1; }
    echo "$ready $address"
    echo "$address" >"$work/$1.address"
}

ports=$(python -c 'import socket
probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(probe.getsockname()[1] for probe in probes))')
client=http://127.0.0.1:${ports% *} peer=http://127.0.0.1:${ports#* }

say 'etcd keeps what the nodes share'
echo "\$ etcd --listen-client-urls $client ... &"
etcd --data-dir "$work/etcd" --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" \
    >"$work/etcd.log" 2>&1 &
echo $! >"$work/etcd.pid"

say 'three nodes, each a process of its own'
cat >"$work/asudfd.conf" <<END
service {
    cluster-name demo
}
namespace test {
}
smd {
    backend etcd
    endpoint $client
    lease-ttl 2
}
END
run cat "$work/asudfd.conf"
for id in A1 A2 A3; do
    start "$id" 0
done

{
    printf 'clusters:\n  demo:\n    nodes:\n'
    for id in A1 A2 A3; do
        read -r address <"$work/$id.address"
        printf '      - {name: node-%s, host: "%s", port: %s}\n' "$id" "${address%:*}" "${address##*:}"
    done
} >"$work/asadm.yaml"
export ASADM_INVENTORY="$work/asadm.yaml"
read -r first <"$work/A1.address"
read -r second <"$work/A2.address"

# members LIST: wait until the first node knows just these
members() {
    tries=0
    until asinfo -h "$first" -v get-sl | grep -qx "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { echo "the members are not $1" >&2; exit 1; }
        sleep 0.1
    done
}

members A3,A2,A1
say 'they know each other'
run asadm -e 'info network'

say 'two modules are put on one node; every node has them'
run asadm --enable -e 'manage udfs add counter.lua path config/udf/counter.lua with node-A1'
run asadm --enable -e 'manage udfs add bins.lua path config/udf/bins.lua with node-A1'
run asadm -e 'show udfs'

say 'an application that knows one node calls a function on 30 records, which lie on all three'
run python -m docs.demo_calls "$first" 30

say 'node A2 is killed; within its lease the others go on without it'
read -r victim <"$work/A2.pid"
run kill -KILL "$victim"
{ wait "$victim" || true; } 2>/dev/null
members A3,A1
run asadm -e 'info network' || true

say 'meanwhile a module is removed'
run asadm --enable -e 'manage udfs remove bins.lua with node-A1'

say 'A2 comes back, and has the present list before it says ready'
start A2 "${second##*:}"
members A3,A2,A1
run asadm -e 'show udfs'

say 'all processes are told to stop, and all that the demo made is removed'
