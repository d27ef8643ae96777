# fish completion of asadm; load it with: asadm --completion fish | source
function __asadm_state --description 'The command typed so far, and one a line the words behind it'
    set -l command ''
    set -l another ''
    set -l given
    set -l skip none
    set -l typed (commandline -opc)
    set -e typed[1]
    for word in $typed
        set -l value $skip
        set skip none
        if test $value = next
            continue
        else if test $value = perhaps; and not string match -q -- '-*' $word
            continue
        end
        switch $word
            case '-P' '--password' '--tls-keyfile-password' '--tls_keyfile_password' '--rate' '--watch'
                set skip perhaps
            case '-e' '--execute' '-f' '--file' '-o' '--out-file' '--out_file' '--timeout' '--completion' '--offer' '-h' '--host' '-p' '--port' '-U' '--user' '--auth' '-t' '--tls-name' '--tls_name' '--tls-cafile' '--tls_cafile' '--tls-capath' '--tls_capath' '--tls-protocols' '--tls_protocols' '--tls-cipher-suite' '--tls_cipher_suite' '--tls-keyfile' '--tls_keyfile' '--tls-certfile' '--tls_certfile' '--inventory' '--cluster' '--config-file' '--config_file' '--only-config-file' '--only_config_file' '--instance' '--log-path' '--log_path' '--tls-cert-blacklist' '--tls_cert_blacklist' '-v' '--value' '--increment' '--exponent-increment' '-b' '--buckets' '-k' '--where' '--wait' '--history' '--lock' '--lock-wait' '--lock_wait' '--note' '--out' '--to' '--change' '--arg-string' '--arg_string' '--args-file' '--args_file' '--key-type' '--key_type' '--repeat' '--concurrency' '--all' '--ttl' '-m' '--module' '-n' '--limit' '--of' '--dir' '--node' '--output' '--format' '--metrics-file' '--metrics_file' '--from' '--for' '--keyspace' '--splay' '--deadline' '--retries' '--pause' '--ping-url' '--ping_url' '--baseline' '--ignore' '--write-baseline' '--write_baseline' '--unit' '--every' '--schedule' '--name' '--program' '--sort' '--interval' '--count'
                set skip next
            case '-*'
            case '*'
                set -l phrase (string trim -- "$command $word")
                if not set -q given[1]; and contains -- "$phrase" 'show' 'info' 'info namespace' 'manage' 'manage udfs' 'manage config' 'manage sindex' 'manage jobs' 'udf' 'record' 'function' 'cache' 'check' 'schedule' 'asinfo' 'show udfs' 'info network' 'info namespace object' 'info namespace usage' 'info set' 'info sindex' 'info release' 'info transactions' 'info xdr' 'summary' 'features' 'show config' 'show statistics' 'show latencies' 'show distribution' 'show sindex' 'show jobs' 'show stop-writes' 'show best-practices' 'show pmap' 'show racks' 'show roster' 'show user-agents' 'show mapping' 'show users' 'show roles' 'show masking' 'manage udfs add' 'manage udfs remove' 'manage config service' 'manage config network' 'manage config namespace' 'manage config security' 'manage config logging' 'manage config mod-lua' 'manage config rollback' 'manage sindex create' 'manage sindex delete' 'manage truncate' 'manage jobs kill' 'manage recluster' 'udf plan' 'udf apply' 'udf rollback' 'udf run' 'udf aggregate' 'record get' 'record put' 'record delete' 'udf history' 'udf status' 'udf get' 'udf diff' 'udf check' 'udf repair' 'udf rewarm' 'udf remove' 'udf init' 'udf lint' 'function plan' 'function apply' 'function verify' 'function check' 'function status' 'function get' 'function diff' 'function rollback' 'function history' 'function remove' 'function dump' 'function restore' 'function stats' 'function kill' 'function lint' 'function run' 'function rdb' 'cache clear' 'bundle' 'check all' 'check config' 'schedule print' 'top' 'enable' 'disable' 'exit' 'quit'
                    set command $phrase
                else if contains -- "$command" 'asinfo' 'show udfs' 'info' 'info network' 'info namespace' 'info namespace object' 'info namespace usage' 'info set' 'info sindex' 'info release' 'info transactions' 'info xdr' 'summary' 'features' 'show config' 'show statistics' 'show latencies' 'show distribution' 'show sindex' 'show jobs' 'show stop-writes' 'show best-practices' 'show pmap' 'show racks' 'show roster' 'show user-agents' 'show mapping' 'show users' 'show roles' 'show masking' 'manage udfs add' 'manage udfs remove' 'manage config service' 'manage config network' 'manage config namespace' 'manage config security' 'manage config logging' 'manage config mod-lua' 'manage config rollback' 'manage sindex create' 'manage sindex delete' 'manage truncate' 'manage jobs kill' 'manage recluster' 'udf plan' 'udf apply' 'udf rollback' 'udf run' 'udf aggregate' 'record get' 'record put' 'record delete' 'udf history' 'udf status' 'udf get' 'udf diff' 'udf check' 'udf repair' 'udf rewarm' 'udf remove' 'udf init' 'udf lint' 'function plan' 'function apply' 'function verify' 'function check' 'function status' 'function get' 'function diff' 'function rollback' 'function history' 'function remove' 'function dump' 'function restore' 'function stats' 'function kill' 'function lint' 'function run' 'function rdb' 'cache clear' 'bundle' 'check all' 'check config' 'schedule print' 'top' 'enable' 'disable' 'exit' 'quit'
                    set -a given $word
                else if contains -- "$phrase" 'watch' 'help'
                    set another $word
                else if not string match -qr '^[0-9.]+$' -- $word # what watch takes
                    set command '?'
                end
        end
    end
    test -n "$command"; or set command $another
    printf '%s\n' "$command" $given
end
function __asadm_offer --description 'What the program knows of a kind, one a line; asks no node'
    set -l typed (commandline -opc)
    $typed[1] --offer $argv[1] -- $typed[2..-1] 2>/dev/null </dev/null
end
function __asadm_at --description 'Whether the command typed so far is this one'
    set -l line (commandline -cp)
    if test "$line" != "$__asadm_line" # else it was asked for this Tab: once for each command with options
        set -g __asadm_line $line
        set -g __asadm_words (__asadm_state)
    end
    test "$__asadm_words[1]" = "$argv[1]"
end
function __asadm_file --description 'Whether the name of a file comes next'
    set -l given (__asadm_state)
    set -l command $given[1]
    set -e given[1]
    contains -- "$command $given[-1]" 'manage udfs add path' 'manage config logging file'; or contains -- "$command "(count $given) 'udf plan 0' 'udf apply 0' 'udf check 0' 'udf init 0' 'udf lint 0' 'function plan 0' 'function apply 0' 'function verify 0' 'function check 0' 'function dump 0' 'function restore 0' 'function lint 0' 'function run 0' 'function rdb 0'
