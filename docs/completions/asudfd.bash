# bash completion of asudfd; load it with: source <(asudfd --completion bash)
_asudfd() {
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
        --key-type|--key_type) COMPREPLY=($(compgen -W 'auto string integer bytes' -- "$word")); return ;;
        ' ') ;; # see below
        --config-file|--config_file|--functions|--udf|--work-directory|--work_directory|--check-config|--check_config|--args-file|--args_file|--log) compopt -o default 2>/dev/null; return ;; # readline knows best how file names are quoted
        --config-file|--config_file|-h|--host|--address|-p|--port|--resp-port|--resp_port|--functions|--udf|--namespace|--default-ttl|--default_ttl|--cluster-name|--cluster_name|--set|--nodes|--node-id|--node_id|--work-directory|--work_directory|--check-config|--check_config|--completion|--bins|--key|--key-type|--key_type|--set-name|--set_name|--arg-string|--arg_string|--args-file|--args_file|--repeat|--timeout|--env|--log) return ;;
        ' ') [[ $word == -* ]] || return ;;
    esac
    for ((i = 1; i < last; i++)); do
        piece=${words[i]}
        case $piece in
            ' ') [[ ${words[i+1]} == -* ]] || ((i++)); continue ;;
            --config-file|--config_file|-h|--host|--address|-p|--port|--resp-port|--resp_port|--functions|--udf|--namespace|--default-ttl|--default_ttl|--cluster-name|--cluster_name|--set|--nodes|--node-id|--node_id|--work-directory|--work_directory|--check-config|--check_config|--completion|--bins|--key|--key-type|--key_type|--set-name|--set_name|--arg-string|--arg_string|--args-file|--args_file|--repeat|--timeout|--env|--log) ((i++)); continue ;;
            -*) continue ;;
        esac
        if [[ $given == 0 ]]; then
            case "${command:+$command }$piece" in
                'run'|'run-with') command+=${command:+ }$piece; continue ;;
            esac
        fi
        case $command in
            'run'|'run-with') used+="$piece " given=$((given + 1)); continue ;;
        esac
        case "${command:+$command }$piece" in
            ' ') another=$piece ;;
            [0-9]*) ;; # what watch takes
            *) command='?' ;;
        esac
    done
    case ${command:-$another} in
        '') next='run run-with' ;;
        'run') flags='--bins --stdin --key --key-type --set-name --arg-string --args-file --trace --profile --repeat --timeout --json --no-color' needs=0 keywords='' ;;
        'run-with') flags='--config-file --namespace --default-ttl --cluster-name --set --address --nodes --resp --env --log' needs=0 keywords='' ;;
    esac
    [[ $given == 0 ]] || next=''
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "--config-file -h --host -p --port --resp-port --functions --udf --namespace --default-ttl --cluster-name --set --nodes --node-id --work-directory --check-config --completion --recover -V --version --help $flags" -- "$word"))
        return
    fi
    case "$command $before" in
        ' ') compopt -o default 2>/dev/null; return ;;
    esac
    case "$command $given" in
        'run 0'|'run-with 0') compopt -o default 2>/dev/null; [[ $word ]] || return ;;
    esac
    if [[ $given -ge $needs && " $keywords " != *" $before "* ]]; then
        for piece in $keywords; do
            [[ $used == *" $piece "* ]] || next+=" $piece"
        done
    fi
    COMPREPLY=($(compgen -W "$next" -- "$word"))
}
complete -o default -F _asudfd asudfd
