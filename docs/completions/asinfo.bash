# bash completion of asinfo; load it with: source <(asinfo --completion bash)
_asinfo() {
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
        -v|--value) COMPREPLY=($(compgen -W 'alumni-clear-std best-practices build build_arch build_ee_sha build_os build_sha build_time cluster-generation cluster-name cluster-stable compatibility-id debug-record debug-record-meta digests dump-cluster dump-fabric dump-hb dump-hlc dump-migrates dump-rw dump-skew dump-wb-summary edition endpoints eviction-reset feature-key features get-config get-sl get-stats health-outliers health-stats help histogram index-pressure jem-stats jobs latencies log log-message log-set logs masking mcast name namespace namespaces node objects partition-generation partition-info partitions peers-clear-alt peers-clear-std peers-generation peers-tls-alt peers-tls-std physical-devices query-abort query-abort-all query-show quiesce quiesce-undo rack-ids racks rebalance-generation recluster release replicas revive roster roster-set scan-abort scan-abort-all service service-clear-alt service-clear-std service-tls-alt service-tls-std services services-alternate services-alumni services-alumni-reset set-config set-log sets sindex sindex-create sindex-delete sindex-exists sindex-list sindex-stat smd-info smd-show statistics status thread-traces tip tip-clear truncate truncate-namespace truncate-namespace-undo truncate-undo udf-cache-stats udf-clear-cache udf-get udf-list udf-lock udf-put udf-remove udf-stats udf-unlock undun unsupported user-agents version xdr-command' -- "$word")); return ;;
        --auth) COMPREPLY=($(compgen -W 'INTERNAL EXTERNAL EXTERNAL_INSECURE PKI' -- "$word")); return ;;
        --completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")); return ;;
        ' ') ;; # see below
        --tls-cafile|--tls_cafile|--tls-capath|--tls_capath|--tls-keyfile|--tls_keyfile|--tls-certfile|--tls_certfile|--config-file|--config_file|--only-config-file|--only_config_file|--tls-cert-blacklist|--tls_cert_blacklist) compopt -o default 2>/dev/null; return ;; # readline knows best how file names are quoted
        -v|--value|--timeout|-h|--host|-p|--port|-U|--user|--auth|-t|--tls-name|--tls_name|--tls-cafile|--tls_cafile|--tls-capath|--tls_capath|--tls-protocols|--tls_protocols|--tls-cipher-suite|--tls_cipher_suite|--tls-keyfile|--tls_keyfile|--tls-certfile|--tls_certfile|--config-file|--config_file|--only-config-file|--only_config_file|--instance|--tls-cert-blacklist|--tls_cert_blacklist|--completion) return ;;
        -P|--password|--tls-keyfile-password|--tls_keyfile_password) [[ $word == -* ]] || return ;;
    esac
    for ((i = 1; i < last; i++)); do
        piece=${words[i]}
        case $piece in
            -P|--password|--tls-keyfile-password|--tls_keyfile_password) [[ ${words[i+1]} == -* ]] || ((i++)); continue ;;
            -v|--value|--timeout|-h|--host|-p|--port|-U|--user|--auth|-t|--tls-name|--tls_name|--tls-cafile|--tls_cafile|--tls-capath|--tls_capath|--tls-protocols|--tls_protocols|--tls-cipher-suite|--tls_cipher_suite|--tls-keyfile|--tls_keyfile|--tls-certfile|--tls_certfile|--config-file|--config_file|--only-config-file|--only_config_file|--instance|--tls-cert-blacklist|--tls_cert_blacklist|--completion) ((i++)); continue ;;
            -*) continue ;;
        esac
        if [[ $given == 0 ]]; then
            case "${command:+$command }$piece" in
                ' ') command+=${command:+ }$piece; continue ;;
            esac
        fi
        case $command in
            ' ') used+="$piece " given=$((given + 1)); continue ;;
        esac
        case "${command:+$command }$piece" in
            ' ') another=$piece ;;
            [0-9]*) ;; # what watch takes
            *) command='?' ;;
        esac
    done
    case ${command:-$another} in
        '') next='' ;;
    esac
    [[ $given == 0 ]] || next=''
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "-v --value -l --line-separator -j --json --raw --timeout -h --host -p --port -U --user -P --password --auth --tls-enable -t --tls-name --tls-cafile --tls-capath --tls-protocols --tls-cipher-suite --tls-keyfile --tls-keyfile-password --tls-certfile --tls-crl-check --tls-crl-check-all --config-file --only-config-file --no-config-file --instance --completion -V --version --help $flags" -- "$word"))
        return
    fi
    case "$command $before" in
        ' ') compopt -o default 2>/dev/null; return ;;
    esac
    case "$command $given" in
        ' ') compopt -o default 2>/dev/null; [[ $word ]] || return ;;
    esac
    if [[ $given -ge $needs && " $keywords " != *" $before "* ]]; then
        for piece in $keywords; do
            [[ $used == *" $piece "* ]] || next+=" $piece"
        done
    fi
    COMPREPLY=($(compgen -W "$next" -- "$word"))
}
complete -o default -F _asinfo asinfo