end
function __asadm_next --description 'The words that may come next'
    set -l given (__asadm_state)
    set -l command $given[1]
    set -e given[1]
    set -l needs 0
    set -l keywords
    switch "$command"
        case ''
            printf '%s\n' asinfo show info summary features manage udf record function cache bundle check schedule top watch enable disable help exit quit
        case 'show'
            printf '%s\n' udfs config statistics latencies distribution sindex jobs stop-writes best-practices pmap racks roster user-agents mapping users roles masking
        case 'manage'
            printf '%s\n' udfs config sindex truncate jobs recluster
        case 'manage udfs'
            printf '%s\n' add remove
        case 'manage config'
            printf '%s\n' service network namespace security logging mod-lua rollback
        case 'manage sindex'
            printf '%s\n' create delete
        case 'manage jobs'
            printf '%s\n' kill
        case 'udf'
            printf '%s\n' plan apply rollback run aggregate history status get diff check repair rewarm remove init lint
        case 'record'
            printf '%s\n' get put delete
        case 'function'
            printf '%s\n' plan apply verify check status get diff rollback history remove dump restore stats kill lint run rdb
        case 'cache'
            printf '%s\n' clear
        case 'check'
            printf '%s\n' all config
        case 'schedule'
            printf '%s\n' print
        case 'watch'
            printf '%s\n' asinfo show info summary features manage udf record function cache bundle check schedule top enable disable exit quit
        case 'help'
            printf '%s\n' asinfo show info summary features manage udf record function cache bundle check schedule top enable disable exit quit
        case 'asinfo'
            set needs 0
            set keywords like with
        case 'show udfs'
            set needs 0
            set keywords like with
        case 'info'
            set needs 0
            test (count $given) -eq 0; and printf '%s\n' network namespace set sindex release transactions xdr
            set keywords with
        case 'info network'
            set needs 0
            set keywords with
        case 'info namespace'
            set needs 0
            test (count $given) -eq 0; and printf '%s\n' object usage
            set keywords for with
        case 'info namespace object'
            set needs 0
            set keywords for with
        case 'info namespace usage'
            set needs 0
            set keywords for with
        case 'info set'
            set needs 0
            set keywords for with
        case 'info sindex'
            set needs 0
            set keywords like for with
        case 'info release'
            set needs 0
            set keywords with
        case 'summary'
            set needs 0
            set keywords with
        case 'features'
            set needs 0
            set keywords like with
        case 'show config'
            set needs 0
            set keywords like for with diff
        case 'show statistics'
            set needs 0
            set keywords like for with diff
        case 'show latencies'
            set needs 0
            set keywords like for with
        case 'show distribution'
            set needs 0
            set keywords for with
        case 'show sindex'
            set needs 0
            set keywords like for with
        case 'show jobs'
            set needs 0
            set keywords for like trid with
        case 'show stop-writes'
            set needs 0
            set keywords for with
        case 'show best-practices'
            set needs 0
            set keywords with
        case 'show pmap'
            set needs 0
            set keywords for with
        case 'show racks'
            set needs 0
            set keywords with
        case 'show roster'
            set needs 0
            set keywords with
        case 'show user-agents'
            set needs 0
            set keywords with
        case 'show mapping'
            set needs 0
            set keywords with
        case 'show users'
            set needs 0
            set keywords with
        case 'show roles'
            set needs 0
            set keywords with
        case 'show masking'
            set needs 0
            set keywords with
        case 'manage udfs add'
            set needs 1
            set keywords path with
        case 'manage udfs remove'
            set needs 1
            set keywords with
        case 'manage config service'
            set needs 0
            set keywords param to with
        case 'manage config network'
            set needs 0
            set keywords param to with
        case 'manage config namespace'
            set needs 1
            set keywords set param to with
        case 'manage config security'
            set needs 0
            set keywords param to with
        case 'manage config logging'
            set needs 0
            set keywords file param to with
        case 'manage config mod-lua'
            set needs 0
            set keywords param to with
        case 'manage config rollback'
            set needs 0
            set keywords with
        case 'manage sindex create'
            set needs 2
            set keywords ns set bin in ctx ctx_base64 exp_base64
        case 'manage sindex delete'
            set needs 1
            set keywords ns set
        case 'manage truncate'
            set needs 0
            set keywords ns set before undo
        case 'manage jobs kill'
            set needs 0
            set keywords trids all with
        case 'udf plan'
            set needs 1
            set keywords with
        case 'udf apply'
            set needs 1
            set keywords with
        case 'udf rollback'
            set needs 0
            set keywords with
        case 'udf run'
            set needs 1
            set keywords --
        case 'udf aggregate'
            set needs 2
            set keywords --
        case 'record get'
            set needs 1
            set keywords 
        case 'record put'
            set needs 2
            set keywords 
        case 'record delete'
            set needs 1
            set keywords 
        case 'udf history'
            set needs 0
            set keywords show
        case 'udf status'
            set needs 0
            set keywords with
        case 'udf get'
            set needs 1
            set keywords 
        case 'udf diff'
            set needs 3
            set keywords 
        case 'udf check'
            set needs 0
            set keywords with
        case 'udf repair'
            set needs 0
            set keywords with
        case 'udf rewarm'
            set needs 0
            set keywords with
        case 'udf remove'
            set needs 1
            set keywords with
        case 'udf init'
            set needs 1
            set keywords 
        case 'udf lint'
            set needs 1
            set keywords 
        case 'function plan'
            set needs 1
            set keywords with
        case 'function apply'
            set needs 1
            set keywords with
        case 'function verify'
            set needs 0
            set keywords with
        case 'function check'
            set needs 0
            set keywords with
        case 'function status'
            set needs 0
            set keywords with
        case 'function get'
            set needs 1
            set keywords 
        case 'function diff'
            set needs 3
            set keywords 
        case 'function rollback'
            set needs 0
            set keywords with
        case 'function history'
            set needs 0
            set keywords show
        case 'function remove'
            set needs 1
            set keywords with
        case 'function dump'
            set needs 0
            set keywords with
        case 'function restore'
            set needs 1
            set keywords with
        case 'function stats'
            set needs 0
            set keywords with
        case 'function kill'
            set needs 0
            set keywords with
        case 'function lint'
            set needs 1
            set keywords 
        case 'function run'
            set needs 2
            set keywords --
        case 'function rdb'
            set needs 1
            set keywords 
        case 'cache clear'
            set needs 0
            set keywords with
        case 'bundle'
            set needs 0
            set keywords with
        case 'check config'
            set needs 0
            set keywords with
        case 'schedule print'
            set needs 0
            set keywords with
        case 'top'
            set needs 0
            set keywords with
    end
    set -l where (count $given)
    for word in $given
        contains -- $word $keywords; and set where $word
    end
    switch "$command $where"
        case 'asinfo with' 'show udfs with' 'info with' 'info network with' 'info namespace with' 'info namespace object with' 'info namespace usage with' 'info set with' 'info sindex with' 'info release with' 'summary with' 'features with' 'show config with' 'show statistics with' 'show latencies with' 'show distribution with' 'show sindex with' 'show jobs with' 'show stop-writes with' 'show best-practices with' 'show pmap with' 'show racks with' 'show roster with' 'show user-agents with' 'show mapping with' 'show users with' 'show roles with' 'show masking with' 'manage udfs add with' 'manage udfs remove with' 'manage config service with' 'manage config network with' 'manage config namespace with' 'manage config security with' 'manage config logging with' 'manage config mod-lua with' 'manage config rollback with' 'manage jobs kill with' 'udf plan with' 'udf apply with' 'udf rollback with' 'udf status with' 'udf diff 1' 'udf diff 2' 'udf check with' 'udf repair with' 'udf rewarm with' 'udf remove with' 'function plan with' 'function apply with' 'function verify with' 'function check with' 'function status with' 'function diff 1' 'function diff 2' 'function rollback with' 'function remove with' 'function dump with' 'function restore with' 'function stats with' 'function kill with' 'cache clear with' 'bundle with' 'check config with' 'schedule print with' 'top with'
            __asadm_offer nodes
        case 'show udfs 0' 'manage udfs add 0' 'manage udfs remove 0' 'udf rollback 0' 'udf get 0' 'udf diff 0' 'udf repair *' 'udf rewarm *' 'udf remove *'
            __asadm_offer modules
        case 'function get 0' 'function diff 0' 'function rollback 0' 'function remove *'
            __asadm_offer libraries
        case 'udf run 0' 'udf aggregate 1'
            __asadm_offer functions
        case 'show config like' 'manage config service param' 'manage config network param' 'manage config namespace param' 'manage config security param' 'manage config logging param' 'manage config mod-lua param'
            __asadm_offer parameters
        case 'show statistics like'
            __asadm_offer statistics
        case 'show config 0'
            __asadm_offer config-contexts
        case 'show statistics 0'
            __asadm_offer statistics-contexts
        case 'info namespace for' 'info namespace object for' 'info namespace usage for' 'info set for' 'info sindex for' 'show config for' 'show config *' 'show statistics for' 'show statistics *' 'show latencies for' 'show distribution for' 'show sindex for' 'show jobs for' 'show stop-writes for' 'show pmap for' 'manage config namespace 0' 'manage sindex create ns' 'manage sindex delete ns' 'manage truncate ns'
            __asadm_offer namespaces
    end
    test (count $given) -ge $needs; or return
    contains -- "$given[-1]" $keywords; and return
    for keyword in $keywords
        contains -- $keyword $given; or echo $keyword
    end
