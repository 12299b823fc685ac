# bash completion for socklens and its clients

_socklens_options="--udp-upper --tcp-upper --tcp-chat --http --bind --http-open --token-file
    --tls-cert --tls-key --allow-host --allow-target --store --retain-messages --retain-bytes
    --retain-age --journal-size --workers --max-connections --max-connections-per-address
    --max-http-connections --max-udp-clients --closed-clients --tcp-idle --udp-idle --udp-rate
    --transcript --ready-file --log-level --log-format --config --check-config --print-config
    --healthcheck --version --help"
_socklens_client_options="--server --port --wait --help --version"

# In bash, "--name=value" is three words: "--name", "=", "value".
_socklens() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}

    COMPREPLY=()
    if [ "$word" = "=" ]; then
        word=
    elif [ "$before" = "=" ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $1:$before in
    *:--config | *:--ready-file | *:--store | *:--token-file | *:--tls-*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    *:--log-level) mapfile -t COMPREPLY < <(compgen -W "error warning info debug" -- "$word") ;;
    *:--log-format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word") ;;
    *:--server | *:-s) mapfile -t COMPREPLY < <(compgen -A hostname -- "$word") ;;
    *socklens-udp:*) _socklens_words "$word" "$_socklens_client_options --retries" ;;
    *socklens-tcp:* | *socklens-chat:*) _socklens_words "$word" "$_socklens_client_options" ;;
    *) _socklens_words "$word" "$_socklens_options" ;;
    esac
}

_socklens_words() {
    case $1 in
    -*) mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1") ;;
    esac
}

complete -F _socklens socklens socklens-udp socklens-tcp socklens-chat
