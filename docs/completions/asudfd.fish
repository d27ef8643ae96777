# fish completion of asudfd; load it with: asudfd --completion fish | source
function __asudfd_state --description 'The command typed so far, and one a line the words behind it'
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
            case ' '
                set skip perhaps
            case '--config-file' '--config_file' '-h' '--host' '--address' '-p' '--port' '--resp-port' '--resp_port' '--functions' '--udf' '--namespace' '--default-ttl' '--default_ttl' '--cluster-name' '--cluster_name' '--set' '--nodes' '--node-id' '--node_id' '--work-directory' '--work_directory' '--check-config' '--check_config' '--completion' '--bins' '--key' '--key-type' '--key_type' '--set-name' '--set_name' '--arg-string' '--arg_string' '--args-file' '--args_file' '--repeat' '--timeout' '--env' '--log'
                set skip next
            case '-*'
            case '*'
                set -l phrase (string trim -- "$command $word")
                if not set -q given[1]; and contains -- "$phrase" 'run' 'run-with'
                    set command $phrase
                else if contains -- "$command" 'run' 'run-with'
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
function __asudfd_at --description 'Whether the command typed so far is this one'
    set -l line (commandline -cp)
    if test "$line" != "$__asudfd_line" # else it was asked for this Tab: once for each command with options
        set -g __asudfd_line $line
        set -g __asudfd_words (__asudfd_state)
    end
    test "$__asudfd_words[1]" = "$argv[1]"
end
function __asudfd_file --description 'Whether the name of a file comes next'
    set -l given (__asudfd_state)
    set -l command $given[1]
    set -e given[1]
    contains -- "$command $given[-1]" ' '; or contains -- "$command "(count $given) 'run 0' 'run-with 0'
end
function __asudfd_next --description 'The words that may come next'
    set -l given (__asudfd_state)
    set -l command $given[1]
    set -e given[1]
    set -l needs 0
    set -l keywords
    switch "$command"
        case ''
            printf '%s\n' run run-with
    end
    test (count $given) -ge $needs; or return
    contains -- "$given[-1]" $keywords; and return
    for keyword in $keywords
        contains -- $keyword $given; or echo $keyword
    end
