/* The voice follows from the service's framing, so that a new service has one:
 *   datagrams   the UDP server with arguments: text and sender of each message
 *   chat        each connection, message and end
 *   once        the TCP uppercase server, which prints one line at its start and then nothing
 * What the course's servers do not know (refusals, time-outs, cut messages) is said in lines of the
 * same kind that none of theirs can be mistaken for. The course's chat server has one client at a
 * time; while ours has several, a line that does not name its client gets the address in front. */
#include "app/transcript_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "socklens/service.h"
#include "socklens/text.h"

/* As Python prints it: a pair, or the path of a Unix socket. */
struct place {
    char text[160];
};

static struct place listener_place(const struct sl_listener_info *listener)
{
    struct place place;

    if (listener->transport == SL_UNIX)
        snprintf(place.text, sizeof(place.text), "'%s'", listener->name + strlen("unix:"));
    else
        sl_address_format_python(&listener->address, place.text);
    return place;
}

static struct place address_place(const struct sl_address *address,
                                  const struct sl_listener_info *unix_listener)
{
    struct place place;

    if (unix_listener && unix_listener->transport == SL_UNIX)
        return listener_place(unix_listener);
    sl_address_format_python(address, place.text);
    return place;
}

static size_t chat_count(const struct sl_transcript_chats *chats)
{
    return chats->clients.size / sizeof(uint64_t);
}

static uint64_t chat_at(const struct sl_transcript_chats *chats, size_t index)
{
    uint64_t client;

    memcpy(&client, chats->clients.data + index * sizeof(client), sizeof(client));
    return client;
}

/* Without memory a chat is left out: then its company may lack an address in front. */
static void add_chat(struct sl_transcript_chats *chats, uint64_t client)
{
    (void)sl_buffer_append(&chats->clients, &client, sizeof(client));
}

static void remove_chat(struct sl_transcript_chats *chats, uint64_t client)
{
    for (size_t i = chat_count(chats); i-- > 0;) {
        if (chat_at(chats, i) != client)
            continue;
        uint64_t last = chat_at(chats, chat_count(chats) - 1);
        memcpy(chats->clients.data + i * sizeof(last), &last, sizeof(last));
        chats->clients.size -= sizeof(last);
    }
}

static bool has_company(const struct sl_transcript_chats *chats, uint64_t client)
{
    size_t count = chat_count(chats);

    return count > 1 || (count == 1 && chat_at(chats, 0) != client);
}

void sl_transcript_chats_deinit(struct sl_transcript_chats *chats)
{
    sl_buffer_deinit(&chats->clients);
}

/* "ADDRESS: " where other chats are open too. The clients of a Unix socket have only a number. */
static int append_speaker(struct sl_buffer *out, const struct sl_transcript_chats *chats,
                          const struct sl_listener_info *listener, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;

    if (!has_company(chats, exchange->client))
        return 0;
    if (listener->transport == SL_UNIX)
        return sl_buffer_printf(out, "Client %" PRIu64 ": ", exchange->client);
    return sl_buffer_printf(out, "%s: ", address_place(&exchange->peer, NULL).text);
}

static const char *no_reply_reason(uint8_t outcome)
{
    switch ((enum sl_outcome)outcome) {
    case SL_REPLY_TOO_LARGE:
        return "it is too large for a datagram";
    case SL_REFUSED_OWN_LISTENER:
        return "the message came from one of this server's own ports";
    case SL_REFUSED_REFLECTING_PORT:
        return "the message came from a port that answers everything";
    case SL_REFUSED_NOT_UNICAST:
        return "the address is not that of one host";
    case SL_REFUSED_RATE_LIMIT:
        return "the address sends too many messages";
    case SL_SEND_FAILED:
        return "the system could not send it";
    case SL_PEER_GONE:
        return "the client has gone";
    case SL_AFTER_CLOSE:
        return "the conversation had ended";
    case SL_UNFINISHED:
        return "the connection ended in the middle of the line";
    case SL_REFUSED_LOOP:
        return "the client sends back each reply at once";
    case SL_LOST:
        return "a fault rule took the message";
    case SL_REPLY_LOST:
        return "a fault rule took it";
    case SL_REPLIED:
    case SL_OUTCOME_COUNT:
        break;
    }
    return NULL;
}

