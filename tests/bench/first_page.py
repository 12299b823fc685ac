"""How the first page of /messages and a search that finds nothing fare on many rows.

    PYTHONPATH=tests/system SOCKLENS_EXE=build/src/app/socklens BUILD_ROOT=build \\
        python3 tests/bench/first_page.py [ROWS]

Prints the best of 20 first pages on 5,000 rows and on ROWS (default 5,000,000, made by copying
those), their ratio, and the longest that /healthz took while a search went through all of them.
"""

import os
import sqlite3
import sys
import tempfile
import threading
import time

from gateway import Gateway, udp_exchange

FEW = 5000


def timed(call):
    began = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - began)


def first_page_ms(path):
    with Gateway("--store", path) as gateway:  # none of it is in memory
        return min(timed(lambda: gateway.fetch("messages")) for _ in range(20))


def multiply(path, rows):
    db = sqlite3.connect(path)
    names = [row[1] for row in db.execute("PRAGMA table_info(messages)") if row[1] != "seq"]
    rest, have = ",".join(names), FEW
    while have < rows:
        with db:
            db.execute(f"INSERT INTO messages (seq, {rest}) SELECT seq + ?, {rest} FROM messages "
                       "WHERE seq <= ?", (have, rows - have))
        have = min(2 * have, rows)
    db.close()


def search_beside(path):
    with Gateway("--store", path) as gateway:
        search = threading.Thread(target=lambda: gateway.fetch("messages", text="not there"))
        search.start()
        longest_ms = 0
        while search.is_alive():
            longest_ms = max(longest_ms, timed(lambda: gateway.get("/healthz")))
        search.join()
        return longest_ms


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "messages.db")
        with Gateway("--store", path) as gateway:
            for _ in range(FEW):
                udp_exchange(gateway.udp, b"x" * 32)
        few_ms = first_page_ms(path)
        multiply(path, rows)
        many_ms = first_page_ms(path)
        print(f"first page: {few_ms:.1f} ms on {FEW:,} rows, {many_ms:.1f} ms on {rows:,}, "
              f"ratio {many_ms / few_ms:.2f}")
        print(f"longest other request beside a search: {search_beside(path):.1f} ms")


if __name__ == "__main__":
    main()
