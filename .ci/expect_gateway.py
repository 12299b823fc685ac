#!/usr/bin/env python3
"""Waits until the gateway that README's first command has started answers as README says:
expect_gateway.py PID. Building comes first and takes minutes. Fails at once when the process ends."""

import os
import socket
import sys
import time
import urllib.request

LIMIT_S = 600
LOOPBACK = "127.0.0.1"


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def page():
    with urllib.request.urlopen(f"http://{LOOPBACK}:8080/", timeout=5) as answer:
        return answer.read()


def wait_for_page(pid):
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        try:
            return page()
        except OSError:
            pass
        if not is_running(pid):
            sys.exit("the gateway's command has ended before the dashboard answered")
        time.sleep(0.5)
    sys.exit(f"no dashboard on port 8080 after {LIMIT_S} s")


def upper_case_of(text):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(text, (LOOPBACK, 12000))
        return client.recv(2048)


def main():
    if b"<title>socklens" not in wait_for_page(int(sys.argv[1])):
        sys.exit("what answers on port 8080 is not the dashboard")
    if upper_case_of(b"hello") != b"HELLO":
        sys.exit("udp 12000 did not answer hello with HELLO")
    print("the gateway answers: dashboard on 8080, upper case on udp 12000")


if __name__ == "__main__":
    main()