/* "LEAD text\n", and a note where the message is longer than what was kept of it. */
static int append_message(struct sl_buffer *out, const char *lead, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    int failed = sl_buffer_append_text(out, lead);

    failed |= sl_text_escape(sl_record_received(record), exchange->received_stored, out);
    if (exchange->received_size > exchange->received_stored)
        failed |= sl_buffer_printf(out, " [the first %" PRIu32 " of %" PRIu64 " bytes]",
                                   exchange->received_stored, exchange->received_size);
    return failed | sl_buffer_append_text(out, "\n");
}

static int append_no_reply(struct sl_buffer *out, const struct sl_record *record)
{
    const char *reason = no_reply_reason(record->exchange.outcome);

    return reason ? sl_buffer_printf(out, "No reply sent: %s\n", reason) : 0;
}

static int append_datagram(struct sl_buffer *out, const struct sl_record *record)
{
    struct place peer = address_place(&record->exchange.peer, NULL);
    int failed = append_message(out, "This message:  ", record);

    failed |= sl_buffer_printf(out, "is received from: %s\n", peer.text);
    return failed | append_no_reply(out, record);
}

static int append_listening(struct sl_buffer *out, const struct sl_listener_info *listener)
{
    struct place place = listener_place(listener);

    return sl_buffer_printf(out, "Listening at %s\n", place.text);
}

/* These lines have the address already, but for a Unix socket. */
static int append_connected(struct sl_buffer *out, const struct sl_transcript_chats *chats,
                            const struct sl_listener_info *listener, const struct sl_record *record)
{
    struct place peer = address_place(&record->exchange.peer, NULL);
    struct place local = address_place(&record->exchange.local, listener);
    bool is_unix = listener->transport == SL_UNIX;
    int failed = is_unix ? append_speaker(out, chats, listener, record) : 0;

    failed |= sl_buffer_printf(out, "The server now is connected to: %s\n", peer.text);
    failed |= is_unix ? append_speaker(out, chats, listener, record) : 0;
    return failed |
           sl_buffer_printf(out, "Socket connects between %s and %s\n", local.text, peer.text);
}

/* What stands before ", Server socket closed"; only Exit has the course's own words. */
static int append_reason(struct sl_buffer *out, uint8_t reason, const char *peer)
{
    switch ((enum sl_close_reason)reason) {
    case SL_CLOSE_EXIT:
    case SL_CLOSE_ANSWERED:
        return sl_buffer_append_text(out, "Reply sent");
    case SL_CLOSE_EOF:
        return sl_buffer_printf(out, "Client %s closed without Exit", peer);
    case SL_CLOSE_RESET:
        return sl_buffer_printf(out, "Client %s broke the connection", peer);
    case SL_CLOSE_IDLE_TIMEOUT:
        return sl_buffer_printf(out, "Client %s was silent too long", peer);
    case SL_CLOSE_DISCONNECTED:
        return sl_buffer_printf(out, "Client %s was disconnected by the operator", peer);
    case SL_CLOSE_SHUTDOWN:
        return sl_buffer_printf(out, "Client %s was disconnected as the server stops", peer);
    case SL_CLOSE_UNFINISHED:
        return sl_buffer_printf(out, "Client %s held too much of the server's memory", peer);
    case SL_CLOSE_ERROR:
    case SL_CLOSE_FORGOTTEN:
    case SL_CLOSE_EVICTED:
    case SL_CLOSE_REASON_COUNT:
        break;
    }
    return sl_buffer_printf(out, "Client %s was disconnected, the server is out of memory", peer);
}

