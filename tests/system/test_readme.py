"""README.md and docs/ do what they say: each block is run, or stands in a list with what runs it.

The blocks run in order, as one reader would type them, in a network of their own, where the
their ports are free. A `console` block's output is compared, with … for what may be anything.
"""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from gateway import clean_environment, wait_until

ROOT = Path(__file__).resolve().parents[2]
# In the order in which somebody reads on.
PAGES = ["README.md", *(f"docs/{name}.md" for name in (
    "dashboard", "servers", "faults", "api", "operate", "performance", "architecture", "contributing"))]
README_MAX = 8192  # bytes: what a newcomer reads in one go
PATIENCE_S = 30

# Blocks that are not run here: the file that runs each of their lines. A line may be made of words
# that stand there too, "..." among them for the rest.
ELSEWHERE = {
    "packaging/build-and-test": (".ci/run", ["packaging/build-and-test"]),
    "This message:": ("tests/system/test_transcript.py", ["This message:  hello from client1"]),
    "server {": ("tests/system/test_http_proxy.py", ['self.block("nginx")']),
    "lab.example {": ("tests/system/test_http_proxy.py", ['self.block("caddyfile")']),
    "docker compose": ("tests/image/test-image", ["def check_compose(", "docker/compose.yaml", '"up", "-d"']),
    "docker build": ("tests/image/test-image", ["def check_readme("]),
    "packaging/build-package": ("tests/package/test-package", [
        "packaging/build-package", '"install", "/root/socklens.deb"', "systemctl enable --now socklens;"]),
    "sudo systemctl enable": ("tests/package/test-package", [
        "systemctl enable --now socklens-udp-upper.socket socklens-tcp-upper.socket"
        " socklens-tcp-chat.socket\n", "systemctl reload socklens"]),
}
# What goes on until somebody stops it, and takes the ports: run in a network of its own.
GOES_ON = ("packaging/build-and-run", "socklens --bind")
LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z (?:info|warning|error|debug) .*\n", re.MULTILINE)
UNTIL_STOPPED = "# live, until Ctrl-C"

STAND_INS = {
    # The same program, without what a machine that runs tests has installed and built already.
    "packaging/build-and-run": 'exec build/src/app/socklens "$@"',
    # Shows what a person would see, then has one more message come, so that curl notices the end.
    "bin/wireshark": '[ "$*" = "-d udp.port==12000,data -k -i -" ] && tshark -d udp.port==12000,data -r - -c 2 2>/dev/null && exec </dev/null &&'
                     " echo end | nc -u -w1 127.0.0.1 12000",
    "bin/meson": """case "$*" in
        "setup build" | "compile -C build") ;;
        "compile -C build screenshots") grep -q "'screenshots'" "$ROOT/tests/browser/meson.build" ;;
        "test -C build --suite unit") test -d "$ROOT/tests/unit" ;;
        *) exit 2 ;; esac""",
    "bin/ninja": '[ "$*" = "-C build clang-format" ] && test -f "$ROOT/.clang-format"',
    ".ci/run": 'test -x "$ROOT/.ci/run"',
}


def blocks():
    """(language, text) of each fenced block."""
    text = "".join((ROOT / page).read_text("utf-8") for page in PAGES)
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(block):
    """(command, what it shows) of each prompt in a console block."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    return [tuple(part.split("\n", 1)) for part in parts[1:]]


def pattern_of(text):
    """A regular expression in which … is anything, and a line of it alone any lines or none."""
    pattern = re.escape(text.strip())
    return pattern.replace(re.escape("…\n"), "(?:.*\n)?").replace("…", ".*")


def elsewhere(text):
    return next((where for start, where in ELSEWHERE.items() if text.startswith(start)), None)


def goes_on(text):
    return text.startswith(GOES_ON)


def raise_loopback():
    import fcntl
    import struct
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack("16sH14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def own_network():
    """The command that gives a network of its own, or None where nothing does."""
    for command in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return None


class Reader:
    """Somebody at a shell in a clone of the project, who has just built it."""

    def __init__(self, network, clone=None):
        self.folder = Path(tempfile.mkdtemp(prefix="socklens-readme-"))
        self.started = 0
        self.stuck = False  # of no use any more
        self.home = self.folder / "home"
        self.home.mkdir()
        self.clone = clone or self.make_clone(self.folder / "socklens")
        env = clean_environment(str(self.home)) | {
            "ROOT": str(ROOT)}
        del env["SOCKLENS_STORE"]
        env["PATH"] = f"{self.clone}/bin:{env['PATH']}"
        self.shell = subprocess.Popen(
            [*network, sys.executable, __file__, "--shell"], cwd=self.clone, env=env,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)

    @staticmethod
    def make_clone(folder):
        folder.mkdir()
        (folder / "build").symlink_to(os.environ["BUILD_ROOT"])
        for name, script in STAND_INS.items():
            file = folder / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"#!/bin/sh\n{script}\n")
            file.chmod(0o755)
        return folder

    def close(self):
        self.shell.stdin.close()
        try:
            os.killpg(self.shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.shell.wait()
        self.shell.stdout.close()
        shutil.rmtree(self.folder)

    def type(self, text):
        self.shell.stdin.write(text.encode() + b"\n")
        self.shell.stdin.flush()

    def run(self, text):
        """(status, what it shows)"""
        self.type(f"{{ {text}\n}} </dev/null; printf '\\n=%d=end=\\n' $?")
        shown = self._read_until(rb"\n=(\d+)=end=\n", text)
        return int(shown[1]), self.told(shown.string[:shown.start()])

    def _read_until(self, end, text):
        data = b""
        deadline = time.monotonic() + PATIENCE_S
        while not (match := re.search(end, data)):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.shell.stdout], [], [], left)[0]:
                self.stuck = True
                raise AssertionError(f"{text!r} did not end: {data!r}")
            part = os.read(self.shell.stdout.fileno(), 65536)
            if not part:
                self.stuck = True
                raise AssertionError(f"{text!r} ended the shell: {data!r}")
            data += part
        return match

    def start(self, text, wanted):
        """Runs what goes on, and waits until it has shown that."""
        self.started += 1
        file = self.folder / f"shown-{self.started}"
        file.touch()
        self.type(f"{text} </dev/null >{file} 2>&1 &")
        try:
            wait_until(lambda: re.fullmatch(wanted, self.told(file.read_bytes()).strip(),
                                            re.DOTALL), "as it says", PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{text} shows: {self.told(file.read_bytes())}") from error

    def told(self, data):
        """As README has it: without the log's lines, which may come before it is looked at."""
        text = data.decode("utf-8", "backslashreplace").replace(str(self.home), "/home/you")
        return LOG_LINE.sub("", text)


