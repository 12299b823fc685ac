#!/usr/bin/env python3
"""Many event streams at once: what they cost the gateway, and how soon each gets each message.

Opens the streams, and some more that are never read, sends datagrams at a steady rate, and checks
that every stream carries every message once and in order. Prints one line of figures. Memory is
the growth of the gateway's resident memory; what the kernel holds for the sockets is not in it.
`--quick` is for tests: a few streams, and no figure is judged, for the machine may be busy.
"""

import argparse
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from processes import BenchError, Server, cpu_seconds, end_process, finish, start_pinned  # noqa: E402

SLACK_S = 60  # for streams to open and to be read to their end
OTHERS = 32  # connections that are no streams
GAUGE_S = 0.1


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--socklens", required=True)
    parser.add_argument("--reader", required=True, help="the program sl-streams")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--silent", type=int, default=20, help="streams that are never read")
    parser.add_argument("--rate", type=int, default=100, help="messages a second")
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="200 streams for three seconds")
    options = parser.parse_args()
    options.socklens = os.path.abspath(options.socklens)  # it runs elsewhere
    if options.quick:
        options.streams, options.seconds = 200, 3
    return options


def start_gateway(options, folder, cpu):
    most = (options.streams + options.silent) * 4 // 3 + OTHERS
    return Server([options.socklens, "--udp-upper", "127.0.0.1:0", "--http", "127.0.0.1:0",
                   "--tcp-upper", "none", "--tcp-chat", "none", "--store", "memory",
                   "--max-http-connections", str(most), "--ready-file"], {cpu}, folder, "socklens")


def start_reader(options, server, cpu):
    count = options.rate * options.seconds
    reader = start_pinned([options.reader, server.addresses["http"], str(options.streams),
                           str(options.silent), str(count), str(options.seconds + SLACK_S)],
                          {cpu}, stdout=subprocess.PIPE, text=True)
    if not select.select([reader.stdout], [], [], SLACK_S)[0] or \
            reader.stdout.readline() != "ready\n":
        end_process(reader)
        raise BenchError("the streams were not open in time")
    return reader


def send_steadily(options, server):
    """Returns the largest resident memory meanwhile. Each datagram is answered before the next, so
    none is lost."""
    host, _, port = server.addresses["udp_upper"].rpartition(":")
    begin, gauged, largest = time.monotonic(), 0, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(SLACK_S)
        sock.connect((host, int(port)))
        for sent in range(options.rate * options.seconds):
            time.sleep(max(0, begin + sent / options.rate - time.monotonic()))
            sock.send(b"thirty-two bytes, as others have")
            sock.recv(100)
            if time.monotonic() > gauged + GAUGE_S:
                gauged = time.monotonic()
                largest = max(largest, server.resident_bytes())
    return largest


def measure(options, folder):
    cpus = sorted(os.sched_getaffinity(0))
    server = start_gateway(options, folder, cpus[0])
    try:
        alone = server.resident_bytes()
        reader = start_reader(options, server, cpus[-1])
        idle = server.resident_bytes()
        begin, busy = time.monotonic(), cpu_seconds(server.pid)
        largest = send_steadily(options, server)
        cores = (cpu_seconds(server.pid) - busy) / (time.monotonic() - begin)
        report, _ = finish(reader, SLACK_S)
    finally:
        end_process(server.process)
    if reader.returncode != 0 or server.process.returncode != 0:
        raise BenchError(f"streams: {report}\n{server.log_tail()}")
    return json.loads(report) | {"idle_kib": (idle - alone) / 1024, "cores": cores,
                                 "busy_kib": (largest - alone) / 1024}


def main():
    options = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="socklens-streams-") as folder:
        try:
            found = measure(options, folder)
        except BenchError as error:
            print(error)
            return 1
    streams = options.streams + options.silent
    complete = found["messages"] == options.streams * options.rate * options.seconds
    print(f"{options.streams} streams, {options.silent} unread, {options.rate} messages a second: "
          f"{'all delivered' if complete else 'MISSED some'} ({found['messages']} messages, "
          f"{found['gaps']} gaps), after {found['p50_us'] / 1000:.0f} ms (median), "
          f"{found['p90_us'] / 1000:.0f} ms (90 %), {found['p99_us'] / 1000:.0f} ms (99 %); "
          f"{found['cores']:.2f} cores; memory {found['idle_kib'] / streams:.0f} KiB a stream "
          f"idle, {found['busy_kib'] / streams:.0f} KiB busy")
    return 0 if complete or options.quick else 1


if __name__ == "__main__":
    sys.exit(main())
