/* Facts about port numbers: UDP services that answer anything (IANA's registry), and why bind(2)
 * says EADDRINUSE. The latter comes from /proc/net/tcp (proc(5)), which shows connections in
 * TIME_WAIT that no socket call reports. */
#include "socklens/port.h"

#include <stdio.h>
#include <unistd.h>

/* IANA's port numbers. */
bool sl_port_reflects(uint16_t port)
{
    switch (port) {
    case 7:     /* echo */
    case 13:    /* daytime */
    case 17:    /* quote of the day */
    case 19:    /* chargen */
    case 37:    /* time */
    case 53:    /* DNS */
    case 69:    /* TFTP */
    case 111:   /* portmapper */
    case 123:   /* NTP */
    case 137:   /* NetBIOS name service */
    case 161:   /* SNMP */
    case 389:   /* connectionless LDAP */
    case 520:   /* RIP */
    case 1900:  /* SSDP */
    case 5353:  /* multicast DNS */
    case 11211: /* memcached */
        return true;
    default:
        return false;
    }
}

#define LISTEN 0x0au /* the states in /proc/net/tcp, as in <netinet/tcp.h> */

/* Adds what one line tells. A connection that no program has (inode 0) is left over. */
static void take_line(const char *line, uint16_t port, bool *listened, unsigned long *left)
{
    unsigned local, state;
    unsigned long ticks, inode;

    if (sscanf(line, "%*u: %*[0-9A-Fa-f]:%x %*[^ ] %x %*[^ ] %*x:%lx %*x %*u %*u %lu", &local,
               &state, &ticks, &inode) != 4 ||
        local != port)
        return;
    *listened = *listened || state == LISTEN;
    if (inode == 0 && ticks > *left)
        *left = ticks;
}

unsigned sl_port_time_wait_in(const char *const *paths, size_t count, uint16_t port)
{
    long ticks_a_second = sysconf(_SC_CLK_TCK);
    unsigned long left = 0;
    bool listened = false;
    char line[512];

    for (size_t i = 0; i < count; i++) {
        FILE *file = fopen(paths[i], "re");

        while (file && fgets(line, sizeof(line), file))
            take_line(line, port, &listened, &left);
        if (file)
            fclose(file);
    }
    if (listened || left == 0 || ticks_a_second <= 0)
        return 0;
    return (unsigned)(left / (unsigned long)ticks_a_second) + 1;
}

void sl_port_in_use(uint16_t port, char text[SL_PORT_TEXT_SIZE])
{
    static const char *const paths[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    unsigned seconds = sl_port_time_wait_in(paths, 2, port);

    if (seconds > 0)
        snprintf(text, SL_PORT_TEXT_SIZE,
                 "nobody listens there, but a program that has ended left connections in "
                 "TIME_WAIT, without SO_REUSEADDR: free in %u s; until then",
                 seconds);
    else
        snprintf(text, SL_PORT_TEXT_SIZE, "another socklens?");
}
