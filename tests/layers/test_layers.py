#!/usr/bin/env python3
"""Tries layers.py on small trees, each with one thing right or wrong. Prints TAP."""

import subprocess
import sys
import tempfile
from pathlib import Path

CHECK = Path(__file__).with_name("layers.py")

HOUSE = {
    "include/socklens/text.h": "",
    "include/socklens/exchange.h": '#include "socklens/text.h"\n',
    "include/socklens/net.h": '#include "socklens/exchange.h"\n',
    "include/socklens/tail.h": "",
    "src/base/text.c": '#include "socklens/text.h"\n#include <stdio.h>\n',
    "src/journal/tail.c": '#include "socklens/tail.h"\n',
    "src/net/wire.h": "",
    "src/net/udp.c": '#include "net/wire.h"\n#include "wire.h"\n#include "socklens/net.h"\n',
    "src/store/rows.c": "#include <sqlite3.h>\n",
    "src/httpd/daemon.c": '#include <microhttpd.h>\n#include "socklens/text.h"\n',
    "src/httpd/document.c": "#include <cjson/cJSON.h>\n",
    "src/app/main.c": '#include "socklens/net.h"\n#include "socklens/text.h"\n',
    "src/clients/udp.c": '#include "socklens/text.h"\n',
}

# What it shows, the files that differ from HOUSE, and a part of the complaint (None: no complaint).
CASES = [
    ("a house in order passes", {}, None),
    (
        "base may not see journal",
        {"src/base/text.c": '#include "socklens/exchange.h"\n'},
        "src/base/text.c:1: socklens/exchange.h: base may not see journal",
    ),
    (
        "a contract is held to the rule of its room",
        {"include/socklens/tail.h": '\n#include "socklens/net.h"\n'},
        "include/socklens/tail.h:2: socklens/net.h: journal may not see net",
    ),
    (
        "store may not see net beside it",
        {"src/store/rows.c": '#  include "socklens/net.h"\n'},
        "store may not see net",
    ),
    (
        "the HTTP server knows no message",
        {"src/httpd/daemon.c": '#include "socklens/exchange.h"\n'},
        "src/httpd/daemon.c:1: socklens/exchange.h: httpd may not see journal",
    ),
    (
        "a client sees base only",
        {"src/clients/udp.c": '#include "socklens/tail.h"\n'},
        "clients may not see journal",
    ),
    (
        "a room's own header stays in the room",
        {"src/httpd/daemon.c": '#include "net/wire.h"\n'},
        "src/httpd/daemon.c:1: net/wire.h: it is private to net",
    ),
    (
        "a path around the corner is still private",
        {"src/app/main.c": '#include "../net/wire.h"\n'},
        "../net/wire.h: it is private to net",
    ),
    (
        "only store sees SQLite",
        {"src/app/main.c": "#include <sqlite3.h>\n"},
        "only store may see sqlite3.h",
    ),
    (
        "only httpd sees libmicrohttpd",
        {"src/net/udp.c": "#include <microhttpd.h>\n"},
        "only httpd may see microhttpd.h",
    ),
    (
        "only httpd sees GnuTLS",
        {"src/net/tls.c": "#include <gnutls/gnutls.h>\n"},
        "only httpd may see gnutls/gnutls.h",
    ),
    (
        "only app and httpd see cJSON",
        {"src/export/rows.c": "#include <cjson/cJSON.h>\n"},
        "only app and httpd may see cjson/cJSON.h",
    ),
    (
        "one file in httpd sees cJSON",
        {"src/httpd/daemon.c": "#include <cJSON.h>\n"},
        "only one file of a room may include cJSON.h: src/httpd/daemon.c, src/httpd/document.c",
    ),
    (
        "a contract of nobody is reported",
        {"include/socklens/lost.h": ""},
        "include/socklens/lost.h: no room has a lost.c",
    ),
    (
        "a contract that two rooms could own is reported",
        {"src/net/tail.c": ""},
        "include/socklens/tail.h: both journal and net have a tail.c",
    ),
    (
        "a contract in angle brackets does not slip through",
        {"src/base/text.c": "#include <socklens/net.h>\n"},
        'write "socklens/net.h" in quotes',
    ),
    (
        "a header that is not there is reported",
        {"src/base/text.c": '#include "gone.h"\n'},
        "src/base/text.c:1: gone.h does not exist",
    ),
    (
        "modules that include each other are reported",
        {"src/app/main.c": '#include "app/one.h"\n', "src/app/one.h": '#include "app/two.h"\n',
         "src/app/two.h": "", "src/app/two.c": '#include "app/one.h"\n'},
        "src/app: a circle of one, two",
    ),
    (
        "a contract counts as its source",
        {
            "src/journal/tail.c": '#include "socklens/tail.h"\n#include "journal/end.h"\n',
            "src/journal/end.h": '#include "socklens/tail.h"\n',
        },
        "src/journal: a circle of end, tail",
    ),
    (
        "what is reached by two ways is no circle",
        {
            "src/net/near.h": '#include "net/far.h"\n#include "net/wire.h"\n',
            "src/net/far.h": '#include "net/wire.h"\n',
        },
        None,
    ),
    ("an unknown room is reported", {"src/attic/old.c": ""}, "src/attic/old.c: no such room"),
]


def run_on(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run(
            [sys.executable, CHECK, folder], capture_output=True, text=True, check=False
        )


def try_case(files, complaint):
    done = run_on(HOUSE | files)
    if complaint is None:
        return done.returncode == 0, done
    # One cause, one complaint.
    return (
        done.returncode == 1 and complaint in done.stdout and "\n1 violations" in done.stdout
    ), done


def main():
    print(f"1..{len(CASES) + 1}")
    failed = 0
    for number, (name, files, complaint) in enumerate(CASES, 1):
        passed, done = try_case(files, complaint)
        print(f"{'ok' if passed else 'not ok'} {number} - {name}")
        if not passed:
            failed += 1
            print("".join(f"# {line}\n" for line in (done.stdout + done.stderr).splitlines()))
    empty = run_on({"src/readme.txt": ""})
    passed = empty.returncode != 0
    print(f"{'ok' if passed else 'not ok'} {len(CASES) + 1} - a tree without sources does not pass")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
