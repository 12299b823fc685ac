complete -c socklens-udp -f
complete -c socklens-udp -s s -l server -x -a '(__fish_print_hostnames)' -d 'name or address of the server'
complete -c socklens-udp -s p -l port -x -d 'its port'
complete -c socklens-udp -s w -l wait -x -d 'how long to wait for a reply'
complete -c socklens-udp -s r -l retries -x -d 'send again that often'
complete -c socklens-udp -s h -l help -d 'print the options'
complete -c socklens-udp -l version -d 'print the version'
