#!/usr/bin/env python3
"""How the log fares on many messages: what memory it takes, and how long one waits for an answer.

Fills a file with --messages exchanges of 32 bytes, at the rate at which one client with UDP_SEGMENT
sends, with one exchange of another client and one of another service among each fifth of them. Then
starts anew on it, so that nothing of it is in memory, and asks. Prints

- the gateway's largest resident memory while it recorded, beside the journal's capacity, and what
  was lost;
- the best of 20 first pages of /messages, and their ratio to those of a file of 5,000;
- for some filters how long all their pages took together, how many there were, and the longest
  that /healthz took meanwhile.

Times are those of this machine; only the ratio and what stands beside it can be compared.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "system"))

from gateway import Gateway, tcp_connect, udp_exchange, wait_until  # noqa: E402

FEW = 5000
PARTS = 5
PAGES = 20
NEEDLE = b"needle"


def timed(call):
    began = time.perf_counter()
    result = call()
    return 1e3 * (time.perf_counter() - began), result


def peak_bytes(pid):
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) * 1024


def is_written(gateway):
    status = gateway.status()
    return status["store"]["newest_seq"] == status["log"]["newest_seq"]


def fill(options, path, count):
    """Returns the gateway's last status and the largest memory it had."""
    with Gateway("--store", path, "--udp-rate", "0") as gateway:
        for _ in range(PARTS):
            subprocess.run([options.load, "udp", "--to", "%s:%d" % gateway.udp, "--gso",
                            "--batch", "64", "--warmup", "0", "--seconds", "600",
                            "--count", str(count // PARTS)],
                           check=True, stdout=subprocess.DEVNULL)
            udp_exchange(gateway.udp, NEEDLE)
            with tcp_connect(gateway.chat) as chat:
                chat.sendall(b"Hi")
                chat.recv(100)
            wait_until(lambda: is_written(gateway), "everything in the file", 600)
        return gateway.status(), peak_bytes(gateway.pid)


def print_memory(status, peak):
    log, store = status["log"], status["store"]
    over = peak - log["capacity_bytes"]
    print(f"recorded {store['messages']:,} messages, lost {store['lost']:,}; resident memory at most "
          f"{peak / 2**20:.0f} MiB, of which the journal may have "
          f"{log['capacity_bytes'] / 2**20:.0f}: {over / 2**20:.0f} besides (at most 64)")


def first_page_ms(path):
    with Gateway("--store", path) as gateway:
        return min(timed(lambda: gateway.fetch("messages"))[0] for _ in range(PAGES))


def all_pages(gateway, query):
    """How many messages all pages have, and how many pages there were."""
    count, pages, cursor = 0, 0, {}
    while cursor is not None:
        page = gateway.fetch("messages", limit=1000, **query, **cursor)
        count, pages = count + len(page["items"]), pages + 1
        cursor = {"cursor": page["page"]["next"]} if page["page"]["has_more"] else None
    return count, pages


def longest_beside(gateway, call):
    """Runs `call`, and returns its time, its result, and the longest /healthz meanwhile."""
    done, longest_ms = [], 0
    thread = threading.Thread(target=lambda: done.append(timed(call)))
    thread.start()
    while thread.is_alive():
        longest_ms = max(longest_ms, timed(lambda: gateway.get("/healthz"))[0])
    thread.join()
    return *done[0], longest_ms


def queries(gateway):
    """Their names, and what to ask."""
    middle = gateway.status()["store"]["newest_seq"] // 2
    since, until = (gateway.fetch(f"messages/{seq}")["received_at"]
                    for seq in (middle, middle + 500))
    yield "one client of few messages", {"client": 2}
    yield "a service of few messages", {"service": "tcp-chat"}
    yield "a moment in the middle", {"since": since, "until": until}
    yield "an outcome that there is not", {"outcome": "send_failed"}
    yield "a size that there is not", {"min_size": 1000}
    yield "a text of few messages", {"text": NEEDLE.decode()}
    yield "a text that there is not", {"text": "not there"}


def print_queries(path):
    print(f"{'all pages of':<34} {'ms':>8} {'found':>8} {'pages':>6} {'longest other, ms':>18}")
    with Gateway("--store", path) as gateway:
        for name, query in queries(gateway):
            took_ms, (count, pages), other_ms = longest_beside(
                gateway, lambda: all_pages(gateway, query))  # noqa: B023
            print(f"{name:<34} {took_ms:>8.0f} {count:>8,} {pages:>6} {other_ms:>18.1f}",
                  flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", required=True, help="sl-load")
    parser.add_argument("--socklens", help="the daemon (default: SOCKLENS_EXE)")
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--folder", help="for the files (default: a temporary one)")
    options = parser.parse_args()
    if options.socklens:
        os.environ["SOCKLENS_EXE"] = options.socklens
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        few, many = os.path.join(folder, "few.db"), os.path.join(folder, "many.db")
        fill(options, few, FEW)
        print_memory(*fill(options, many, options.messages))
        few_ms, many_ms = first_page_ms(few), first_page_ms(many)
        print(f"first page: {few_ms:.1f} ms of {FEW:,} messages, {many_ms:.1f} ms of all, "
              f"ratio {many_ms / few_ms:.2f} (at most 3)", flush=True)
        print_queries(many)


if __name__ == "__main__":
    main()
