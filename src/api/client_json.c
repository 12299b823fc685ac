/* A client as JSON: the same for lists, single clients and events. */
#include "api/client_json.h"

#include "socklens/message_json.h"

const char *sl_transport_name(enum sl_transport transport)
{
    switch (transport) {
    case SL_UDP:
        return "udp";
    case SL_TCP:
        return "tcp";
    case SL_UNIX:
        break;
    }
    return "unix";
}

/* The names of the kernel's numbers (include/net/tcp_states.h). */
static const char *tcp_state_name(unsigned state)
{
    static const char *const names[] = {
        "UNKNOWN", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",   "TIME_WAIT",
        "CLOSE",   "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV"};

    return state < sizeof(names) / sizeof(names[0]) ? names[state] : names[0];
}

static void number(struct sl_json *json, const char *key, uint64_t value)
{
    sl_json_key(json, key);
    sl_json_uint(json, value);
}

static void text(struct sl_json *json, const char *key, const char *value)
{
    sl_json_key(json, key);
    if (value)
        sl_json_string(json, value);
    else
        sl_json_null(json);
}

static void side(struct sl_json *json, const char *key, uint64_t messages, uint64_t bytes)
{
    sl_json_key(json, key);
    sl_json_open_object(json);
    number(json, "messages", messages);
    number(json, "bytes", bytes);
    sl_json_close_object(json);
}

void sl_counters_json(struct sl_json *json, const struct sl_counters *counters)
{
    side(json, "received", counters->received_messages, counters->received_bytes);
    side(json, "sent", counters->sent_messages, counters->sent_bytes);
    number(json, "refused", counters->refused);
    number(json, "unanswered", counters->unanswered);
}

void sl_client_add_tcp_info(struct sl_registry *registry, struct sl_client_view *view)
{
    struct sl_client_view now;

    if (view->open && view->transport == SL_TCP && sl_registry_get(registry, view->id, &now))
        view->tcp = now.tcp;
}

static void names(struct sl_json *json, const struct sl_client_view *view, const char *listener)
{
    number(json, "id", view->id);
    text(json, "service", sl_service_id_name(view->service));
    text(json, "transport", sl_transport_name(view->transport));
    text(json, "listener", listener);
    sl_json_key(json, "address");
    sl_address_json(json, &view->peer);
    sl_json_key(json, "local_address");
    if (view->transport == SL_UNIX && listener)
        sl_json_string(json, listener);
    else
        sl_address_json(json, &view->local);
}

static void life(struct sl_json *json, const struct sl_client_view *view)
{
    text(json, "state", view->open ? "open" : "closed");
    sl_json_key(json, "opened_at");
    sl_json_time(json, view->opened_at_ns);
    sl_json_key(json, "last_seen_at");
    sl_json_time(json, view->last_seen_at_ns);
    sl_json_key(json, "closed_at");
    if (view->open)
        sl_json_null(json);
    else
        sl_json_time(json, view->closed_at_ns);
    text(json, "closed_by", view->open ? NULL : sl_closed_by_name(view->closed_by));
    text(json, "close_reason", view->open ? NULL : sl_close_reason_name(view->close_reason));
}

static void tcp_info(struct sl_json *json, const struct sl_tcp_info *tcp)
{
    sl_json_key(json, "tcp_info");
    if (!tcp->valid) {
        sl_json_null(json);
        return;
    }
    sl_json_open_object(json);
    text(json, "state", tcp_state_name(tcp->state));
    number(json, "rtt_us", tcp->rtt_us);
    number(json, "rttvar_us", tcp->rttvar_us);
    number(json, "retransmits", tcp->retransmits);
    number(json, "total_retransmits", tcp->total_retransmits);
    number(json, "lost", tcp->lost);
    number(json, "unacked", tcp->unacked);
    number(json, "snd_cwnd", tcp->snd_cwnd);
    number(json, "snd_mss", tcp->snd_mss);
    number(json, "rcv_mss", tcp->rcv_mss);
    sl_json_close_object(json);
}

static void pending(struct sl_json *json, const struct sl_client_view *view)
{
    sl_json_key(json, "pending");
    if (view->pending == 0) {
        sl_json_null(json);
        return;
    }
    sl_json_open_object(json);
    number(json, "size", view->pending);
    sl_json_key(json, "since");
    sl_json_time(json, view->pending_since_ns);
    sl_json_close_object(json);
}

static void members(struct sl_json *json, const struct sl_client_view *view, const char *listener)
{
    names(json, view, listener);
    life(json, view);
    sl_json_key(json, "test");
    sl_json_bool(json, view->test);
    sl_counters_json(json, &view->counters);
    pending(json, view);
    sl_json_key(json, "rtt_us");
    if (view->tcp.valid)
        sl_json_uint(json, view->tcp.rtt_us);
    else
        sl_json_null(json);
}

void sl_client_json(struct sl_json *json, const struct sl_client_view *view,
                    const struct sl_registry *registry)
{
    sl_json_open_object(json);
    members(json, view, sl_registry_listener_name(registry, view->listener));
    sl_json_close_object(json);
}

void sl_client_detail_json(struct sl_json *json, const struct sl_client_view *view,
                           const char *listener)
{
    sl_json_open_object(json);
    members(json, view, listener);
    tcp_info(json, &view->tcp);
    sl_json_close_object(json);
}
