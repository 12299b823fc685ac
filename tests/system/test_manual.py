"""Man pages, completions and the example config, generated or kept by hand, against --help."""

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
BUILD = Path(os.environ["BUILD_ROOT"])
PROGRAMS = {"socklens": "SOCKLENS_EXE", "socklens-udp": "SOCKLENS_UDP",
            "socklens-tcp": "SOCKLENS_TCP", "socklens-chat": "SOCKLENS_CHAT"}
# The commands of the first have pages as if they were programs.
COMMANDS = ["socklens-export", "socklens-fate"]
PAGES = [*PROGRAMS, *COMMANDS]
GENERATED = ("socklens", "socklens.1", "socklens.conf.5", "socklens.fish", "_socklens")


def page_file(name):
    return (BUILD / "docs" if name in GENERATED else ROOT / "docs/man") / name


def completion_file(name):
    return BUILD / "packaging" / name if name in GENERATED else PACKAGING / "completions" / name


def run(*command):
    with tempfile.TemporaryDirectory(prefix="socklens-test-") as home:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False,
                              env=clean_environment(home))


def help_options(program):
    """{long name: default or None} as --help has them; None too where it takes several words."""
    command = [program.split("-")[1]] if program in COMMANDS else []
    variable = PROGRAMS["socklens" if command else program]
    text = run(executable(variable), *command, "--help").stdout
    options = {}
    for row in re.split(r"^(?= +(?:-\w, )?--\w)", text, flags=re.M)[1:]:
        row = row.partition("\n\n")[0]
        name = re.match(r" +(?:-\w, )?--([\w-]+)", row)[1]
        default = re.search(r"\((?:default )?(\S+)\)\s*$", row)
        options[name] = default[1] if default else None
    return options


def page_items(page, pattern):
    """{name: default or None} of the items in a man page whose head matches."""
    items = {}
    for item in re.split(r"^\.It ", page_file(page).read_text("utf-8"), flags=re.M)[1:]:
        head = re.match(pattern, item)
        if head:
            text = re.split(r"^\.(?:El|Ss|Sh)", item, flags=re.M)[0]
            default = re.search(r"Default:\s+\.\w\w (\S+)", text)
            items[head[1]] = default[1] if default else None
    return items


def file_keys():
    """What --print-config prints, and so what a config file may have."""
    printed = run(executable("SOCKLENS_EXE"), "--print-config").stdout
    return set(re.findall(r"^(?:# )?([\w-]+)(?= = | is not set$)", printed, flags=re.M))


class Manual(unittest.TestCase):
    maxDiff = None

    def test_pages_have_the_options_of_help(self):
        for program in PAGES:
            with self.subTest(program):
                options = help_options(program)
                self.assertIn("help", options)
                items = page_items(program + ".1", r"(?:Fl \w , )?Fl Fl ([\w-]+)")
                if program == "socklens":
                    options, items = set(options), set(items)
                self.assertEqual(items, options)

    def test_config_page_and_example_have_the_keys_of_a_file(self):
        self.assertEqual(set(page_items("socklens.conf.5", r"Cm ([\w-]+)\n")), file_keys())
        text = (BUILD / "packaging/socklens.conf").read_text("utf-8")
        self.assertEqual(set(re.findall(r"^#([\w-]+) = .", text, re.M)), file_keys())

    def test_page_lists_what_a_reload_changes(self):
        changed = page_file("socklens.1").read_text("utf-8").partition("Read all settings")[2]
        self.assertIn(".Cm udp-rate ,", changed)
        self.assertNotIn("workers", changed.partition(".Sh ")[0])

    def check_config(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(text)
            file.flush()
            done = run(executable("SOCKLENS_EXE"), "--config", file.name, "--check-config")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_example_config_is_valid_as_it_stands_and_uncommented(self):
        text = (BUILD / "packaging/socklens.conf").read_text("utf-8")
        self.check_config(text)
        # All but the files that --check-config would read.
        self.check_config(re.sub(r"^#(?!(?:view-)?token-file|tls-)(?=[\w-]+ = )", "", text, flags=re.M))

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not here")
    def test_pages_are_clean(self):
        done = run("mandoc", "-T", "lint", "-W", "warning", *sorted((ROOT / "docs/man").glob("*.1")),
                   *sorted(BUILD.glob("docs/*.[15]")))
        self.assertEqual((done.returncode, done.stdout), (0, ""))


class Completions(unittest.TestCase):
    maxDiff = None

    def options(self, program):
        return {"--" + name for name in help_options(program)}

    def complete_bash(self, *words):
        script = ('. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                  '_socklens "$1"; printf "%s\\n" "${COMPREPLY[@]}"')
        done = run("bash", "-c", script, completion_file("socklens"), *words)
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

    def test_bash_completes_fate(self):
        self.assertEqual(set(self.complete_bash("socklens", "fate", "--")),
                         self.options("socklens-fate"))
        self.assertEqual(self.complete_bash("socklens", "fa"), ["fate"])

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
                text = completion_file(f"{program}.fish").read_text("utf-8")
                for page, where in ((program, r'(?!-n "\$)'), ("socklens-export", r'-n "\$exports"'),
                                    ("socklens-fate", r'-n "\$fates"')):
                    found = re.findall(rf"^complete -c {program} {where}.*-l ([\w-]+)", text, re.M)
                    if page == program or program == "socklens":
                        self.assertEqual({"--" + name for name in found}, self.options(page))

    @unittest.skipUnless(shutil.which("fish"), "fish is not here")
    def test_fish_really(self):
        for line, page in (("socklens --", "socklens"), ("socklens export --", "socklens-export"),
                           ("socklens fate --", "socklens-fate")):
            script = f"source {completion_file('socklens.fish')}; complete -C '{line}'"
            done = run("fish", "--no-config", "-c", script)
            self.assertEqual({found.split("\t")[0] for found in done.stdout.splitlines()},
                             self.options(page), done.stderr)

    def zsh_options(self, program):
        text = completion_file("_socklens").read_text("utf-8")
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
        for page in COMMANDS:
            self.assertEqual(self.zsh_options(page), self.options(page))

    def test_shells_accept_the_files(self):
        for shell, names in (("bash", ["socklens"]), ("zsh", ["_socklens"]),
                             ("fish", [f"{program}.fish" for program in PROGRAMS])):
            for name in names if shutil.which(shell) else ():
                with self.subTest(name):
                    done = run(shell, "-n", completion_file(name))
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
        done = run("meson", "install", "-C", BUILD, "--no-rebuild",
                   "--destdir", folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

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

    def test_a_config_file_that_is_there_stays(self):
        with tempfile.TemporaryDirectory(prefix="socklens-test-") as folder:
            self.install(folder)
            config = next(Path(folder).rglob("etc/socklens/socklens.conf"))
            config.write_text("udp-rate = 5\n")
            self.install(folder)
            self.assertEqual(config.read_text(), "udp-rate = 5\n")


if __name__ == "__main__":
    unittest.main()
