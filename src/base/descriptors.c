/* Keeps descriptors 0, 1 and 2 occupied. open(2) and socket(2) give the lowest free number, so a
 * program that was started with standard error closed would otherwise write its log into a
 * socket. */
#include "socklens/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

void sl_descriptors_keep_standard(void)
{
    /* open(2) takes the lowest number that is free: the loop fills them from below. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return;
}
