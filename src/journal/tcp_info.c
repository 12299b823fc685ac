/* What the kernel knows of a connection (TCP_INFO, tcp(7)). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "journal/registry.h"

void sl_tcp_info_read(int fd, struct sl_tcp_info *info)
{
    struct tcp_info kernel = {0};
    socklen_t size = sizeof(kernel);

    *info = (struct sl_tcp_info){0};
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &kernel, &size) != 0)
        return;
    *info = (struct sl_tcp_info){
        .valid = 1,
        .state = kernel.tcpi_state,
        .rtt_us = kernel.tcpi_rtt,
        .rttvar_us = kernel.tcpi_rttvar,
        .retransmits = kernel.tcpi_retransmits,
        .total_retransmits = kernel.tcpi_total_retrans,
        .lost = kernel.tcpi_lost,
        .unacked = kernel.tcpi_unacked,
        .snd_cwnd = kernel.tcpi_snd_cwnd,
        .snd_mss = kernel.tcpi_snd_mss,
        .rcv_mss = kernel.tcpi_rcv_mss,
    };
}
