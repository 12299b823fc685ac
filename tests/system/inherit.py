#!/usr/bin/env python3
"""Runs a command as systemd does that hands sockets over: inherit.py NAME=FD... -- COMMAND...

The descriptors become 3, 4, ... of the command, and LISTEN_* in its environment says so.
"""

import os
import sys


def main():
    end = sys.argv.index("--")
    names, fds = [], []
    for entry in sys.argv[1:end]:
        name, _, fd = entry.rpartition("=")
        names.append(name)
        fds.append(os.dup(int(fd)))
    # Out of the way first: 3, 4, ... may be among them.
    fds = [os.dup2(fd, 1000 + index) for index, fd in enumerate(fds)]
    for index, fd in enumerate(fds):
        os.dup2(fd, 3 + index, inheritable=True)
        os.close(fd)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)),
                      LISTEN_FDNAMES=":".join(names))
    os.execv(sys.argv[end + 1], sys.argv[end + 1:])


if __name__ == "__main__":
    main()
