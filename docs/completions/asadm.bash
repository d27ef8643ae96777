# bash completion of asadm; load it with: source <(asadm --completion bash)
# Adds to COMPREPLY what the program knows of the kind $1; words and word are those of its caller. Asks no node.
_asadm_offer() {
    local value begun=${word#[\'\"]} cut=''
    [[ $COMP_WORDBREAKS == *:* ]] && cut=${begun%"${begun##*:}"} # bash puts what stands before a colon there itself
    while IFS= read -r value; do
        [[ $value && $value == "$begun"* ]] || continue
        value=${value#"$cut"}
        [[ $word == [\'\"]* ]] || printf -v value %q "$value"
        COMPREPLY+=("$value")
    done <<< "$("${words[0]}" --offer "$1" -- "${words[@]:1:last-1}" 2>/dev/null </dev/null)"
    if [[ $1 == functions ]]; then compopt -o nospace 2>/dev/null; fi
}
_asadm() {
    local line=$COMP_LINE words=() used=' ' piece word before command='' another='' i
    local next='' flags='' keywords='' needs=0 given=0 clause='' kind=''
    # bash cuts words at = and : too; here they become what the program will get.
    for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        if [[ ${#words[@]} == 0 || $line == [[:space:]]* ]]; then
            words+=("$piece")
        else
            words[${#words[@]}-1]+=$piece
        fi
        line=${line#"${line%%[![:space:]]*}"}
        line=${line#"$piece"}
    done
    local last=$((${#words[@]} - 1))
    word=${words[last]} before=${words[last-1]}
    if [[ $word == --*=* ]]; then
        before=${word%%=*} word=${word#*=}
    fi
    COMPREPLY=()
    compopt +o default 2>/dev/null
    case $before in
        --completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")); return ;;
        --offer) COMPREPLY=($(compgen -W 'clusters hosts nodes modules libraries functions parameters statistics config-contexts statistics-contexts namespaces' -- "$word")); return ;;
        --auth) COMPREPLY=($(compgen -W 'INTERNAL EXTERNAL EXTERNAL_INSECURE PKI' -- "$word")); return ;;
        -v|--value) COMPREPLY=($(compgen -W 'alumni-clear-std best-practices build build_arch build_ee_sha build_os build_sha build_time cluster-generation cluster-name cluster-stable compatibility-id debug-record debug-record-meta digests dump-cluster dump-fabric dump-hb dump-hlc dump-migrates dump-rw dump-skew dump-wb-summary edition endpoints eviction-reset feature-key features get-config get-sl get-stats health-outliers health-stats help histogram index-pressure jem-stats jobs latencies log log-message log-set logs masking mcast name namespace namespaces node objects partition-generation partition-info partitions peers-clear-alt peers-clear-std peers-generation peers-tls-alt peers-tls-std physical-devices query-abort query-abort-all query-show quiesce quiesce-undo rack-ids racks rebalance-generation recluster release replicas revive roster roster-set scan-abort scan-abort-all service service-clear-alt service-clear-std service-tls-alt service-tls-std services services-alternate services-alumni services-alumni-reset set-config set-log sets sindex sindex-create sindex-delete sindex-exists sindex-list sindex-stat smd-info smd-show statistics status thread-traces tip tip-clear truncate truncate-namespace truncate-namespace-undo truncate-undo udf-cache-stats udf-clear-cache udf-get udf-list udf-lock udf-put udf-remove udf-stats udf-unlock undun unsupported user-agents version xdr-command' -- "$word")); return ;;
        --key-type|--key_type) COMPREPLY=($(compgen -W 'auto string integer bytes digest' -- "$word")); return ;;
        --format) COMPREPLY=($(compgen -W 'text nagios prometheus json' -- "$word")); return ;;
        --unit) COMPREPLY=($(compgen -W 'timer service' -- "$word")); return ;;
        --sort) COMPREPLY=($(compgen -W 'time calls errors' -- "$word")); return ;;
        -h|--host|--cluster|-m|--module|--of|--node|--from|--ignore) ;; # see below
        -f|--file|-o|--out-file|--out_file|--tls-cafile|--tls_cafile|--tls-capath|--tls_capath|--tls-keyfile|--tls_keyfile|--tls-certfile|--tls_certfile|--inventory|--config-file|--config_file|--only-config-file|--only_config_file|--log-path|--log_path|--tls-cert-blacklist|--tls_cert_blacklist|--history|--lock|--out|--args-file|--args_file|--dir|--output|--metrics-file|--metrics_file|--keyspace|--baseline|--write-baseline|--write_baseline|--program) compopt -o default 2>/dev/null; return ;; # readline knows best how file names are quoted
        -e|--execute|-f|--file|-o|--out-file|--out_file|--timeout|--completion|--offer|-h|--host|-p|--port|-U|--user|--auth|-t|--tls-name|--tls_name|--tls-cafile|--tls_cafile|--tls-capath|--tls_capath|--tls-protocols|--tls_protocols|--tls-cipher-suite|--tls_cipher_suite|--tls-keyfile|--tls_keyfile|--tls-certfile|--tls_certfile|--inventory|--cluster|--config-file|--config_file|--only-config-file|--only_config_file|--instance|--log-path|--log_path|--tls-cert-blacklist|--tls_cert_blacklist|-v|--value|--increment|--exponent-increment|-b|--buckets|-k|--where|--wait|--history|--lock|--lock-wait|--lock_wait|--note|--out|--to|--change|--arg-string|--arg_string|--args-file|--args_file|--key-type|--key_type|--repeat|--concurrency|--all|--ttl|-m|--module|-n|--limit|--of|--dir|--node|--output|--format|--metrics-file|--metrics_file|--from|--for|--keyspace|--splay|--deadline|--retries|--pause|--ping-url|--ping_url|--baseline|--ignore|--write-baseline|--write_baseline|--unit|--every|--schedule|--name|--program|--sort|--interval|--count) return ;;
        -P|--password|--tls-keyfile-password|--tls_keyfile_password|--rate|--watch) [[ $word == -* ]] || return ;;
    esac
    for ((i = 1; i < last; i++)); do
        piece=${words[i]}
        case $piece in
            -P|--password|--tls-keyfile-password|--tls_keyfile_password|--rate|--watch) [[ ${words[i+1]} == -* ]] || ((i++)); continue ;;
            -e|--execute|-f|--file|-o|--out-file|--out_file|--timeout|--completion|--offer|-h|--host|-p|--port|-U|--user|--auth|-t|--tls-name|--tls_name|--tls-cafile|--tls_cafile|--tls-capath|--tls_capath|--tls-protocols|--tls_protocols|--tls-cipher-suite|--tls_cipher_suite|--tls-keyfile|--tls_keyfile|--tls-certfile|--tls_certfile|--inventory|--cluster|--config-file|--config_file|--only-config-file|--only_config_file|--instance|--log-path|--log_path|--tls-cert-blacklist|--tls_cert_blacklist|-v|--value|--increment|--exponent-increment|-b|--buckets|-k|--where|--wait|--history|--lock|--lock-wait|--lock_wait|--note|--out|--to|--change|--arg-string|--arg_string|--args-file|--args_file|--key-type|--key_type|--repeat|--concurrency|--all|--ttl|-m|--module|-n|--limit|--of|--dir|--node|--output|--format|--metrics-file|--metrics_file|--from|--for|--keyspace|--splay|--deadline|--retries|--pause|--ping-url|--ping_url|--baseline|--ignore|--write-baseline|--write_baseline|--unit|--every|--schedule|--name|--program|--sort|--interval|--count) ((i++)); continue ;;
            -*) continue ;;
        esac
        if [[ $given == 0 ]]; then
            case "${command:+$command }$piece" in
                'show'|'info'|'info namespace'|'manage'|'manage udfs'|'manage config'|'manage sindex'|'manage jobs'|'udf'|'record'|'function'|'cache'|'check'|'schedule'|'asinfo'|'show udfs'|'info network'|'info namespace object'|'info namespace usage'|'info set'|'info sindex'|'info release'|'info transactions'|'info xdr'|'summary'|'features'|'show config'|'show statistics'|'show latencies'|'show distribution'|'show sindex'|'show jobs'|'show stop-writes'|'show best-practices'|'show pmap'|'show racks'|'show roster'|'show user-agents'|'show mapping'|'show users'|'show roles'|'show masking'|'manage udfs add'|'manage udfs remove'|'manage config service'|'manage config network'|'manage config namespace'|'manage config security'|'manage config logging'|'manage config mod-lua'|'manage config rollback'|'manage sindex create'|'manage sindex delete'|'manage truncate'|'manage jobs kill'|'manage recluster'|'udf plan'|'udf apply'|'udf rollback'|'udf run'|'udf aggregate'|'record get'|'record put'|'record delete'|'udf history'|'udf status'|'udf get'|'udf diff'|'udf check'|'udf repair'|'udf rewarm'|'udf remove'|'udf init'|'udf lint'|'function plan'|'function apply'|'function verify'|'function check'|'function status'|'function get'|'function diff'|'function rollback'|'function history'|'function remove'|'function dump'|'function restore'|'function stats'|'function kill'|'function lint'|'function run'|'function rdb'|'cache clear'|'bundle'|'check all'|'check config'|'schedule print'|'top'|'enable'|'disable'|'exit'|'quit') command+=${command:+ }$piece; continue ;;
            esac
        fi
        case $command in
            'asinfo'|'show udfs'|'info'|'info network'|'info namespace'|'info namespace object'|'info namespace usage'|'info set'|'info sindex'|'info release'|'info transactions'|'info xdr'|'summary'|'features'|'show config'|'show statistics'|'show latencies'|'show distribution'|'show sindex'|'show jobs'|'show stop-writes'|'show best-practices'|'show pmap'|'show racks'|'show roster'|'show user-agents'|'show mapping'|'show users'|'show roles'|'show masking'|'manage udfs add'|'manage udfs remove'|'manage config service'|'manage config network'|'manage config namespace'|'manage config security'|'manage config logging'|'manage config mod-lua'|'manage config rollback'|'manage sindex create'|'manage sindex delete'|'manage truncate'|'manage jobs kill'|'manage recluster'|'udf plan'|'udf apply'|'udf rollback'|'udf run'|'udf aggregate'|'record get'|'record put'|'record delete'|'udf history'|'udf status'|'udf get'|'udf diff'|'udf check'|'udf repair'|'udf rewarm'|'udf remove'|'udf init'|'udf lint'|'function plan'|'function apply'|'function verify'|'function check'|'function status'|'function get'|'function diff'|'function rollback'|'function history'|'function remove'|'function dump'|'function restore'|'function stats'|'function kill'|'function lint'|'function run'|'function rdb'|'cache clear'|'bundle'|'check all'|'check config'|'schedule print'|'top'|'enable'|'disable'|'exit'|'quit') used+="$piece " given=$((given + 1)); continue ;;
        esac
        case "${command:+$command }$piece" in
            'watch'|'help') another=$piece ;;
            [0-9]*) ;; # what watch takes
            *) command='?' ;;
        esac
    done
    case ${command:-$another} in
        '') next='asinfo show info summary features manage udf record function cache bundle check schedule top watch enable disable help exit quit' ;;
        'show') next='udfs config statistics latencies distribution sindex jobs stop-writes best-practices pmap racks roster user-agents mapping users roles masking' ;;
        'manage') next='udfs config sindex truncate jobs recluster' ;;
        'manage udfs') next='add remove' ;;
        'manage config') next='service network namespace security logging mod-lua rollback' ;;
        'manage sindex') next='create delete' ;;
        'manage jobs') next='kill' ;;
        'udf') next='plan apply rollback run aggregate history status get diff check repair rewarm remove init lint' ;;
        'record') next='get put delete' ;;
        'function') next='plan apply verify check status get diff rollback history remove dump restore stats kill lint run rdb' ;;
        'cache') next='clear' ;;
        'check') next='all config' ;;
        'schedule') next='print' ;;
        'watch') next='asinfo show info summary features manage udf record function cache bundle check schedule top enable disable exit quit' flags='--no-diff' ;;
        'help') next='asinfo show info summary features manage udf record function cache bundle check schedule top enable disable exit quit' ;;
        'asinfo') flags='-v --value -l --line-separator --no-node-name' needs=0 keywords='like with' ;;
        'show udfs') flags='--stats' needs=0 keywords='like with' ;;
        'info') flags='' needs=0 keywords='with' next='network namespace set sindex release transactions xdr' ;;
        'info network') flags='' needs=0 keywords='with' ;;
        'info namespace') flags='' needs=0 keywords='for with' next='object usage' ;;
        'info namespace object') flags='' needs=0 keywords='for with' ;;
        'info namespace usage') flags='' needs=0 keywords='for with' ;;
        'info set') flags='' needs=0 keywords='for with' ;;
        'info sindex') flags='' needs=0 keywords='like for with' ;;
        'info release') flags='' needs=0 keywords='with' ;;
        'info transactions') flags='' needs=0 keywords='' ;;
        'info xdr') flags='' needs=0 keywords='' ;;
        'summary') flags='-l --list' needs=0 keywords='with' ;;
        'features') flags='--flip' needs=0 keywords='like with' ;;
        'show config') flags='--flip' needs=0 keywords='like for with diff' ;;
        'show statistics') flags='-t --total --rate --flip' needs=0 keywords='like for with diff' ;;
        'show latencies') flags='-e --increment -b --buckets -v --verbose' needs=0 keywords='like for with' ;;
        'show distribution') flags='-b --bytes' needs=0 keywords='for with' ;;
        'show sindex') flags='' needs=0 keywords='like for with' ;;
        'show jobs') flags='--where --flip' needs=0 keywords='for like trid with' ;;
        'show stop-writes') flags='' needs=0 keywords='for with' ;;
        'show best-practices') flags='' needs=0 keywords='with' ;;
        'show pmap') flags='' needs=0 keywords='for with' ;;
        'show racks') flags='' needs=0 keywords='with' ;;
        'show roster') flags='' needs=0 keywords='with' ;;
        'show user-agents') flags='' needs=0 keywords='with' ;;
        'show mapping') flags='' needs=0 keywords='with' ;;
        'show users') flags='' needs=0 keywords='with' ;;
        'show roles') flags='' needs=0 keywords='with' ;;
        'show masking') flags='' needs=0 keywords='with' ;;
        'manage udfs add') flags='--wait' needs=1 keywords='path with' ;;
        'manage udfs remove') flags='--wait' needs=1 keywords='with' ;;
        'manage config service') flags='--dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='param to with' ;;
        'manage config network') flags='--dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='param to with' ;;
        'manage config namespace') flags='--new-set --dry-run --wait --history --no-history --lock --lock-wait --note' needs=1 keywords='set param to with' ;;
        'manage config security') flags='--dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='param to with' ;;
        'manage config logging') flags='--dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='file param to with' ;;
        'manage config mod-lua') flags='--dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='param to with' ;;
        'manage config rollback') flags='--force -y --yes --dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='with' ;;
        'manage sindex create') flags='--dry-run --wait --history --no-history --lock --lock-wait --note' needs=2 keywords='ns set bin in ctx ctx_base64 exp_base64' ;;
        'manage sindex delete') flags='-y --yes --dry-run --wait --history --no-history --lock --lock-wait --note' needs=1 keywords='ns set' ;;
        'manage truncate') flags='-y --yes --dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='ns set before undo' ;;
        'manage jobs kill') flags='-y --yes --dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='trids all with' ;;
        'manage recluster') flags='--dry-run' needs=0 keywords='' ;;
        'udf plan') flags='--diff --out --prune --all --no-lint' needs=1 keywords='with' ;;
        'udf apply') flags='-y --yes --dry-run --wait --history --no-history --lock --lock-wait --prune --verify --no-lint --note --watch' needs=1 keywords='with' ;;
        'udf rollback') flags='--to --change -y --yes --dry-run --wait --history --no-history --lock --lock-wait --verify --note' needs=0 keywords='with' ;;
        'udf run') flags='--arg-string --args-file --key-type --digest --repeat --concurrency --all' needs=1 keywords='--' ;;
        'udf aggregate') flags='' needs=2 keywords='--' ;;
        'record get') flags='--key-type --digest' needs=1 keywords='' ;;
        'record put') flags='--key-type --digest --ttl --replace' needs=2 keywords='' ;;
        'record delete') flags='--key-type --digest' needs=1 keywords='' ;;
        'udf history') flags='-m --module -n --limit --of --history' needs=0 keywords='show' ;;
        'udf status') flags='--watch --dir --verify' needs=0 keywords='with' ;;
        'udf get') flags='--node -o --output' needs=1 keywords='' ;;
        'udf diff') flags='' needs=3 keywords='' ;;
        'udf check') flags='--format --verify --prune -q --quiet --metrics-file' needs=0 keywords='with' ;;
        'udf repair') flags='--from --dir --verify -y --yes --dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='with' ;;
        'udf rewarm') flags='-y --yes --dry-run --wait --history --no-history --lock --lock-wait --note' needs=0 keywords='with' ;;
        'udf remove') flags='-y --yes --dry-run --wait --history --no-history --lock --lock-wait --note' needs=1 keywords='with' ;;
        'udf init') flags='' needs=1 keywords='' ;;
        'udf lint') flags='--format' needs=1 keywords='' ;;
        'function plan') flags='--diff --out --prune --all' needs=1 keywords='with' ;;
        'function apply') flags='-y --yes --dry-run --wait --history --no-history --lock --lock-wait --prune --verify --note --watch' needs=1 keywords='with' ;;
        'function verify') flags='--format --verify --prune -q --quiet --metrics-file' needs=0 keywords='with' ;;
        'function check') flags='--format --verify --prune -q --quiet --metrics-file' needs=0 keywords='with' ;;
        'function status') flags='--watch --dir --verify' needs=0 keywords='with' ;;
        'function get') flags='--node -o --output' needs=1 keywords='' ;;
        'function diff') flags='' needs=3 keywords='' ;;
        'function rollback') flags='--to --change -y --yes --dry-run --wait --history --no-history --lock --lock-wait --verify --note' needs=0 keywords='with' ;;
        'function history') flags='-m --module -n --limit --of --history' needs=0 keywords='show' ;;
        'function remove') flags='-y --yes --dry-run --wait --history --no-history --lock --lock-wait --note' needs=1 keywords='with' ;;
        'function dump') flags='--from -o --out --portable' needs=0 keywords='with' ;;
        'function restore') flags='-y --yes --dry-run --wait --history --no-history --lock --lock-wait --verify --note' needs=1 keywords='with' ;;
        'function stats') flags='' needs=0 keywords='with' ;;
        'function kill') flags='--node -y --yes' needs=0 keywords='with' ;;
        'function lint') flags='--for' needs=1 keywords='' ;;
        'function run') flags='--keyspace --after --limit --live --read-only --node' needs=2 keywords='--' ;;
        'function rdb') flags='-o --out --for' needs=1 keywords='' ;;
        'cache clear') flags='-q --quiet --lock --lock-wait --splay --deadline --retries --rewarm --serial --pause --ping-url --metrics-file --dry-run' needs=0 keywords='with' ;;
        'bundle') flags='-o --output --dir' needs=0 keywords='with' ;;
        'check all') flags='-q --quiet --config' needs=0 keywords='' ;;
        'check config') flags='--baseline --ignore --write-baseline --format -q --quiet --metrics-file' needs=0 keywords='with' ;;
        'schedule print') flags='--cron --systemd --unit --every --schedule --user --name --program -q --quiet --lock --lock-wait --splay --deadline --retries --rewarm --serial --pause --ping-url --metrics-file --verify --prune --baseline --ignore --config' needs=0 keywords='with' ;;
        'top') flags='--sort -n --interval --count' needs=0 keywords='with' ;;
        'enable') flags='' needs=0 keywords='' ;;
        'disable') flags='' needs=0 keywords='' ;;
        'exit') flags='' needs=0 keywords='' ;;
        'quit') flags='' needs=0 keywords='' ;;
    esac
    [[ $given == 0 ]] || next=''
    case $before in
        --cluster) kind=clusters ;;
        -h|--host) kind=hosts ;;
    esac
    case "$command $before" in
        'udf history --of'|'function history --of') kind=clusters ;;
        'udf get --node'|'udf repair --from'|'function get --node'|'function dump --from'|'function kill --node'|'function run --node') kind=nodes ;;
        'udf history -m'|'udf history --module') kind=modules ;;
        'function history -m'|'function history --module') kind=libraries ;;
        'check config --ignore'|'schedule print --ignore') kind=parameters ;;
    esac
    if [[ $kind ]]; then
        _asadm_offer $kind
        return
    fi
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "-e --execute -f --file --enable -j --json -o --out-file --no-color --timeout --completion -V --version -h --host -p --port -U --user -P --password --auth --tls-enable -t --tls-name --tls-cafile --tls-capath --tls-protocols --tls-cipher-suite --tls-keyfile --tls-keyfile-password --tls-certfile --tls-crl-check --tls-crl-check-all --inventory --cluster --discover -a --services-alternate --config-file --only-config-file --no-config-file --instance --help $flags" -- "$word"))
        return
    fi
    case "$command $before" in
        'manage udfs add path'|'manage config logging file') compopt -o default 2>/dev/null; return ;;
    esac
    case "$command $given" in
        'udf plan 0'|'udf apply 0'|'udf check 0'|'udf init 0'|'udf lint 0'|'function plan 0'|'function apply 0'|'function verify 0'|'function check 0'|'function dump 0'|'function restore 0'|'function lint 0'|'function run 0'|'function rdb 0') compopt -o default 2>/dev/null; [[ $word ]] || return ;;
    esac
    if [[ $given -ge $needs && " $keywords " != *" $before "* ]]; then
        for piece in $keywords; do
            [[ $used == *" $piece "* ]] || next+=" $piece"
        done
    fi
    COMPREPLY=($(compgen -W "$next" -- "$word"))
    for piece in $used; do
        [[ " $keywords " == *" $piece "* ]] && clause=$piece
    done
    case "$command ${clause:-$given}" in
        'asinfo with'|'show udfs with'|'info with'|'info network with'|'info namespace with'|'info namespace object with'|'info namespace usage with'|'info set with'|'info sindex with'|'info release with'|'summary with'|'features with'|'show config with'|'show statistics with'|'show latencies with'|'show distribution with'|'show sindex with'|'show jobs with'|'show stop-writes with'|'show best-practices with'|'show pmap with'|'show racks with'|'show roster with'|'show user-agents with'|'show mapping with'|'show users with'|'show roles with'|'show masking with'|'manage udfs add with'|'manage udfs remove with'|'manage config service with'|'manage config network with'|'manage config namespace with'|'manage config security with'|'manage config logging with'|'manage config mod-lua with'|'manage config rollback with'|'manage jobs kill with'|'udf plan with'|'udf apply with'|'udf rollback with'|'udf status with'|'udf diff 1'|'udf diff 2'|'udf check with'|'udf repair with'|'udf rewarm with'|'udf remove with'|'function plan with'|'function apply with'|'function verify with'|'function check with'|'function status with'|'function diff 1'|'function diff 2'|'function rollback with'|'function remove with'|'function dump with'|'function restore with'|'function stats with'|'function kill with'|'cache clear with'|'bundle with'|'check config with'|'schedule print with'|'top with') kind=nodes ;;
        'show udfs 0'|'manage udfs add 0'|'manage udfs remove 0'|'udf rollback 0'|'udf get 0'|'udf diff 0'|'udf repair '*|'udf rewarm '*|'udf remove '*) kind=modules ;;
        'function get 0'|'function diff 0'|'function rollback 0'|'function remove '*) kind=libraries ;;
        'udf run 0'|'udf aggregate 1') kind=functions ;;
        'show config like'|'manage config service param'|'manage config network param'|'manage config namespace param'|'manage config security param'|'manage config logging param'|'manage config mod-lua param') kind=parameters ;;
        'show statistics like') kind=statistics ;;
        'show config 0') kind=config-contexts ;;
        'show statistics 0') kind=statistics-contexts ;;
        'info namespace for'|'info namespace object for'|'info namespace usage for'|'info set for'|'info sindex for'|'show config for'|'show config '*|'show statistics for'|'show statistics '*|'show latencies for'|'show distribution for'|'show sindex for'|'show jobs for'|'show stop-writes for'|'show pmap for'|'manage config namespace 0'|'manage sindex create ns'|'manage sindex delete ns'|'manage truncate ns') kind=namespaces ;;
    esac
    if [[ $kind ]]; then _asadm_offer $kind; fi
}
complete -o default -F _asadm asadm