end
complete -c asadm -e
complete -c asadm -f -a '(__asadm_next)'
complete -c asadm -n __asadm_file -F
complete -c asadm -s e -l execute -x -d 'Run COMMANDS, separated by \';\', and exit. If COMMANDS is the name of a file, run the commands in it. Repeatable.'
complete -c asadm -s f -l file -r -F -d 'Run the commands in FILE (\'-\': standard input) and exit.'
complete -c asadm -l enable -d 'Allow commands that change the cluster, as the command \'enable\' does.'
complete -c asadm -s j -l json -d 'Print the result of each command as one JSON document, with status, answer, error and milliseconds of every node.'
complete -c asadm -s o -l out-file -r -F -d 'Write the output to FILE instead of standard output.'
complete -c asadm -l no-color -d 'Print no colours. The environment variable NO_COLOR does the same.'
complete -c asadm -l timeout -x -d 'Time limit in seconds for each node in each command: connect, login and answer. [5]'
complete -c asadm -l completion -x -a 'bash zsh fish' -d 'Print the completion script for SHELL.'
complete -c asadm -s V -l version -d 'Print the version.'
complete -c asadm -s h -l host -x -a '(__asadm_offer hosts)' -d 'Addresses of the nodes; IPv6 as [v6]:port. [127.0.0.1]'
complete -c asadm -s p -l port -x -d 'Port of hosts without one. [3000]'
complete -c asadm -s U -l user -x -d 'Log in as NAME.'
complete -c asadm -s P -l password -d 'env:VARIABLE, file:PATH or the password itself; without a value: prompt.'
complete -c asadm -l auth -x -a 'INTERNAL EXTERNAL EXTERNAL_INSECURE PKI' -d 'Authentication: INTERNAL, EXTERNAL, EXTERNAL_INSECURE or PKI. [INTERNAL]'
complete -c asadm -l tls-enable -d 'Use TLS.'
complete -c asadm -s t -l tls-name -x -d 'Name that the server certificate must have. [the host]'
complete -c asadm -l tls-cafile -r -F -d 'File of trusted CA certificates. [those of the system]'
complete -c asadm -l tls-capath -r -F -d 'Directory of trusted CA certificates.'
complete -c asadm -l tls-protocols -x -d 'TLS versions, in the form of Apache\'s SSLProtocol. [+TLSv1.2 +TLSv1.3]'
complete -c asadm -l tls-cipher-suite -x -d 'Ciphers to offer, in OpenSSL\'s format.'
complete -c asadm -l tls-keyfile -r -F -d 'Private key of the client certificate.'
complete -c asadm -l tls-keyfile-password -d 'Password of the private key, given as for --password.'
complete -c asadm -l tls-certfile -r -F -d 'Client certificate and its chain.'
complete -c asadm -l tls-crl-check -d 'Refuse a revoked server certificate.'
complete -c asadm -l tls-crl-check-all -d 'Refuse a revoked certificate anywhere in the chain.'
complete -c asadm -l inventory -r -F -d 'YAML file that lists clusters and their nodes; default: asadm.yaml in this directory, in ~/.config/asudf or in /etc/asudf.'
complete -c asadm -l cluster -x -a '(__asadm_offer clusters)' -d 'Work on the cluster CLUSTER of the inventory, instead of its default cluster.'
complete -c asadm -l discover -d 'Also work on nodes that are not listed: ask the listed ones for the other nodes of their cluster, and add these.'
complete -c asadm -s a -l services-alternate -d 'With --discover: use the peers\' alternate addresses, for clients outside their network.'
complete -c asadm -l config-file -r -F -d 'Read PATH after the default files; its settings override theirs.'
complete -c asadm -l only-config-file -r -F -d 'Read only PATH.'
complete -c asadm -l no-config-file -d 'Read no configuration file.'
complete -c asadm -l instance -x -d 'Read section [cluster_NAME] instead of [cluster].'
complete -c asadm -l help -d 'Print the help.'
complete -c asadm -n '__asadm_at "asinfo"' -s v -l value -x -a 'alumni-clear-std best-practices build build_arch build_ee_sha build_os build_sha build_time cluster-generation cluster-name cluster-stable compatibility-id debug-record debug-record-meta digests dump-cluster dump-fabric dump-hb dump-hlc dump-migrates dump-rw dump-skew dump-wb-summary edition endpoints eviction-reset feature-key features get-config get-sl get-stats health-outliers health-stats help histogram index-pressure jem-stats jobs latencies log log-message log-set logs masking mcast name namespace namespaces node objects partition-generation partition-info partitions peers-clear-alt peers-clear-std peers-generation peers-tls-alt peers-tls-std physical-devices query-abort query-abort-all query-show quiesce quiesce-undo rack-ids racks rebalance-generation recluster release replicas revive roster roster-set scan-abort scan-abort-all service service-clear-alt service-clear-std service-tls-alt service-tls-std services services-alternate services-alumni services-alumni-reset set-config set-log sets sindex sindex-create sindex-delete sindex-exists sindex-list sindex-stat smd-info smd-show statistics status thread-traces tip tip-clear truncate truncate-namespace truncate-namespace-undo truncate-undo udf-cache-stats udf-clear-cache udf-get udf-list udf-lock udf-put udf-remove udf-stats udf-unlock undun unsupported user-agents version xdr-command' -d 'Info command to send. Repeat it to send several in one request.'
complete -c asadm -n '__asadm_at "asinfo"' -s l -l line-separator -d 'Print each field of an answer on a line of its own; fields end at ; or : or ,.'
complete -c asadm -n '__asadm_at "asinfo"' -l no-node-name -d 'Print only the answers, one a line, without a line that names the node before them.'
complete -c asadm -n '__asadm_at "show udfs"' -l stats -d 'Show how often the functions were called, how long they took and how many failed, on all nodes together.'
complete -c asadm -n '__asadm_at "summary"' -s l -l list -d 'Show one figure of a namespace a line, not one namespace a line.'
complete -c asadm -n '__asadm_at "features"' -l flip -d 'Turn the table: nodes down, names across.'
complete -c asadm -n '__asadm_at "show config"' -l flip -d 'Turn the table: nodes down, names across.'
complete -c asadm -n '__asadm_at "show statistics"' -s t -l total -d 'Add a column of sums, where a sum over nodes means anything.'
complete -c asadm -n '__asadm_at "show statistics"' -l rate -d 'Look twice, SECONDS apart [2], and show the changes a second of what changed.'
complete -c asadm -n '__asadm_at "show statistics"' -l flip -d 'Turn the table: nodes down, names across.'
complete -c asadm -n '__asadm_at "show latencies"' -s e -l increment -x -d 'Show every K-th of the thresholds 1, 2, 4, ... 65536.'
complete -c asadm -n '__asadm_at "show latencies"' -s b -l buckets -x -d 'Show so many thresholds.'
complete -c asadm -n '__asadm_at "show latencies"' -s v -l verbose -d 'Ask for the histograms that parameters switch on, too: benchmarks and proxies.'
complete -c asadm -n '__asadm_at "show distribution"' -s b -l bytes -d 'Of object_size: count the records between powers of two.'
complete -c asadm -n '__asadm_at "show jobs"' -l where -x -d 'Only jobs whose field matches; may be given several times, and all must.'
complete -c asadm -n '__asadm_at "show jobs"' -l flip -d 'Show every field of each job.'
complete -c asadm -n '__asadm_at "manage udfs add"' -l wait -x -d 'How many seconds to wait until every node lists the change. A node that does not by then counts as failed. [10]'
complete -c asadm -n '__asadm_at "manage udfs remove"' -l wait -x -d 'How many seconds to wait until every node lists the change. A node that does not by then counts as failed. [10]'
complete -c asadm -n '__asadm_at "manage config service"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage config service"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage config service"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config service"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage config service"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config service"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage config service"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage config network"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage config network"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage config network"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config network"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage config network"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config network"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage config network"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage config namespace"' -l new-set -d 'The set need not exist yet: nodes set it up with the parameter. Without it a set that no node has is taken for a slip.'
complete -c asadm -n '__asadm_at "manage config namespace"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage config namespace"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage config namespace"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config namespace"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage config namespace"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config namespace"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage config namespace"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage config security"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage config security"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage config security"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config security"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage config security"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config security"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage config security"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage config logging"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage config logging"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage config logging"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config logging"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage config logging"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config logging"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage config logging"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage config mod-lua"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage config mod-lua"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage config mod-lua"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config mod-lua"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage config mod-lua"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config mod-lua"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage config mod-lua"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage config rollback"' -l force -d 'Also set nodes whose value was changed again since. Without it they are told, and left.'
complete -c asadm -n '__asadm_at "manage config rollback"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer. --no-warn is the same.'
complete -c asadm -n '__asadm_at "manage config rollback"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage config rollback"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage config rollback"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config rollback"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage config rollback"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage config rollback"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage config rollback"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage sindex create"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage sindex create"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage sindex create"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage sindex create"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage sindex create"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage sindex create"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage sindex create"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage sindex delete"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer. --no-warn is the same.'
complete -c asadm -n '__asadm_at "manage sindex delete"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage sindex delete"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage sindex delete"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage sindex delete"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage sindex delete"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage sindex delete"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage sindex delete"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage truncate"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer. --no-warn is the same.'
complete -c asadm -n '__asadm_at "manage truncate"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage truncate"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage truncate"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage truncate"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage truncate"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage truncate"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage truncate"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage jobs kill"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer. --no-warn is the same.'
complete -c asadm -n '__asadm_at "manage jobs kill"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "manage jobs kill"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and reading them again. [60]'
complete -c asadm -n '__asadm_at "manage jobs kill"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage jobs kill"' -l no-history -d 'Do not record this change.'
complete -c asadm -n '__asadm_at "manage jobs kill"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing nodes at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "manage jobs kill"' -l lock-wait -x -d 'If another run is changing nodes, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "manage jobs kill"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "manage recluster"' -l dry-run -d 'Show what each node has and what it would have, and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "udf plan"' -l diff -d 'Read the modules that would change from the nodes, and show which lines change.'
complete -c asadm -n '__asadm_at "udf plan"' -l out -r -F -d 'Save the plan in FILE; \'udf apply FILE\' then makes just these changes.'
complete -c asadm -n '__asadm_at "udf plan"' -l prune -d 'Also remove modules that nodes list and the directory does not have. Without it they stay.'
complete -c asadm -n '__asadm_at "udf plan"' -l all -d 'Also show modules that need no change.'
complete -c asadm -n '__asadm_at "udf plan"' -l no-lint -d 'Do not check the modules that would be sent. Without it they are compiled and checked as \'udf lint\' does, and an error stops the run.'
complete -c asadm -n '__asadm_at "udf apply"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "udf apply"' -l dry-run -d 'Show what would be changed and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "udf apply"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change. [60]'
complete -c asadm -n '__asadm_at "udf apply"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf apply"' -l no-history -d 'Do not record this change. \'udf rollback\' cannot undo it then.'
complete -c asadm -n '__asadm_at "udf apply"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing modules at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf apply"' -l lock-wait -x -d 'If another run is changing modules, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "udf apply"' -l prune -d 'Also remove modules that nodes list and the directory does not have. Without it they stay.'
complete -c asadm -n '__asadm_at "udf apply"' -l verify -d 'After the change, read every module back from every node and compare its bytes.'
complete -c asadm -n '__asadm_at "udf apply"' -l no-lint -d 'Do not check the modules that would be sent. Without it they are compiled and checked as \'udf lint\' does, and an error stops the run.'
complete -c asadm -n '__asadm_at "udf apply"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "udf apply"' -l watch -d 'Go on until Ctrl-C: apply the directory again whenever a file in it is saved, and remove a module whose file is removed. For a development cluster; needs --yes.'
complete -c asadm -n '__asadm_at "udf rollback"' -l to -x -d 'Bring back the content that entry ID of \'udf history\' recorded, instead of undoing the latest change.'
complete -c asadm -n '__asadm_at "udf rollback"' -l change -x -d 'Undo the change N of \'udf history\', instead of the latest change; the ID of any of its entries means it, too.'
complete -c asadm -n '__asadm_at "udf rollback"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "udf rollback"' -l dry-run -d 'Show what would be changed and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "udf rollback"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change. [60]'
complete -c asadm -n '__asadm_at "udf rollback"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf rollback"' -l no-history -d 'Do not record this change. \'udf rollback\' cannot undo it then.'
complete -c asadm -n '__asadm_at "udf rollback"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing modules at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf rollback"' -l lock-wait -x -d 'If another run is changing modules, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "udf rollback"' -l verify -d 'After the change, read every module back from every node and compare its bytes.'
complete -c asadm -n '__asadm_at "udf rollback"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "udf run"' -l arg-string -x -d 'One more argument, a string whatever it looks like; repeatable. It stands behind the others.'
complete -c asadm -n '__asadm_at "udf run"' -l args-file -r -F -d 'Take the arguments from a JSON array; - is standard input.'
complete -c asadm -n '__asadm_at "udf run"' -l key-type -x -a 'auto string integer bytes digest' -d 'What KEY is: string, integer, bytes (in hexadecimal), digest (40 hexadecimal digits); auto: an integer where it looks like one, else a string. [auto]'
complete -c asadm -n '__asadm_at "udf run"' -l digest -d 'KEY is the digest of the record: the same as --key-type digest.'
complete -c asadm -n '__asadm_at "udf run"' -l repeat -x -d 'Call it N times, and show how long the calls took.'
complete -c asadm -n '__asadm_at "udf run"' -l concurrency -x -d 'With --repeat: over C connections at the same time. [1]'
complete -c asadm -n '__asadm_at "udf run"' -l all -x -d 'Call it on every record of the set, or of the namespace, as a background job of the nodes.'
complete -c asadm -n '__asadm_at "record get"' -l key-type -x -a 'auto string integer bytes digest' -d 'What KEY is: string, integer, bytes (in hexadecimal), digest (40 hexadecimal digits); auto: an integer where it looks like one, else a string. [auto]'
complete -c asadm -n '__asadm_at "record get"' -l digest -d 'KEY is the digest of the record: the same as --key-type digest.'
complete -c asadm -n '__asadm_at "record put"' -l key-type -x -a 'auto string integer bytes digest' -d 'What KEY is: string, integer, bytes (in hexadecimal), digest (40 hexadecimal digits); auto: an integer where it looks like one, else a string. [auto]'
complete -c asadm -n '__asadm_at "record put"' -l digest -d 'KEY is the digest of the record: the same as --key-type digest.'
complete -c asadm -n '__asadm_at "record put"' -l ttl -x -d 'Let the record expire then, or \'never\'. [the namespace\'s default]'
complete -c asadm -n '__asadm_at "record put"' -l replace -d 'Remove the bins that are not named.'
complete -c asadm -n '__asadm_at "record delete"' -l key-type -x -a 'auto string integer bytes digest' -d 'What KEY is: string, integer, bytes (in hexadecimal), digest (40 hexadecimal digits); auto: an integer where it looks like one, else a string. [auto]'
complete -c asadm -n '__asadm_at "record delete"' -l digest -d 'KEY is the digest of the record: the same as --key-type digest.'
complete -c asadm -n '__asadm_at "udf history"' -s m -l module -x -a '(__asadm_offer modules)' -d 'Show only changes of MODULE.'
complete -c asadm -n '__asadm_at "udf history"' -s n -l limit -x -d 'Show the latest COUNT changes; 0: all of them. [20]'
complete -c asadm -n '__asadm_at "udf history"' -l of -x -a '(__asadm_offer clusters)' -d 'Show only changes of the cluster whose name in the history is CLUSTER. No inventory is needed for it; --cluster does the same for a cluster of the inventory.'
complete -c asadm -n '__asadm_at "udf history"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf status"' -l watch -d 'Repeat every SECONDS until Ctrl-C. [2]'
complete -c asadm -n '__asadm_at "udf status"' -l dir -r -F -d 'Compare every node with the modules in DIRECTORY, instead of with what most nodes have.'
complete -c asadm -n '__asadm_at "udf status"' -l verify -d 'Also read every module from every node, to find nodes that serve other bytes than they list.'
complete -c asadm -n '__asadm_at "udf get"' -l node -x -a '(__asadm_offer nodes)' -d 'Read the module from NODE. Needed where the nodes have different versions of it.'
complete -c asadm -n '__asadm_at "udf get"' -s o -l output -r -F -d 'Write the module to FILE instead of standard output. FILE is replaced only when all of it was read.'
complete -c asadm -n '__asadm_at "udf check"' -l format -x -a 'text nagios prometheus json' -d 'Output format: text for people, nagios for a monitoring plugin, prometheus for the textfile collector, json for programs. [text]'
complete -c asadm -n '__asadm_at "udf check"' -l verify -d 'Also read every module from every node and compare its bytes with the hash that the node lists. This finds damaged files.'
complete -c asadm -n '__asadm_at "udf check"' -l prune -d 'With DIR: also report modules that nodes list and the directory does not have.'
complete -c asadm -n '__asadm_at "udf check"' -s q -l quiet -d 'Print nothing when no problem is found.'
complete -c asadm -n '__asadm_at "udf check"' -l metrics-file -r -F -d 'Also write the result in the format of Prometheus to FILE, for the textfile collector of node_exporter.'
complete -c asadm -n '__asadm_at "udf repair"' -l from -x -a '(__asadm_offer nodes)' -d 'Take the versions of NODE as the right ones, and give them to all other nodes. Without --from and --dir the version of most nodes is right.'
complete -c asadm -n '__asadm_at "udf repair"' -l dir -r -F -d 'Take the modules in DIR as the right ones.'
complete -c asadm -n '__asadm_at "udf repair"' -l verify -d 'Also read every module from every node, before and after the repair, and compare its bytes. This finds and repairs damaged files.'
complete -c asadm -n '__asadm_at "udf repair"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "udf repair"' -l dry-run -d 'Show what would be changed and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "udf repair"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change. [60]'
complete -c asadm -n '__asadm_at "udf repair"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf repair"' -l no-history -d 'Do not record this change. \'udf rollback\' cannot undo it then.'
complete -c asadm -n '__asadm_at "udf repair"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing modules at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf repair"' -l lock-wait -x -d 'If another run is changing modules, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "udf repair"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "udf rewarm"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "udf rewarm"' -l dry-run -d 'Show what would be changed and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "udf rewarm"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change. [60]'
complete -c asadm -n '__asadm_at "udf rewarm"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf rewarm"' -l no-history -d 'Do not record this change. \'udf rollback\' cannot undo it then.'
complete -c asadm -n '__asadm_at "udf rewarm"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing modules at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf rewarm"' -l lock-wait -x -d 'If another run is changing modules, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "udf rewarm"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "udf remove"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "udf remove"' -l dry-run -d 'Show what would be changed and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "udf remove"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change. [60]'
complete -c asadm -n '__asadm_at "udf remove"' -l history -r -F -d 'SQLite file that records all changes, for \'udf history\' and \'udf rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf remove"' -l no-history -d 'Do not record this change. \'udf rollback\' cannot undo it then.'
complete -c asadm -n '__asadm_at "udf remove"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing modules at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "udf remove"' -l lock-wait -x -d 'If another run is changing modules, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "udf remove"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "udf lint"' -l format -x -a 'text github sarif' -d 'Output format: text for people, github for annotations of a workflow, sarif for code scanning. [text]'
complete -c asadm -n '__asadm_at "function plan"' -l diff -d 'Read the libraries that would change from the nodes, and show which lines change.'
complete -c asadm -n '__asadm_at "function plan"' -l out -r -F -d 'Save the plan in FILE; \'function apply FILE\' then makes just these changes.'
complete -c asadm -n '__asadm_at "function plan"' -l prune -d 'Also remove libraries that nodes list and the directory does not have. Without it they stay.'
complete -c asadm -n '__asadm_at "function plan"' -l all -d 'Also show libraries that need no change.'
complete -c asadm -n '__asadm_at "function apply"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "function apply"' -l dry-run -d 'Show what would be changed and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "function apply"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change. [60]'
complete -c asadm -n '__asadm_at "function apply"' -l history -r -F -d 'SQLite file that records all changes, for \'function history\' and \'function rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "function apply"' -l no-history -d 'Do not record this change. \'function rollback\' cannot undo it then.'
complete -c asadm -n '__asadm_at "function apply"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing libraries at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "function apply"' -l lock-wait -x -d 'If another run is changing libraries, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "function apply"' -l prune -d 'Also remove libraries that nodes list and the directory does not have. Without it they stay.'
complete -c asadm -n '__asadm_at "function apply"' -l verify -d 'After the change, read every library back from every node and compare its bytes.'
complete -c asadm -n '__asadm_at "function apply"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "function apply"' -l watch -d 'Go on until Ctrl-C: apply the directory again whenever a file in it is saved, and remove a library whose file is removed. For a development cluster; needs --yes.'
complete -c asadm -n '__asadm_at "function verify"' -l format -x -a 'text nagios prometheus json' -d 'Output format: text for people, nagios for a monitoring plugin, prometheus for the textfile collector, json for programs. [text]'
complete -c asadm -n '__asadm_at "function verify"' -l verify -d 'Also read every library from every node and compare its bytes with the hash that the node lists. This finds damaged files.'
complete -c asadm -n '__asadm_at "function verify"' -l prune -d 'With DIR: also report libraries that nodes list and the directory does not have.'
complete -c asadm -n '__asadm_at "function verify"' -s q -l quiet -d 'Print nothing when no problem is found.'
complete -c asadm -n '__asadm_at "function verify"' -l metrics-file -r -F -d 'Also write the result in the format of Prometheus to FILE, for the textfile collector of node_exporter.'
complete -c asadm -n '__asadm_at "function check"' -l format -x -a 'text nagios prometheus json' -d 'Output format: text for people, nagios for a monitoring plugin, prometheus for the textfile collector, json for programs. [text]'
complete -c asadm -n '__asadm_at "function check"' -l verify -d 'Also read every library from every node and compare its bytes with the hash that the node lists. This finds damaged files.'
complete -c asadm -n '__asadm_at "function check"' -l prune -d 'With DIR: also report libraries that nodes list and the directory does not have.'
complete -c asadm -n '__asadm_at "function check"' -s q -l quiet -d 'Print nothing when no problem is found.'
complete -c asadm -n '__asadm_at "function check"' -l metrics-file -r -F -d 'Also write the result in the format of Prometheus to FILE, for the textfile collector of node_exporter.'
complete -c asadm -n '__asadm_at "function status"' -l watch -d 'Repeat every SECONDS until Ctrl-C. [2]'
complete -c asadm -n '__asadm_at "function status"' -l dir -r -F -d 'Compare every node with the libraries in DIRECTORY, instead of with what most nodes have.'
complete -c asadm -n '__asadm_at "function status"' -l verify -d 'Also read every library from every node, to find nodes that serve other bytes than they list.'
complete -c asadm -n '__asadm_at "function get"' -l node -x -a '(__asadm_offer nodes)' -d 'Read the library from NODE. Needed where the nodes have different versions of it.'
complete -c asadm -n '__asadm_at "function get"' -s o -l output -r -F -d 'Write the library to FILE instead of standard output. FILE is replaced only when all of it was read.'
complete -c asadm -n '__asadm_at "function rollback"' -l to -x -d 'Bring back the content that entry ID of \'function history\' recorded, instead of undoing the latest change.'
complete -c asadm -n '__asadm_at "function rollback"' -l change -x -d 'Undo the change N of \'function history\', instead of the latest change; the ID of any of its entries means it, too.'
complete -c asadm -n '__asadm_at "function rollback"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "function rollback"' -l dry-run -d 'Show what would be changed and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "function rollback"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change. [60]'
complete -c asadm -n '__asadm_at "function rollback"' -l history -r -F -d 'SQLite file that records all changes, for \'function history\' and \'function rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "function rollback"' -l no-history -d 'Do not record this change. \'function rollback\' cannot undo it then.'
complete -c asadm -n '__asadm_at "function rollback"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing libraries at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "function rollback"' -l lock-wait -x -d 'If another run is changing libraries, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "function rollback"' -l verify -d 'After the change, read every library back from every node and compare its bytes.'
complete -c asadm -n '__asadm_at "function rollback"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "function history"' -s m -l module -x -a '(__asadm_offer libraries)' -d 'Show only changes of MODULE.'
complete -c asadm -n '__asadm_at "function history"' -s n -l limit -x -d 'Show the latest COUNT changes; 0: all of them. [20]'
complete -c asadm -n '__asadm_at "function history"' -l of -x -a '(__asadm_offer clusters)' -d 'Show only changes of the cluster whose name in the history is CLUSTER. No inventory is needed for it; --cluster does the same for a cluster of the inventory.'
complete -c asadm -n '__asadm_at "function history"' -l history -r -F -d 'SQLite file that records all changes, for \'function history\' and \'function rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "function remove"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "function remove"' -l dry-run -d 'Show what would be changed and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "function remove"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change. [60]'
complete -c asadm -n '__asadm_at "function remove"' -l history -r -F -d 'SQLite file that records all changes, for \'function history\' and \'function rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "function remove"' -l no-history -d 'Do not record this change. \'function rollback\' cannot undo it then.'
complete -c asadm -n '__asadm_at "function remove"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing libraries at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "function remove"' -l lock-wait -x -d 'If another run is changing libraries, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "function remove"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "function dump"' -l from -x -a '(__asadm_offer nodes)' -d 'Take the libraries of NODE. Needed where the nodes differ.'
complete -c asadm -n '__asadm_at "function dump"' -s o -l out -r -F -d 'Write the payload to FILE instead of standard output.'
complete -c asadm -n '__asadm_at "function dump"' -l portable -d 'Write the payload with version 10. This is what \'function dump\' always does; the flag is needed with FILE, whose libraries are written anew so.'
complete -c asadm -n '__asadm_at "function restore"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "function restore"' -l dry-run -d 'Show what would be changed and exit without changing anything; exit code 3 if there is something to change.'
complete -c asadm -n '__asadm_at "function restore"' -l wait -x -d 'Time limit in seconds for the whole run: reading the nodes, changing them and waiting until they list the change. [60]'
complete -c asadm -n '__asadm_at "function restore"' -l history -r -F -d 'SQLite file that records all changes, for \'function history\' and \'function rollback\'; default: asudf/history.sqlite in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "function restore"' -l no-history -d 'Do not record this change. \'function rollback\' cannot undo it then.'
complete -c asadm -n '__asadm_at "function restore"' -l lock -r -F -d 'Lock file that keeps two runs on this machine from changing libraries at the same time; default: one for each node, in asudf/locks in $XDG_STATE_HOME or ~/.local/state.'
complete -c asadm -n '__asadm_at "function restore"' -l lock-wait -x -d 'If another run is changing libraries, wait up to SECONDS for it to end; 0: fail at once. [0]'
complete -c asadm -n '__asadm_at "function restore"' -l verify -d 'After the change, read every library back from every node and compare its bytes.'
complete -c asadm -n '__asadm_at "function restore"' -l note -x -d 'Text to record with the change in the history, such as a ticket, a commit or the name of a CI job. [the commit of the git work tree that the command runs in]'
complete -c asadm -n '__asadm_at "function kill"' -l node -x -a '(__asadm_offer nodes)' -d 'End what runs on NODE only. Without it: on every node on which something runs.'
complete -c asadm -n '__asadm_at "function kill"' -s y -l yes -d 'Make the change without asking for confirmation. Needed in scripts and cron jobs, where nobody can answer.'
complete -c asadm -n '__asadm_at "function lint"' -l for -x -d 'Check for these servers: valkey-9.1, valkey-8.1, redis-7.0, asudf-1.0 and so on. Can be repeated. [valkey-9.1]'
complete -c asadm -n '__asadm_at "function run"' -l keyspace -r -F -d 'Begin with the keys of this JSON file, instead of none; see below.'
complete -c asadm -n '__asadm_at "function run"' -l after -d 'Show the keys as they are after the call, as JSON in the form of --keyspace.'
complete -c asadm -n '__asadm_at "function run"' -l limit -x -d 'End a function that runs for so long; with --live, wait so long for its reply. [5]'
complete -c asadm -n '__asadm_at "function run"' -l live -d 'Call it on the cluster, at the node that has the keys.'
complete -c asadm -n '__asadm_at "function run"' -l read-only -d 'With --live: by FCALL_RO, which refuses a function that may write.'
complete -c asadm -n '__asadm_at "function run"' -l node -x -a '(__asadm_offer nodes)' -d 'With --live: ask this node first, for servers that are no cluster.'
complete -c asadm -n '__asadm_at "function rdb"' -s o -l out -r -F -d 'Write the RDB file to FILE, which is replaced in one step; \'-\' is standard output, which must not be a terminal. Required.'
complete -c asadm -n '__asadm_at "function rdb"' -l for -x -d 'Check for these servers: valkey-9.1, valkey-8.1, redis-7.0, asudf-1.0 and so on. Can be repeated. [valkey-9.1]'
complete -c asadm -n '__asadm_at "cache clear"' -s q -l quiet -d 'Print nothing when every node succeeds. Otherwise print on standard error one line for each failed node, and one if caches are left off.'
complete -c asadm -n '__asadm_at "cache clear"' -l lock -r -F -d 'Lock FILE during the run, so that only one run at a time clears caches. If another run has the lock, do nothing and exit with 0.'
complete -c asadm -n '__asadm_at "cache clear"' -l lock-wait -x -d 'If another run has the lock, wait up to SECONDS for it; fail if it is still held then.'
complete -c asadm -n '__asadm_at "cache clear"' -l splay -x -d 'Wait a random time of up to SECONDS before starting, so that many machines do not start at the same moment.'
complete -c asadm -n '__asadm_at "cache clear"' -l deadline -x -d 'Stop the run after this many seconds; nodes that have not answered by then count as failed. The last ping and the metrics file come after it.'
complete -c asadm -n '__asadm_at "cache clear"' -l retries -x -d 'Try nodes that failed again, up to N times, with a growing pause between the tries (1 s, 2 s, 4 s, at most 30 s). [0]'
complete -c asadm -n '__asadm_at "cache clear"' -l rewarm -d 'After the clear, turn the Lua caches of real Aerospike servers on again, as \'udf rewarm --yes\' does. Such a server leaves its cache off after a clear.'
complete -c asadm -n '__asadm_at "cache clear"' -l serial -d 'Clear one node after the other, instead of all at once.'
complete -c asadm -n '__asadm_at "cache clear"' -l pause -x -d 'Wait SECONDS between two nodes; implies --serial.'
complete -c asadm -n '__asadm_at "cache clear"' -l ping-url -x -d 'Report to a service that watches cron jobs: a request to URL/start at the start, and to URL or URL/fail at the end. Better set in the environment, because other users can see a command line.'
complete -c asadm -n '__asadm_at "cache clear"' -l metrics-file -r -F -d 'Write the result to FILE in the format of Prometheus, for the textfile collector of node_exporter.'
complete -c asadm -n '__asadm_at "cache clear"' -l dry-run -d 'Only ask every node for its build, and show which nodes would be cleared. Clears nothing, sends no ping and writes no file.'
complete -c asadm -n '__asadm_at "bundle"' -s o -l output -r -F -d 'Write the archive to FILE; - is standard output. [asudf-bundle-CLUSTER-TIME.tar.gz here]'
complete -c asadm -n '__asadm_at "bundle"' -l dir -r -F -d 'Also put in what \'udf plan DIR\' would change. Sources of modules are not put in.'
complete -c asadm -n '__asadm_at "check all"' -s q -l quiet -d 'Print nothing when no problem is found.'
complete -c asadm -n '__asadm_at "check all"' -l config -d 'Also compare the configuration of the nodes of each Aerospike cluster, as \'check config\' does.'
complete -c asadm -n '__asadm_at "check config"' -l baseline -r -F -d 'Compare with FILE: an aerospike.conf, or YAML if its name ends in .yaml or .yml. What it does not name is compared between the nodes.'
complete -c asadm -n '__asadm_at "check config"' -l ignore -x -a '(__asadm_offer parameters)' -d 'Do not compare PARAMETER; \'CONTEXT PARAMETER\' is that of one context, and * stands for any text. Repeatable.'
complete -c asadm -n '__asadm_at "check config"' -l write-baseline -r -F -d 'Write the configuration of the nodes to FILE as YAML, for git, in place of a check; - is standard output.'
complete -c asadm -n '__asadm_at "check config"' -l format -x -a 'text nagios prometheus json' -d 'Output format: text for people, nagios for a monitoring plugin, prometheus for the textfile collector, json for programs. [text]'
complete -c asadm -n '__asadm_at "check config"' -s q -l quiet -d 'Print nothing when no problem is found.'
complete -c asadm -n '__asadm_at "check config"' -l metrics-file -r -F -d 'Also write the result in the format of Prometheus to FILE, for the textfile collector of node_exporter.'
complete -c asadm -n '__asadm_at "schedule print"' -l cron -d 'Print a cron file, to be put into /etc/cron.d.'
complete -c asadm -n '__asadm_at "schedule print"' -l systemd -d 'Print a systemd timer and the service that it starts.'
complete -c asadm -n '__asadm_at "schedule print"' -l unit -x -a 'timer service' -d 'With --systemd: print only this one of the two units.'
complete -c asadm -n '__asadm_at "schedule print"' -l every -x -d 'How often the job runs: a number of minutes (m), hours (h) or days (d). [1h]'
complete -c asadm -n '__asadm_at "schedule print"' -l schedule -x -d 'When the job runs, in place of --every: the five fields of cron (minute, hour, day, month, weekday) or a word such as @daily. It is translated for systemd.'
complete -c asadm -n '__asadm_at "schedule print"' -l user -x -d 'User account that the job runs as. [cron: nobody; systemd: an account made for the unit]'
complete -c asadm -n '__asadm_at "schedule print"' -l name -x -d 'Name of the job: of the cron file or of the units. [asudf- and the words of the command]'
complete -c asadm -n '__asadm_at "schedule print"' -l program -r -F -d 'Path of asadm on the machine that runs the job. [the path of this asadm]'
complete -c asadm -n '__asadm_at "schedule print"' -s q -l quiet -d 'Print nothing when every node succeeds. Otherwise print on standard error one line for each failed node, and one if caches are left off.'
complete -c asadm -n '__asadm_at "schedule print"' -l lock -r -F -d 'Lock FILE during the run, so that only one run at a time clears caches. If another run has the lock, do nothing and exit with 0.'
complete -c asadm -n '__asadm_at "schedule print"' -l lock-wait -x -d 'If another run has the lock, wait up to SECONDS for it; fail if it is still held then.'
complete -c asadm -n '__asadm_at "schedule print"' -l splay -x -d 'Wait a random time of up to SECONDS before starting, so that many machines do not start at the same moment.'
complete -c asadm -n '__asadm_at "schedule print"' -l deadline -x -d 'Stop the run after this many seconds; nodes that have not answered by then count as failed. The last ping and the metrics file come after it.'
complete -c asadm -n '__asadm_at "schedule print"' -l retries -x -d 'Try nodes that failed again, up to N times, with a growing pause between the tries (1 s, 2 s, 4 s, at most 30 s). [0]'
complete -c asadm -n '__asadm_at "schedule print"' -l rewarm -d 'After the clear, turn the Lua caches of real Aerospike servers on again, as \'udf rewarm --yes\' does. Such a server leaves its cache off after a clear.'
complete -c asadm -n '__asadm_at "schedule print"' -l serial -d 'Clear one node after the other, instead of all at once.'
complete -c asadm -n '__asadm_at "schedule print"' -l pause -x -d 'Wait SECONDS between two nodes; implies --serial.'
complete -c asadm -n '__asadm_at "schedule print"' -l ping-url -x -d 'Report to a service that watches cron jobs: a request to URL/start at the start, and to URL or URL/fail at the end. Better set in the environment, because other users can see a command line.'
complete -c asadm -n '__asadm_at "schedule print"' -l metrics-file -r -F -d 'Write the result to FILE in the format of Prometheus, for the textfile collector of node_exporter.'
complete -c asadm -n '__asadm_at "schedule print"' -l verify -d 'Also read every module from every node and compare its bytes with the hash that the node lists. This finds damaged files.'
complete -c asadm -n '__asadm_at "schedule print"' -l prune -d 'With DIR: also report modules that nodes list and the directory does not have.'
complete -c asadm -n '__asadm_at "schedule print"' -l baseline -r -F -d 'Compare with FILE: an aerospike.conf, or YAML if its name ends in .yaml or .yml. What it does not name is compared between the nodes.'
complete -c asadm -n '__asadm_at "schedule print"' -l ignore -x -a '(__asadm_offer parameters)' -d 'Do not compare PARAMETER; \'CONTEXT PARAMETER\' is that of one context, and * stands for any text. Repeatable.'
complete -c asadm -n '__asadm_at "schedule print"' -l config -d 'Also compare the configuration of the nodes of each Aerospike cluster, as \'check config\' does.'
complete -c asadm -n '__asadm_at "top"' -l sort -x -a 'time calls errors' -d 'What comes first: the functions that take the most time, that are called most, or that fail most. [time]'
complete -c asadm -n '__asadm_at "top"' -s n -l interval -x -d 'Seconds between two looks. [2]'
complete -c asadm -n '__asadm_at "top"' -l count -x -d 'End after N tables.'
complete -c asadm -n '__asadm_at "watch"' -l no-diff -d 'Repeat a command every PAUSE seconds (default 2), N times (default: until Ctrl-C), and mark what changed.'
