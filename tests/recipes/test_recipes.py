#!/usr/bin/env python3
"""Carries out the recipes of docs/contributing.md in a scratch copy: test_recipes.py ROOT

A service that reverses datagrams, an endpoint that says pong, a setting of --check-config and a column
of the log with a datagram's first byte are added by touching exactly the files that the recipes list;
the copy is built without a warning and used. Prints TAP.
"""

import csv
import io
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

# Made of the table of settings.
GENERATED = ["packaging/socklens", "packaging/_socklens", "packaging/socklens.fish",
             "packaging/socklens.conf", "docs/socklens.1", "docs/socklens.conf.5"]

BUILD_S = 900
PATIENCE_S = 30

SERVICE = """#include "socklens/service.h"

enum sl_verdict sl_reverse_respond(const struct sl_message *message, struct sl_buffer *out)
{
    size_t before = out->size;

    for (size_t i = message->stored; i > 0; i--) {
        if (sl_buffer_append(out, &message->bytes[i - 1], 1) != 0) {
            out->size = before;
            return SL_NO_MEMORY;
        }
    }
    return SL_ANSWER;
}
"""

ENDPOINT = """#include "api/state.h"

enum sl_step sl_api_ping(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_ping_params asked;
    struct sl_problem problem;
    struct sl_json json;

    if (sl_query_read(&request->query, &asked, &problem) != 0)
        return sl_request_refuse(answer, &problem);
    sl_json_init(&json, &answer->body);
    sl_json_open_array(&json);
    while (asked.times-- > 0)
        sl_json_string(&json, "pong");
    sl_json_close_array(&json);
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}
"""

DESCRIPTION = """    "/api/v1/ping": {"get": {
      "operationId": "ping", "tags": ["gateway"], "summary": "Says pong",
      "parameters": [
        {"name": "times", "in": "query", "description": "How often",
         "schema": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1}}],
      "responses": {
        "200": {"description": "Pong", "content": {"application/json": {
          "schema": {"type": "array", "items": {"type": "string"}}, "example": ["pong"]}}},
        "default": {"$ref": "#/components/responses/Problem"}}}},
"""

SETTING = """
[[group.setting]]
name = "check-repeats"
kind = "number"
help = "lines that --check-config prints"
default = "1"
min = 1
max = 5

[[group.setting]]
name = "check-config"
"""
# Where it takes effect.
SETTING_USER = "src/app/main.c"

STEP = """static const char version_{version}[] =
    "ALTER TABLE messages ADD COLUMN first_byte INTEGER; -- of what was received\\n";

"""
# Where it is set.
COLUMN_SETTER = "src/net/udp_worker.c"


def files_of(recipe, name):
    """What the numbered steps of a recipe name."""
    document = (ROOT / "docs/contributing.md").read_text("utf-8")
    part = re.search(rf"^### {recipe}\n(.*?)(?=^#)", document, re.M | re.S)[1]
    return {step.replace("NAME", name) for step in re.findall(r"^\d+\. `([^`]+)`", part, re.M)}


def replace(copy, file, old, new):
    path = copy / file
    text = path.read_text("utf-8")
    assert old in text, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new, 1), "utf-8")


def add_service(copy):
    (copy / "src/service/reverse.c").write_text(SERVICE)
    replace(copy, "include/socklens/services.h", "sl_chat_respond)",
            "sl_chat_respond)\\\n    X(SL_UDP_REVERSE, \"udp-reverse\", \"udp_reverse\", "
            "\"UDP reverse\", SL_FRAMING_DATAGRAM, 12001, sl_reverse_respond)")


def add_endpoint(copy):
    (copy / "src/api/api_ping.c").write_text(ENDPOINT)
    replace(copy, "src/api/routes.h", "    X(status, ",
            '    X(ping, "GET", "/api/v1/ping", .type = SL_JSON_TYPE, SL_PARAMS(SL_PARAM(ping, times, '
            'UINT, .min = 1, .max = 9, .fallback = "1"))) \\\n    X(status, ')
    replace(copy, "src/api/routes.h", "struct sl_clear_params {",
            "struct sl_ping_params {\n    uint64_t times;\n};\n\nstruct sl_clear_params {")
    replace(copy, "src/api/openapi.json", '    "/api/v1/rates": {',
            DESCRIPTION + '    "/api/v1/rates": {')


