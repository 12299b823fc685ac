complete -c socklens-chat -f
complete -c socklens-chat -s s -l server -x -a '(__fish_print_hostnames)' -d 'name or address of the server'
complete -c socklens-chat -s p -l port -x -d 'its port'
complete -c socklens-chat -s w -l wait -x -d 'how long to wait for a reply'
complete -c socklens-chat -s h -l help -d 'print the options'
complete -c socklens-chat -l version -d 'print the version'
