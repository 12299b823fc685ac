/* sl-bare-udp READY_FILE: recvmmsg, ASCII upper case, sendmmsg. */
#include "bare.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    BATCH = 64,
    BUFFER_BYTES = 65536,
    /* Buffers that are a power of two apart would all compete for the same few cache lines. */
    STRIDE_BYTES = BUFFER_BYTES + 3 * 64,
};

struct batch {
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_in peers[BATCH];
};

static void batch_make(struct batch *batch, char *buffers)
{
    for (size_t i = 0; i < BATCH; i++) {
        batch->parts[i] = (struct iovec){buffers + i * STRIDE_BYTES, BUFFER_BYTES};
        batch->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->peers[i],
            .msg_namelen = sizeof(batch->peers[i]),
            .msg_iov = &batch->parts[i],
            .msg_iovlen = 1,
        };
    }
}

static void batch_answer(struct batch *batch, int fd, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        batch->parts[i].iov_len = batch->messages[i].msg_len;
        sl_bare_upper(batch->parts[i].iov_base, batch->parts[i].iov_len);
    }
    for (unsigned int done = 0; done < count;) {
        int sent = sendmmsg(fd, batch->messages + done, count - done, 0);

        done += sent > 0 ? (unsigned int)sent : 1; /* the first one cannot be sent: leave it out */
    }
    for (unsigned int i = 0; i < count; i++) {
        batch->parts[i].iov_len = BUFFER_BYTES;
        batch->messages[i].msg_hdr.msg_namelen = sizeof(batch->peers[i]);
    }
}

int main(int argc, char **argv)
{
    static struct batch batch;
    char *buffers = malloc((size_t)BATCH * STRIDE_BYTES);
    int fd = sl_bare_socket(SOCK_DGRAM);

    if (argc != 2 || !buffers)
        return 2;
    batch_make(&batch, buffers);
    sl_bare_announce(argv[1], "udp_upper", fd);
    for (;;) {
        int count = recvmmsg(fd, batch.messages, BATCH, MSG_WAITFORONE, NULL);

        if (count < 0 && errno != EINTR)
            sl_bare_die("recvmmsg");
        if (count > 0)
            batch_answer(&batch, fd, (unsigned int)count);
    }
}