def add_setting(copy):
    replace(copy, "include/socklens/config.h", "    uint64_t workers;\n",
            "    uint64_t workers;\n    uint64_t check_repeats;\n")
    replace(copy, "src/settings/options.toml", '\n[[group.setting]]\nname = "check-config"\n', SETTING)
    replace(copy, SETTING_USER, '    printf("%s%sconfiguration is valid',
            "    for (uint64_t i = 0; i < config->check_repeats; i++)\n"
            '        printf("%s%sconfiguration is valid')


def add_column(copy):
    schema = (copy / "src/store/schema.c").read_text("utf-8")
    steps = re.search(r"steps\[\] = \{(.*?)\}", schema, re.S)[1]
    version = len(steps.split(",")) + 1
    replace(copy, "include/socklens/exchange.h", "X(fault_bits, 5)",
            f"X(fault_bits, 5) X(first_byte, {version})")
    replace(copy, "include/socklens/exchange.h", "    uint8_t reserved;\n",
            "    uint8_t first_byte;\n")
    replace(copy, COLUMN_SETTER, "    SL_COLUMN_LIST(SET_TO_0)\n",
            "    SL_COLUMN_LIST(SET_TO_0)\n"
            "    exchange->first_byte = item->size > 0 ? item->bytes[0] : 0;\n")
    head = "/* steps[n] leads "
    replace(copy, "src/store/schema.c", head, STEP.format(version=version) + head)
    replace(copy, "src/store/schema.c", steps, f"{steps}, version_{version}")
    replace(copy, "src/api/openapi.json", '          "fault_bits": {',
            '          "first_byte": {"type": "integer", "description": "Of what was received"},\n'
            '          "fault_bits": {')


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_S, check=False,
                          **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}"
    return done.stdout


def copy_tree(folder):
    """The files that git knows, as they are now, under git of their own."""
    copy = folder / "copy"
    for name in run("git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-z", "--cached", "--others",
                    "--exclude-standard").split("\0"):
        source, target = ROOT / name, copy / name
        if name and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    run("git", "init", "-q", copy)
    run("git", "-C", copy, "add", "-A")
    return copy


def touched(copy):
    """Since it was asked before."""
    run("git", "-C", copy, "add", "--intent-to-add", "-A")
    names = run("git", "-C", copy, "diff", "--name-only").split()
    run("git", "-C", copy, "add", "-A")
    return set(names)


def build(copy, folder):
    tree = folder / "build"
    # The dashboard needs no building for this, and an optimizer warns of more.
    run("meson", "setup", tree, copy, "-Dwerror=true", "-Dbuildtype=debugoptimized")
    run("meson", "compile", "-C", tree, "socklens", "test_api_openapi",
        *(f"generated-{Path(file).name}" for file in GENERATED))
    run(tree / "tests/unit/test_api_openapi")
    return tree / "src/app/socklens"


def exchange(address, payload):
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.sendto(payload, (host, int(port)))
        return sock.recv(100)


def get(address, path):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=PATIENCE_S) as answer:
        return json.load(answer)


def wait_ready(process, path):
    until = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert process.poll() is None and time.monotonic() < until, "it is not ready"
        time.sleep(0.05)
    return {key: found[0] for key, found in json.loads(path.read_text()).items() if found}