static int append_closed(struct sl_buffer *out, const struct sl_transcript_chats *chats,
                         const struct sl_listener_info *listener, const struct sl_record *record)
{
    struct place peer = address_place(&record->exchange.peer, NULL);
    struct sl_closing closing;
    int failed = 0;

    if (record->exchange.received_stored < sizeof(closing))
        return 0;
    memcpy(&closing, sl_record_received(record), sizeof(closing));
    /* The other reasons have the address in their line. */
    if (listener->transport == SL_UNIX || closing.reason == SL_CLOSE_EXIT ||
        closing.reason == SL_CLOSE_ANSWERED)
        failed = append_speaker(out, chats, listener, record);
    failed |= append_reason(out, closing.reason, peer.text);
    failed |= sl_buffer_append_text(out, ", Server socket closed\n");
    if (closing.reason != SL_CLOSE_SHUTDOWN)
        failed |= append_listening(out, listener);
    return failed;
}

static int append_chat_message(struct sl_buffer *out, const struct sl_transcript_chats *chats,
                               const struct sl_listener_info *listener,
                               const struct sl_record *record)
{
    int failed = append_speaker(out, chats, listener, record);

    failed |= append_message(out, "Received Message from Client: ", record);
    if (no_reply_reason(record->exchange.outcome))
        failed |= append_speaker(out, chats, listener, record) | append_no_reply(out, record);
    return failed;
}

static int append_chat(struct sl_buffer *out, struct sl_transcript_chats *chats,
                       const struct sl_listener_info *listener, const struct sl_record *record)
{
    const struct sl_exchange *exchange = &record->exchange;
    int failed = 0;

    switch ((enum sl_record_kind)record->kind) {
    case SL_RECORD_OPENED:
        remove_chat(chats, exchange->client); /* after a gap the registry may have named it */
        add_chat(chats, exchange->client);
        return append_connected(out, chats, listener, record);
    case SL_RECORD_EXCHANGE:
        return append_chat_message(out, chats, listener, record);
    case SL_RECORD_CLOSED:
        failed = append_closed(out, chats, listener, record);
        remove_chat(chats, exchange->client);
    }
    return failed;
}

/* All or nothing: a line that stops in its middle would join the next one. */
static int finish(struct sl_buffer *out, size_t size_before, int failed)
{
    if (!failed)
        return 0;
    out->size = size_before;
    return -ENOMEM;
}

int sl_transcript_start(struct sl_buffer *out, const struct sl_registry *registry)
{
    size_t size_before = out->size;
    int failed = 0;

    for (size_t i = 0; i < sl_registry_listener_count(registry); i++) {
        const struct sl_listener_info *listener = sl_registry_listener(registry, i);
        const struct sl_service *service = sl_service_get(listener->service);

        failed |= service->framing == SL_FRAMING_CHAT
                      ? append_listening(out, listener)
                      : sl_buffer_append_text(out, "The server is ready to receive\n");
    }
    return finish(out, size_before, failed);
}

int sl_transcript_record(struct sl_buffer *out, struct sl_transcript_chats *chats,
                         const struct sl_registry *registry, const struct sl_record *record)
{
    size_t size_before = out->size;
    enum sl_framing framing = sl_service_get(record->exchange.service)->framing;
    int failed = 0;

    if (framing == SL_FRAMING_DATAGRAM && record->kind == SL_RECORD_EXCHANGE)
        failed = append_datagram(out, record);
    else if (framing == SL_FRAMING_CHAT)
        failed = append_chat(out, chats, sl_registry_listener(registry, record->exchange.listener),
                             record);
    return finish(out, size_before, failed);
}

static bool add_open_chat(void *context, const struct sl_client_view *view)
{
    if (sl_service_get(view->service)->framing == SL_FRAMING_CHAT)
        add_chat(context, view->id);
    return true;
}

int sl_transcript_gap(struct sl_buffer *out, struct sl_transcript_chats *chats,
                      struct sl_registry *registry, const struct sl_gap *gap)
{
    chats->clients.size = 0;
    sl_registry_walk(registry, true, false, add_open_chat, chats);
    return sl_buffer_printf(out, "[messages not shown, as they came too fast: %" PRIu64 "]\n",
                            gap->to - gap->from + 1);
}
