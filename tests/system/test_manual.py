"""Man pages, completions and the example config against --help, so that they cannot drift."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from gateway import clean_environment, executable

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
PROGRAMS = {"socklens": "SOCKLENS_EXE", "socklens-udp": "SOCKLENS_UDP",
            "socklens-tcp": "SOCKLENS_TCP", "socklens-chat": "SOCKLENS_CHAT"}
# A command of the first has a page as if it were a program.
PAGES = [*PROGRAMS, "socklens-export"]


def run(*command):
    with tempfile.TemporaryDirectory(prefix="socklens-test-") as home:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False,
                              env=clean_environment(home))


def help_options(program):
    """{long name: default or None} as --help has them; None too where it takes several words."""
    command = ["export"] if program == "socklens-export" else []
    variable = PROGRAMS["socklens" if command else program]
    text = run(executable(variable), *command, "--help").stdout
    options = {}
    for row in re.split(r"^(?= +(?:-\w, )?--\w)", text, flags=re.M)[1:]:
        row = row.partition("\n\n")[0]
        name = re.match(r" +(?:-\w, )?--([\w-]+)", row)[1]
        default = re.search(r"\(default (\S+)\)", row) or (
            program != "socklens" and re.search(r"\((\S+)\)\s*$", row))
        options[name] = default[1] if default else None
    return options


def page_items(page, pattern):
    """{name: default or None} of the items in a man page whose head matches."""
    items = {}
    for item in re.split(r"^\.It ", (ROOT / "docs/man" / page).read_text("utf-8"), flags=re.M)[1:]:
        head = re.match(pattern, item)
        if head:
            text = re.split(r"^\.(?:El|Ss|Sh)", item, flags=re.M)[0]
            default = re.search(r"Default:\s+\.\w\w (\S+)", text)
            items[head[1]] = default[1] if default else None
    return items


def file_keys():
    """What may stand in a config file: the gateway itself says it, key by key."""
    options = help_options("socklens")
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("".join(f"{name} = ?\n" for name in options))
        file.flush()
        done = run(executable("SOCKLENS_EXE"), "--config", file.name, "--check-config")
    refused = set(re.findall(r'"([\w-]+)" is for the command line', done.stderr))
    return {name: default for name, default in options.items() if name not in refused}


class Manual(unittest.TestCase):
    maxDiff = None

    def test_pages_have_the_options_of_help(self):
        for program in PAGES:
            with self.subTest(program):
                options = help_options(program)
                self.assertIn("help", options)
                items = page_items(program + ".1", r"(?:Fl \w , )?Fl Fl ([\w-]+)")
                self.assertEqual(items, options)

    def test_config_page_has_the_keys_of_a_file(self):
        self.assertEqual(page_items("socklens.conf.5", r"Cm ([\w-]+)\n"), file_keys())

    def test_example_config_has_the_keys_of_a_file(self):
        text = (PACKAGING / "socklens.conf").read_text("utf-8")
        lines = dict(re.findall(r"^#([\w-]+) = (.+)$", text, re.M))
        keys = file_keys()
        self.assertEqual(set(lines), set(keys))
        for name, default in keys.items():
            if default:
                self.assertEqual(lines[name], default, name)

    def check_config(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(text)
            file.flush()
            done = run(executable("SOCKLENS_EXE"), "--config", file.name, "--check-config")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_example_config_is_valid_as_it_stands_and_uncommented(self):
        text = (PACKAGING / "socklens.conf").read_text("utf-8")
        self.check_config(text)
        # All but the files that --check-config would read.
        self.check_config(re.sub(r"^#(?!token-file|tls-)(?=[\w-]+ = )", "", text, flags=re.M))

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not here")
    def test_pages_are_clean(self):
        done = run("mandoc", "-T", "lint", "-W", "warning", *sorted((ROOT / "docs/man").iterdir()))
        self.assertEqual((done.returncode, done.stdout), (0, ""))


class Completions(unittest.TestCase):
    maxDiff = None

    def options(self, program):
        return {"--" + name for name in help_options(program)}

    def complete_bash(self, *words):
        script = ('. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                  '_socklens "$1"; printf "%s\\n" "${COMPREPLY[@]}"')
        done = run("bash", "-c", script, PACKAGING / "completions/socklens.bash", *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_bash(self):
        for program in PROGRAMS:
            with self.subTest(program):
                found = self.complete_bash(program, "--")
                self.assertEqual(len(found), len(set(found)))
                self.assertEqual(set(found), self.options(program))

    def test_bash_completes_export(self):
        found = self.complete_bash("socklens", "export", "--")
        self.assertEqual(set(found), self.options("socklens-export"))
        self.assertEqual(self.complete_bash("socklens", "ex"), ["export"])
        self.assertEqual(self.complete_bash("socklens", "export", "--format", "p"), ["pcapng"])
        self.assertEqual(self.complete_bash("socklens", "export", "--service", "="),
                         ["udp-upper", "tcp-upper", "tcp-chat"])

    def test_bash_completes_values(self):
        self.assertEqual(self.complete_bash("socklens", "--log-format", "j"), ["json"])
        self.assertEqual(self.complete_bash("socklens", "--log-level", "=", "w"), ["warning"])
        self.assertEqual(self.complete_bash("socklens", "--log-format", "="), ["text", "json"])
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "my.conf").touch()
            self.assertEqual(self.complete_bash("socklens", "--config", folder + "/m"),
                             [folder + "/my.conf"])

    def test_fish(self):
        for program in PROGRAMS:
            with self.subTest(program):
                text = (PACKAGING / f"completions/{program}.fish").read_text("utf-8")
                for page, where in ((program, r'(?!-n "\$)'), ("socklens-export", r'-n "\$exports"')):
                    found = re.findall(rf"^complete -c {program} {where}.*-l ([\w-]+)", text, re.M)
                    if page == program or program == "socklens":
                        self.assertEqual({"--" + name for name in found}, self.options(page))

    @unittest.skipUnless(shutil.which("fish"), "fish is not here")
    def test_fish_really(self):
        for line, page in (("socklens --", "socklens"), ("socklens export --", "socklens-export")):
            script = f"source {PACKAGING}/completions/socklens.fish; complete -C '{line}'"
            done = run("fish", "--no-config", "-c", script)
            self.assertEqual({found.split("\t")[0] for found in done.stdout.splitlines()},
                             self.options(page), done.stderr)

    def zsh_options(self, program):
        text = (PACKAGING / "completions/_socklens").read_text("utf-8")
        common, _, cases = text.partition("case $service in")
        heads = dict(case.split(")\n", 1) for case in cases.split(";;\n")[:-1])
        branch = next(body for head, body in heads.items() if program in head.split())
        text = branch + (common if "$client" in branch else "")
        return set(re.findall(r"['*,{](--[\w-]+)(?=[=\[}])", text))

    def test_zsh(self):
        for program in PROGRAMS:
            with self.subTest(program):
                wanted = self.options(program)
                branch = program if program != "socklens" else "*"
                self.assertEqual(self.zsh_options(branch), wanted)
        self.assertEqual(self.zsh_options("socklens-export"), self.options("socklens-export"))

    def test_shells_accept_the_files(self):
        for shell, pattern in (("bash", "*.bash"), ("zsh", "_socklens"), ("fish", "*.fish")):
            for file in (PACKAGING / "completions").glob(pattern) if shutil.which(shell) else ():
                with self.subTest(file.name):
                    done = run(shell, "-n", file)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))


class Install(unittest.TestCase):
    WANTED = {
        *(f"bin/{program}" for program in PROGRAMS),
        *(f"share/man/man1/{page}.1" for page in PAGES),
        "share/man/man5/socklens.conf.5",
        *(f"share/bash-completion/completions/{program}" for program in PROGRAMS),
        "share/zsh/site-functions/_socklens",
        *(f"share/fish/vendor_completions.d/{program}.fish" for program in PROGRAMS),
        *(f"share/doc/socklens/examples/{name}"
          for name in ("grafana.json", "prometheus.yml", "socklens.conf")),
        "etc/socklens/socklens.conf",
    }
    if os.environ.get("WITH_SYSTEMD"):
        WANTED |= {"lib/systemd/system/socklens.service",
                   *(f"lib/systemd/system/socklens-{service}.socket"
                     for service in ("http", "tcp-chat", "tcp-upper", "udp-upper"))}

    def install(self, folder):
        done = run("meson", "install", "-C", os.environ["BUILD_ROOT"], "--no-rebuild",
                   "--destdir", folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipUnless(os.environ.get("BUILD_ROOT"), "not run by meson")
    def test_everything_is_where_it_belongs(self):
        with tempfile.TemporaryDirectory(prefix="socklens-test-") as folder:
            self.install(folder)
            files = {str(path.relative_to(folder)) for path in Path(folder).rglob("*")
                     if not path.is_dir()}
            # /usr/local/etc or, with the prefix /usr, /etc
            found = {re.sub(r"^(usr/(local/)?)?(?=etc/)|^usr/(local/)?", "", name)
                     for name in files}
            self.assertEqual(found, self.WANTED)
            for link in (path for path in Path(folder).rglob("*") if path.is_symlink()):
                self.assertTrue(link.exists(), link)

    @unittest.skipUnless(os.environ.get("BUILD_ROOT"), "not run by meson")
    def test_a_config_file_that_is_there_stays(self):
        with tempfile.TemporaryDirectory(prefix="socklens-test-") as folder:
            self.install(folder)
            config = next(Path(folder).rglob("etc/socklens/socklens.conf"))
            config.write_text("udp-rate = 5\n")
            self.install(folder)
            self.assertEqual(config.read_text(), "udp-rate = 5\n")


if __name__ == "__main__":
    unittest.main()