def use(executable, folder, log):
    """Returns what the service answered, what the API has of it, what the description has of a
    message, and what the endpoint said."""
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    process = subprocess.Popen(
        [executable, "--udp-reverse", "127.0.0.1:0", "--udp-upper", "none", "--tcp-upper", "none",
         "--tcp-chat", "none", "--http", "127.0.0.1:0", "--store", log,
         "--ready-file", ready], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        addresses = wait_ready(process, ready)
        reply = exchange(addresses["udp_reverse"], b"stressed")
        listed = get(addresses["http"], "/api/v1/messages?service=udp-reverse&after=0&wait=10s")["items"]
        described = get(addresses["http"], "/api/v1/openapi.json")["components"]["schemas"]["Message"]
        pong = get(addresses["http"], "/api/v1/ping?times=2")
    finally:
        process.terminate()
        status = process.wait(PATIENCE_S)
    assert status == 0, f"it ended with {status}"
    return reply, listed, set(described["properties"]), pong


def lacking(executable, folder, name):
    """Where the setting is not told of."""
    texts = {file: (folder / "build" / file).read_text("utf-8") for file in GENERATED}
    for option in ("--help", "--print-config"):
        texts[option] = run(executable, option)
    return [file for file, text in texts.items() if name not in text]


def repeats(executable, folder):
    """How many lines it prints by default, by the command line, the environment and a file."""
    file = folder / "socklens.conf"
    file.write_text("check-repeats = 4\n")
    return [run(executable, "--check-config", *arguments, env=os.environ | variables).count("valid\n")
            for arguments, variables in (
                ([], {}), (["--check-repeats", "2"], {}), ([], {"SOCKLENS_CHECK_REPEATS": "3"}),
                (["--config", file], {}))]


def logged(path):
    database = sqlite3.connect(path)
    try:
        return database.execute("SELECT service, sent_text, first_byte FROM log ORDER BY seq"
                                ).fetchall()
    finally:
        database.close()


def make_old(copy, path):
    """A log that an older version has left: with neither the service's name nor the column."""
    run("sqlite3", path, f".read {copy / 'tests/system/store_version_2.sql'}")


def export(executable, form, log):
    return run(executable, "export", "--format", form, "--store", log)


def exported(executable, log):
    """The column in NDJSON, with None where it is not there, and in CSV."""
    messages = map(json.loads, export(executable, "ndjson", log).splitlines())
    rows = csv.DictReader(io.StringIO(export(executable, "csv", log), newline=""), strict=True)
    return [message.get("first_byte") for message in messages], [row["first_byte"] for row in rows]


def main():
    results = []

    def check(name, holds, said=""):
        results.append(holds)
        print(f"{'ok' if holds else 'not ok'} {len(results)} - {name}", flush=True)
        if not holds:
            print(f"# {said}", flush=True)

    with tempfile.TemporaryDirectory(prefix="socklens-recipes-") as name:
        folder = Path(name)
        copy = copy_tree(folder)
        add_service(copy)
        service = touched(copy)
        add_endpoint(copy)
        endpoint = touched(copy)
        add_setting(copy)
        setting = touched(copy)
        add_column(copy)
        column = touched(copy)
        check("a service takes the files that its recipe lists",
              service == files_of("A service", "reverse"), sorted(service))
        check("an endpoint takes the files that its recipe lists",
              endpoint == files_of("An endpoint", "ping"), sorted(endpoint))
        check("a setting takes the files that its recipe lists, and its user",
              setting == files_of("A setting", "") | {SETTING_USER}, sorted(setting))
        check("a column takes the files that its recipe lists, and its setter",
              column == files_of("A column of the log", "") | {COLUMN_SETTER}, sorted(column))
        executable = build(copy, folder)
        check("all build without a warning, and the endpoint is described", executable.is_file())
        found = lacking(executable, folder, "check-repeats")
        check("help, completions, pages and files have the setting", found == [], found)
        found = repeats(executable, folder)
        check("the setting takes effect from everywhere", found == [1, 2, 3, 4], found)
        log, old = folder / "log.db", folder / "old.db"
        reply, listed, described, pong = use(executable, folder, log)
        check("the service answers", reply == b"desserts", reply)
        check("the API shows its exchange", [m["service"] for m in listed] == ["udp-reverse"], listed)
        check("the endpoint answers", pong == ["pong", "pong"], pong)
        check("the API shows the column", [m.get("first_byte") for m in listed] == [ord("s")], listed)
        check("its description has it", set(listed[0]) <= described, described)
        rows = logged(log)
        check("the log names the service and has the column",
              rows == [("udp-reverse", "desserts", ord("s"))], rows)
        found = exported(executable, log)
        check("exports have the column", found == ([ord("s")], [str(ord("s"))]), found)
        make_old(copy, old)
        found = exported(executable, old)
        check("an older log is read without it", found == ([None] * 3, [""] * 3), found)
        _, listed, *_ = use(executable, folder, old)
        check("an older log goes on with it",
              [m.get("first_byte") for m in listed] == [ord("s")], listed)
        rows = logged(old)
        check("it learns the name and gets the column",
              [row[2] for row in rows[:3]] == [None] * 3
              and rows[3:] == [("udp-reverse", "desserts", ord("s"))], rows)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    ROOT = Path(sys.argv[1]).resolve()
    sys.exit(main())
