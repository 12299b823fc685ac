# bash completion for socklens and its clients

_socklens_options="--udp-upper --tcp-upper --tcp-chat --http --bind --http-open --token-file
    --tls-cert --tls-key --allow-host --allow-origin --allow-target --store --retain-messages --retain-bytes
    --retain-age --journal-size --workers --max-connections --max-connections-per-address
    --max-http-connections --max-udp-clients --closed-clients --tcp-gap --tcp-idle --udp-idle --udp-rate
    --transcript --ready-file --log-level --log-format --config --check-config --print-config
    --healthcheck --version --help"
_socklens_export_options="--format --store --output --service --client --outcome --after --since --until --text
    --hex --min-size
    --service-not --client-not --address --address-not --port --port-not --outcome-not
    --max-size --min-received --max-received --min-sent --max-sent --help"
_socklens_client_options="--server --port --wait --ipv4 --ipv6 --verbose --help --version"
_socklens_stream_options="--bind --lf --crlf --shutdown"

# In bash, "--name=value" is three words: "--name", "=", "value".
_socklens() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}

    COMPREPLY=()
    if [ "$word" = "=" ]; then
        word=
    elif [ "$before" = "=" ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [ "${COMP_WORDS[1]:-}" = export ] && [ "$COMP_CWORD" -gt 1 ]; then
        _socklens_export "$word" "$before"
        return
    fi
    case $1:$before in
    *:--config | *:--ready-file | *:--store | *:--token-file | *:--tls-*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    *:--log-level) mapfile -t COMPREPLY < <(compgen -W "error warning info debug" -- "$word") ;;
    *:--log-format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word") ;;
    *:--server | *:-s) mapfile -t COMPREPLY < <(compgen -A hostname -- "$word") ;;
    socklens:socklens | */socklens:*/socklens) _socklens_words "$word" "$_socklens_options" export ;;
    *socklens-udp:*) _socklens_words "$word" "$_socklens_client_options --retries" ;;
    *socklens-tcp:* | *socklens-chat:*) _socklens_words "$word" "$_socklens_client_options $_socklens_stream_options" ;;
    *) _socklens_words "$word" "$_socklens_options" ;;
    esac
}

_socklens_export() {
    case $2 in
    --store | --output | -o) mapfile -t COMPREPLY < <(compgen -f -- "$1") ;;
    --format) mapfile -t COMPREPLY < <(compgen -W "ndjson csv spreadsheet pcapng" -- "$1") ;;
    --service) mapfile -t COMPREPLY < <(compgen -W "udp-upper tcp-upper tcp-chat" -- "$1") ;;
    *) _socklens_words "$1" "$_socklens_export_options" ;;
    esac
}

# _socklens_words WORD OPTIONS [COMMANDS]
_socklens_words() {
    case $1 in
    -*) mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "${3:-}" -- "$1") ;;
    esac
}

complete -F _socklens socklens socklens-udp socklens-tcp socklens-chat
