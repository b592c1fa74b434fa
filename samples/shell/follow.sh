#!/bin/sh
# Follows Quill's letters, each event exactly once into a file, whatever breaks. Usage: follow.sh NAME [START]
#
# NAME is the durable's name (partner-something); the file is NAME.tsv. START is a sequence number or a time such as
# 2026-05-14T09:30:00Z, for a new durable. The file is the effect and the memory in one: a line that is there was handled.
# Needs the command of NATS (https://github.com/nats-io/natscli), which takes NATS_URL, NATS_USER and NATS_PASSWORD.
set -eu
name=${1:?usage: follow.sh NAME [START]}
start=${2:-}
store=$name.tsv
tab=$(printf '\t')

ask() {
    nats --inbox-prefix=_INBOX_partner --timeout=2s "$@" 2>/dev/null
}

beginning() {
    case $start in
    '') ;;
    *[!0-9]*) printf ',"deliver_policy":"by_start_time","opt_start_time":"%s"' "$start" ;;
    *) printf ',"deliver_policy":"by_start_sequence","opt_start_seq":%s' "$start" ;;
    esac
}

create() {
    filter='quill.letters.v1.>'
    config="\"name\":\"$name\",\"durable_name\":\"$name\",\"filter_subject\":\"$filter\""
    config="$config,\"ack_policy\":\"explicit\",\"ack_wait\":10000000000$(beginning)"
    ask request --raw "\$JS.API.CONSUMER.CREATE.LETTERS.$name.$filter" "{\"stream_name\":\"LETTERS\",\"config\":{$config}}"
}

handle() { # ID SUBJECT DATA
    if ! grep -q "^$1$tab" "$store"; then
        printf '%s\t%s\t%s\n' "$@" >>"$store"
        sync "$store"
        echo "$@"
    fi
}

touch "$store"
[ -z "$(tail -c 1 "$store")" ] || sed -i '$d' "$store" # a crash may have cut the last line off
until answer=$(create) && [ -n "$answer" ]; do sleep 1; done
case $answer in *'"error"'*) echo "$answer" >&2 && exit 1 ;; esac

while true; do
    message=$(ask consumer next LETTERS "$name" --no-ack) || { sleep 0.2 && continue; } # none there, or the broker is away
    # The first line says: [time] subj: SUBJECT / tries: N / cons seq: N / str seq: N / pending: N
    place=$(echo "$message" | sed -n '1s|.* subj: \(.*\) / tries: \(.*\) / cons seq: \(.*\) / str seq: \(.*\) / .*|\1 \2 \4 \3|p')
    [ -n "$place" ] || continue # a message of the server about itself
    id=$(echo "$message" | sed -n 's/^  ce-id: //p')
    handle "$id" "${place%% *}" "$(echo "$message" | tail -n 1)"
    tries_and_numbers=$(echo "${place#* }" | tr ' ' .)
    ask request --raw "\$JS.ACK.LETTERS.$name.$tries_and_numbers.0.0" +ACK >/dev/null || true # else it comes again
done
