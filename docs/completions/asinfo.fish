# fish completion of asinfo; load it with: asinfo --completion fish | source
function __asinfo_state --description 'The command typed so far, and one a line the words behind it'
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
            case '-P' '--password' '--tls-keyfile-password' '--tls_keyfile_password'
                set skip perhaps
            case '-v' '--value' '--timeout' '-h' '--host' '-p' '--port' '-U' '--user' '--auth' '-t' '--tls-name' '--tls_name' '--tls-cafile' '--tls_cafile' '--tls-capath' '--tls_capath' '--tls-protocols' '--tls_protocols' '--tls-cipher-suite' '--tls_cipher_suite' '--tls-keyfile' '--tls_keyfile' '--tls-certfile' '--tls_certfile' '--config-file' '--config_file' '--only-config-file' '--only_config_file' '--instance' '--tls-cert-blacklist' '--tls_cert_blacklist' '--completion'
                set skip next
            case '-*'
            case '*'
                set -l phrase (string trim -- "$command $word")
                if not set -q given[1]; and contains -- "$phrase" ' '
                    set command $phrase
                else if contains -- "$command" ' '
                    set -a given $word
                else if contains -- "$phrase" ' '
                    set another $word
                else if not string match -qr '^[0-9.]+$' -- $word # what watch takes
                    set command '?'
                end
        end
    end
    test -n "$command"; or set command $another
    printf '%s\n' "$command" $given
end
function __asinfo_at --description 'Whether the command typed so far is this one'
    set -l line (commandline -cp)
    if test "$line" != "$__asinfo_line" # else it was asked for this Tab: once for each command with options
        set -g __asinfo_line $line
        set -g __asinfo_words (__asinfo_state)
    end
    test "$__asinfo_words[1]" = "$argv[1]"
end
function __asinfo_file --description 'Whether the name of a file comes next'
    set -l given (__asinfo_state)
    set -l command $given[1]
    set -e given[1]
    contains -- "$command $given[-1]" ' '; or contains -- "$command "(count $given) ' '
end
function __asinfo_next --description 'The words that may come next'
    set -l given (__asinfo_state)
    set -l command $given[1]
    set -e given[1]
    set -l needs 0
    set -l keywords
    switch "$command"
    end
    test (count $given) -ge $needs; or return
    contains -- "$given[-1]" $keywords; and return
    for keyword in $keywords
        contains -- $keyword $given; or echo $keyword
    end
end
complete -c asinfo -e
complete -c asinfo -f -a '(__asinfo_next)'
complete -c asinfo -n __asinfo_file -F
complete -c asinfo -s v -l value -x -a 'alumni-clear-std best-practices build build_arch build_ee_sha build_os build_sha build_time cluster-generation cluster-name cluster-stable compatibility-id debug-record debug-record-meta digests dump-cluster dump-fabric dump-hb dump-hlc dump-migrates dump-rw dump-skew dump-wb-summary edition endpoints eviction-reset feature-key features get-config get-sl get-stats health-outliers health-stats help histogram index-pressure jem-stats jobs latencies log log-message log-set logs masking mcast name namespace namespaces node objects partition-generation partition-info partitions peers-clear-alt peers-clear-std peers-generation peers-tls-alt peers-tls-std physical-devices query-abort query-abort-all query-show quiesce quiesce-undo rack-ids racks rebalance-generation recluster release replicas revive roster roster-set scan-abort scan-abort-all service service-clear-alt service-clear-std service-tls-alt service-tls-std services services-alternate services-alumni services-alumni-reset set-config set-log sets sindex sindex-create sindex-delete sindex-exists sindex-list sindex-stat smd-info smd-show statistics status thread-traces tip tip-clear truncate truncate-namespace truncate-namespace-undo truncate-undo udf-cache-stats udf-clear-cache udf-get udf-list udf-lock udf-put udf-remove udf-stats udf-unlock undun unsupported user-agents version xdr-command' -d 'Info command; repeat it to send several in one request; - reads them from standard input, one per line.'
complete -c asinfo -s l -l line-separator -d 'Print each field of an answer on a line of its own; fields end at ; or : or ,.'
complete -c asinfo -s j -l json -d 'Print node, status, answers and elapsed milliseconds as JSON.'
complete -c asinfo -l raw -d 'Print only the exact bytes of the answers.'
complete -c asinfo -l timeout -x -d 'Timeout in seconds for the whole request: name resolution, connect, login and reply. [5]'
complete -c asinfo -s h -l host -x -d 'Addresses of the nodes; IPv6 as [v6]:port. [127.0.0.1]'
complete -c asinfo -s p -l port -x -d 'Port of hosts without one. [3000]'
complete -c asinfo -s U -l user -x -d 'Log in as NAME.'
complete -c asinfo -s P -l password -d 'env:VARIABLE, file:PATH or the password itself; without a value: prompt.'
complete -c asinfo -l auth -x -a 'INTERNAL EXTERNAL EXTERNAL_INSECURE PKI' -d 'Authentication: INTERNAL, EXTERNAL, EXTERNAL_INSECURE or PKI. [INTERNAL]'
complete -c asinfo -l tls-enable -d 'Use TLS.'
complete -c asinfo -s t -l tls-name -x -d 'Name that the server certificate must have. [the host]'
complete -c asinfo -l tls-cafile -r -F -d 'File of trusted CA certificates. [those of the system]'
complete -c asinfo -l tls-capath -r -F -d 'Directory of trusted CA certificates.'
complete -c asinfo -l tls-protocols -x -d 'TLS versions, in the form of Apache\'s SSLProtocol. [+TLSv1.2 +TLSv1.3]'
complete -c asinfo -l tls-cipher-suite -x -d 'Ciphers to offer, in OpenSSL\'s format.'
complete -c asinfo -l tls-keyfile -r -F -d 'Private key of the client certificate.'
complete -c asinfo -l tls-keyfile-password -d 'Password of the private key, given as for --password.'
complete -c asinfo -l tls-certfile -r -F -d 'Client certificate and its chain.'
complete -c asinfo -l tls-crl-check -d 'Refuse a revoked server certificate.'
complete -c asinfo -l tls-crl-check-all -d 'Refuse a revoked certificate anywhere in the chain.'
complete -c asinfo -l config-file -r -F -d 'Read PATH after the default files; its settings override theirs.'
complete -c asinfo -l only-config-file -r -F -d 'Read only PATH.'
complete -c asinfo -l no-config-file -d 'Read no configuration file.'
complete -c asinfo -l instance -x -d 'Read section [cluster_NAME] instead of [cluster].'
complete -c asinfo -l completion -x -a 'bash zsh fish' -d 'Print the completion script of bash, zsh or fish.'
complete -c asinfo -s V -l version -d 'Print the version.'
complete -c asinfo -l help -d 'Print the help.'
