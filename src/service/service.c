#include "socklens/service.h"

static const struct sl_service services[SL_SERVICE_COUNT] = {
    [SL_UDP_UPPER] =
        {
            .id = SL_UDP_UPPER,
            .option = "udp-upper",
            .key = "udp_upper",
            .title = "UDP uppercase",
            .stream = false,
            .framing = SL_FRAMING_DATAGRAM,
            .default_port = 12000,
            .respond = sl_uppercase_respond,
        },
    [SL_TCP_UPPER] =
        {
            .id = SL_TCP_UPPER,
            .option = "tcp-upper",
            .key = "tcp_upper",
            .title = "TCP uppercase",
            .stream = true,
            .framing = SL_FRAMING_ONCE,
            .default_port = 12000,
            .respond = sl_uppercase_respond,
        },
    [SL_TCP_CHAT] =
        {
            .id = SL_TCP_CHAT,
            .option = "tcp-chat",
            .key = "tcp_chat",
            .title = "TCP chat",
            .stream = true,
            .framing = SL_FRAMING_CHAT,
            .default_port = 1060,
            .respond = sl_chat_respond,
        },
};

const struct sl_service *sl_service_get(enum sl_service_id id)
{
    return &services[id];
}