end
complete -c asudfd -e
complete -c asudfd -f -a '(__asudfd_next)'
complete -c asudfd -n __asudfd_file -F
complete -c asudfd -l config-file -r -F -d 'Read the configuration from FILE: in the form of aerospike.conf, or as YAML if its name ends in .yaml or .yml. Without it a built-in configuration is used.'
complete -c asudfd -s h -l host -x -d 'Address to listen on, instead of the configuration\'s; any is every address.'
complete -c asudfd -s p -l port -x -d 'Port of the service, or one for each node; 0 lets the system choose.'
complete -c asudfd -l resp-port -x -d 'Serve Valkey\'s protocol, too, on this port, or one for each node; 0 lets the system choose.'
complete -c asudfd -l functions -r -F -d 'Load the Valkey libraries of an RDB file, or of the *.lua files of a directory, before clients are served.'
complete -c asudfd -l udf -r -F -d 'Register the modules of DIR before clients are served, and again whenever a file there is saved; one that is removed is unregistered. For development: what does not compile, and what asadm udf lint finds, is told in the log.'
complete -c asudfd -l namespace -x -d 'A namespace in memory, in place of test and bar; repeatable. Not with a configuration file.'
complete -c asudfd -l default-ttl -x -d 'Time to live of records whose client names none, in every namespace: seconds, or with s m h d; 0 is for ever.'
complete -c asudfd -l cluster-name -x -d 'Name of the cluster.'
complete -c asudfd -l set -x -d 'Set a parameter, on top of the configuration file if there is one: service.cluster-name=demo, namespace.test.default-ttl=30d, namespace.*.nsup-period=10; repeatable.'
complete -c asudfd -l nodes -x -d 'Run N nodes in this process, on consecutive ports, with one set of modules.'
complete -c asudfd -l node-id -x -d 'Id of the node, or of the first of N, instead of the configuration\'s; hexadecimal.'
complete -c asudfd -l work-directory -r -F -d 'Directory of all state; default: asudf in the XDG state directory.'
complete -c asudfd -l check-config -r -F -d 'Check a configuration file and exit.'
complete -c asudfd -l completion -x -a 'bash zsh fish' -d 'Print the completion script of bash, zsh or fish and exit.'
complete -c asudfd -l recover -d 'Repair the work directory when a damaged file keeps the node from starting: keep all that can be read, print what is lost, and exit.'
complete -c asudfd -s V -l version -d 'Print the version and exit.'
complete -c asudfd -l help -d 'Print the help.'
complete -c asudfd -n '__asudfd_at "run"' -l bins -x -d 'The record\'s bins, as a JSON object. Without it there is no record.'
complete -c asudfd -n '__asudfd_at "run"' -l stdin -d 'Read the bins from standard input.'
complete -c asudfd -n '__asudfd_at "run"' -l key -x -d 'The record\'s key, as if the client had sent it with the call.'
complete -c asudfd -n '__asudfd_at "run"' -l key-type -x -a 'auto string integer bytes' -d 'What KEY is: string, integer, bytes (in hexadecimal); auto: an integer where it looks like one, else a string. [auto]'
complete -c asudfd -n '__asudfd_at "run"' -l set-name -x -d 'The set that the record is in.'
complete -c asudfd -n '__asudfd_at "run"' -l arg-string -x -d 'One more argument, a string whatever it looks like; repeatable. It stands behind the others.'
complete -c asudfd -n '__asudfd_at "run"' -l args-file -r -F -d 'Take the arguments from a JSON array; - is standard input.'
complete -c asudfd -n '__asudfd_at "run"' -l trace -d 'Show each line of a module as it runs, and where the function fails the local variables there.'
complete -c asudfd -n '__asudfd_at "run"' -l profile -d 'Show how often each line ran, and how long that took.'
complete -c asudfd -n '__asudfd_at "run"' -l repeat -x -d 'Call it N times, each on the record that the call before has left, and show how long the calls took.'
complete -c asudfd -n '__asudfd_at "run"' -l timeout -x -d 'How long a call may take of the processor. A single call of Lua\'s library is not interrupted by it, but by Ctrl-C. [1]'
complete -c asudfd -n '__asudfd_at "run"' -l json -d 'Print a JSON document.'
complete -c asudfd -n '__asudfd_at "run"' -l no-color -d 'No colours, as with the environment variable NO_COLOR.'
complete -c asudfd -n '__asudfd_at "run-with"' -l config-file -r -F -d 'Read the configuration from FILE; its addresses and ports do not count.'
complete -c asudfd -n '__asudfd_at "run-with"' -l namespace -x -d 'A namespace in memory, in place of test and bar; repeatable. Not with a configuration file.'
complete -c asudfd -n '__asudfd_at "run-with"' -l default-ttl -x -d 'Time to live of records whose client names none, in every namespace: seconds, or with s m h d; 0 is for ever.'
complete -c asudfd -n '__asudfd_at "run-with"' -l cluster-name -x -d 'Name of the cluster.'
complete -c asudfd -n '__asudfd_at "run-with"' -l set -x -d 'Set a parameter, on top of the configuration file if there is one: service.cluster-name=demo, namespace.test.default-ttl=30d, namespace.*.nsup-period=10; repeatable.'
complete -c asudfd -n '__asudfd_at "run-with"' -l address -x -d 'Address to listen on. [127.0.0.1]'
complete -c asudfd -n '__asudfd_at "run-with"' -l nodes -x -d 'Start N nodes, one cluster.'
complete -c asudfd -n '__asudfd_at "run-with"' -l resp -d 'Serve Valkey\'s protocol, too; exports VALKEY_HOST and VALKEY_PORT.'
complete -c asudfd -n '__asudfd_at "run-with"' -l env -x -d 'Export NAME, too; {host}, {port}, {address} and {addresses} in TEMPLATE are those of the node; repeatable.'
complete -c asudfd -n '__asudfd_at "run-with"' -l log -r -F -d 'Write the node\'s log to FILE.'
