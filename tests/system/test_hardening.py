"""What the installed programs are built with against mistakes of our own in memory: read off the ELF
files themselves, so that a flag that a compiler or a wrapper drops is missed here."""

import os
import re
import subprocess
import unittest

from gateway import executable

PROGRAMS = ("SOCKLENS_EXE", "SOCKLENS_UDP", "SOCKLENS_TCP", "SOCKLENS_CHAT")


def readelf(option, path):
    return subprocess.run(["readelf", "--wide", option, path], capture_output=True, text=True,
                          check=True, timeout=60, env={"PATH": os.environ["PATH"], "LC_ALL": "C"}).stdout


class Hardening(unittest.TestCase):
    def each(self, option):
        return [readelf(option, executable(variable)) for variable in PROGRAMS]

    def test_programs_load_at_an_address_that_the_kernel_chooses(self):
        for header in self.each("--file-header"):
            self.assertRegex(header, r"Type:\s+DYN ")

    def test_table_of_addresses_is_read_only_once_the_program_runs(self):
        for segments in self.each("--segments"):
            self.assertIn("GNU_RELRO", segments)
        for dynamic in self.each("--dynamic"):
            self.assertRegex(dynamic, r"BIND_NOW|FLAGS_1.*NOW")

    def test_stack_is_not_executable(self):
        for segments in self.each("--segments"):
            flags = re.search(r"GNU_STACK\s+(?:0x\w+\s+){5}([RWE ]+?)\s+0x", segments)
            self.assertEqual(flags[1].strip(), "RW")

    @unittest.skipUnless(os.uname().machine == "x86_64", "the notes are those of x86-64")
    def test_indirect_calls_may_only_go_to_where_calls_go(self):
        if os.environ.get("SANITIZED"):
            return  # a sanitizer's own code is linked in, which nobody marks
        for notes in self.each("--notes"):
            self.assertRegex(notes, r"IBT.*SHSTK")

    def test_functions_with_arrays_guard_their_return_address(self):
        if os.environ.get("SANITIZED") or not os.environ.get("OPTIMIZED"):
            return  # meson.build leaves it to the sanitizer, and to whoever chose a plain build
        for symbols in self.each("--dyn-syms"):
            self.assertIn("__stack_chk_fail", symbols)


if __name__ == "__main__":
    unittest.main()