class Readme(unittest.TestCase):
    maxDiff = None

    def reader(self, clone=None):
        """In the same clone as another, but with network and home of its own."""
        reader = Reader(self.network, clone)
        self.addCleanup(reader.close)
        return reader

    def setUp(self):
        self.network = own_network()
        if self.network is None:
            self.skipTest("nothing here gives a network of its own (unshare --net)")

    def test_every_block_does_what_it_says(self):
        reader = self.reader()
        for language, text in blocks():
            if reader.stuck:
                break
            with self.subTest(text.split("\n")[0]):
                if elsewhere(text):
                    self.check_elsewhere(text)
                elif language == "sh":
                    self.check_script(reader, text)
                elif language == "console":
                    self.check_session(reader, text)
                elif language == "json":
                    self.check_message(reader, text)
                else:
                    self.assertEqual(language, "text", "a block whose language says nothing")
                    self.assertIn("──▶", text, "a block that nothing checks")

    def test_the_list_has_no_leftovers(self):
        texts = [text for _, text in blocks()]
        for start in ELSEWHERE:
            self.assertEqual(len([text for text in texts if text.startswith(start)]), 1, start)

    def check_elsewhere(self, text):
        name, words = elsewhere(text)
        held = (ROOT / name).read_text("utf-8")
        for part in words:
            self.assertTrue(part in held, f"{name} does not hold {part!r}")

    def check_script(self, reader, text):
        if goes_on(text):
            alone = self.reader(reader.clone)
            alone.run("PATH=$PWD/build/src/app:$PATH")
            alone.start(text.split("#")[0].strip(), ".*Dashboard       https?://127.0.0.1:8080/.*")
            return
        status, shown = reader.run(f"( set -e\n{text})")
        self.assertEqual(status, 0, shown)

    def check_session(self, reader, text):
        for command, wanted in commands(text):
            if goes_on(command):
                reader.start(command, pattern_of(wanted))
            elif command.endswith(UNTIL_STOPPED):
                reader.start(command.removesuffix(UNTIL_STOPPED), pattern_of(wanted))
                reader.run("kill $!")
            else:
                shown = reader.run(command)[1]
                if not re.fullmatch(pattern_of(wanted), shown.strip(), re.DOTALL):
                    self.assertEqual(shown, wanted, command)

    def check_message(self, reader, text):
        """The example has the parts that a message really has."""
        _, shown = reader.run("curl -s 'http://127.0.0.1:8080/api/v1/messages?limit=1&outcome=replied'"
                              ' | python3 -c \'import json, sys; print(json.dumps('
                              'json.load(sys.stdin)["items"][0]))\'')
        self.assertEqual(self.parts(text), self.parts(shown))

    def parts(self, text):
        def walk(value):
            if isinstance(value, dict):
                return {name: walk(entry) for name, entry in value.items()}
            return type(value).__name__
        import json
        return walk(json.loads(text))


class Pages(unittest.TestCase):
    def test_all_are_read(self):
        self.assertEqual(sorted(PAGES[1:]),
                         sorted(str(page.relative_to(ROOT)) for page in ROOT.glob("docs/*.md")))
        self.assertLess((ROOT / "README.md").stat().st_size, README_MAX)

    def test_links_lead_somewhere(self):
        for page in PAGES:
            text = (ROOT / page).read_text("utf-8")
            for target, part in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text):
                with self.subTest(page, link=f"{target}#{part}"):
                    file = (ROOT / page).parent / target if target else ROOT / page
                    self.assertTrue(file.exists())
                    heads = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.M) if part else []
                    self.assertTrue(not part or part in [h.lower().replace(" ", "-") for h in heads])


class Words(unittest.TestCase):
    """docs/api.md defines each outcome, close reason and figure as the API's description does."""

    def test_definitions(self):
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with open(os.path.join(root, "src/api/openapi.json"), encoding="utf-8") as file:
            schemas = json.load(file)["components"]["schemas"]
        with open(os.path.join(root, "docs/api.md"), encoding="utf-8") as file:
            lines = set(file.read().splitlines())
        rows = [("`refused`", schemas["Refused"]["description"]),
                ("`unanswered`", schemas["Unanswered"]["description"]),
                ("`received`, `sent`", schemas["Traffic"]["description"])]
        for name in ("Outcome", "CloseReason"):
            words = dict(re.findall(r"`([\w-]+)`: ([^;]+)", schemas[name]["description"]))
            self.assertEqual(set(words), set(schemas[name]["enum"]) - {None})
            rows += [(f"`{word}`", meaning) for word, meaning in words.items()]
        for word, meaning in rows:
            self.assertIn(f"| {word} | {meaning} |", lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["--shell"]:
        raise_loopback()
        os.execvp("bash", ["bash", "--noprofile", "--norc"])
    unittest.main()
