complete -c socklens-tcp -f
complete -c socklens-tcp -s s -l server -x -a '(__fish_print_hostnames)' -d 'name or address of the server'
complete -c socklens-tcp -s p -l port -x -d 'its port'
complete -c socklens-tcp -s w -l wait -x -d 'how long to wait for a reply'
complete -c socklens-tcp -s h -l help -d 'print the options'
complete -c socklens-tcp -l version -d 'print the version'
