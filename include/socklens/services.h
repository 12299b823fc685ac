/* All services, one row each. To add one: write its `respond` function (see service.h) and give it
 * a row here. Command line, listeners, ready file, API, log and dashboard take it from the list.
 *
 * A row: constant, name (command line and API), key (ready file and configuration), title for
 * people, framing (enum sl_framing), default port, and the function that answers. Numbers are kept
 * in files: append only. */
#ifndef SOCKLENS_SERVICES_H
#define SOCKLENS_SERVICES_H

#define SL_SERVICE_LIST(X)                                                                         \
    X(SL_UDP_UPPER, "udp-upper", "udp_upper", "UDP uppercase", SL_FRAMING_DATAGRAM, 12000,         \
      sl_uppercase_respond)                                                                        \
    X(SL_TCP_UPPER, "tcp-upper", "tcp_upper", "TCP uppercase", SL_FRAMING_ONCE, 12000,             \
      sl_uppercase_respond)                                                                        \
    X(SL_TCP_CHAT, "tcp-chat", "tcp_chat", "TCP chat", SL_FRAMING_CHAT, 1060, sl_chat_respond)

#endif
