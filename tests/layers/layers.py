#!/usr/bin/env python3
"""Checks that includes point down and form no circle: layers.py ROOT

The rooms under src/ stand on each other as BELOW says. A header in include/socklens/ is a contract
of one room and may be seen by every room above; a header in src/<room>/ is that room's own. Some
libraries are for certain rooms only, so that they can be replaced there. A module is a .c and the
headers of its name; the modules of a room must not include each other in a circle.
"""

import re
import sys
from collections import defaultdict, namedtuple
from pathlib import Path

BELOW = {
    "base": set(),
    "journal": {"base"},
    # The language of faults: pure but for what rules count.
    "fault": {"base", "journal"},
    "service": {"base", "journal"},
    # Side by side: none of these three knows the others.
    "net": {"base", "journal", "fault", "service"},
    "store": {"base", "journal", "service"},
    "export": {"base", "journal", "service"},
    "history": {"base", "journal", "store"},
    # An HTTP server that knows nothing of what it serves.
    "httpd": {"base"},
    "api": {"base", "journal", "fault", "service", "net", "store", "export", "history", "httpd"},
    "settings": {"base", "journal", "fault", "service"},
    "app": {"base", "journal", "fault", "service", "net", "store", "export", "history", "httpd", "api",
            "settings"},
    # Programs of their own, plain socket code as a student would write it.
    "clients": {"base"},
}

# Contracts that are not named after their room and have no source of the same name.
HEADER_ONLY = {"error": "base", "list": "base", "exchange": "journal",
               "services": "journal", "fault_note": "fault", "config": "settings", "budget": "history", "request": "httpd",
               "route": "httpd", "body_stream": "httpd"}

LIBRARY_ROOMS = {"sqlite3.h": {"store"}, "microhttpd.h": {"httpd"}, "cJSON.h": {"app", "httpd"},
                 "gnutls/gnutls.h": {"httpd"}, "gnutls/x509.h": {"httpd"},
                 "gnutls/abstract.h": {"httpd"}}
# Libraries that only one file of a room may include.
ONE_FILE = {"cJSON.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')

Include = namedtuple("Include", "file line name quoted")


def room_of_contract(root, stem):
    """The room whose contract include/socklens/<stem>.h is, or a sentence that says why not."""
    if stem in BELOW:
        return stem, None
    if stem in HEADER_ONLY:
        return HEADER_ONLY[stem], None
    rooms = [room for room in BELOW if (root / "src" / room / f"{stem}.c").is_file()]
    if len(rooms) == 1:
        return rooms[0], None
    why = f"both {' and '.join(rooms)} have a {stem}.c" if rooms else f"no room has a {stem}.c"
    return None, f"{why}: say in HEADER_ONLY of tests/layers/layers.py whose contract this is"


def includes_of(file):
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if match := INCLUDE.match(line):
            yield Include(file, number, match[1] or match[2], match[1] is not None)


def find_own(root, include):
    """The project's file that a quoted include means, searched in the compiler's order."""
    for folder in (include.file.parent, root / "include", root / "src"):
        file = (folder / include.name).resolve()
        if file.is_file():
            return file
    return None


def on_circles(graph):
    """The modules of {module: those it includes} that are on a circle, or between two."""
    left = set(graph)
    while True:
        included = set().union(*(graph[module] for module in left))
        ends = {module for module in left if module not in included or not graph[module] & left}
        if not ends:
            return left
        left -= ends


class Layers:
    def __init__(self, root):
        self.root = root.resolve()
        self.problems = []
        self.contract_rooms = {}
        self.library_files = {}
        self.modules = defaultdict(set)

    def problem(self, file, line, text):
        place = file.relative_to(self.root)
        self.problems.append(f"{place}:{line}: {text}" if line else f"{place}: {text}")

    def room_of(self, file):
        parts = file.relative_to(self.root).parts
        if parts[:2] == ("include", "socklens"):
            return self.contract_rooms.get(file)
        return parts[1] if parts[0] == "src" and len(parts) > 2 else None

    def check(self):
        for header in sorted(self.root.glob("include/socklens/*.h")):
            room, why = room_of_contract(self.root, header.stem)
            self.contract_rooms[header] = room
            if why:
                self.problem(header, 0, why)
        for file in sorted([*self.contract_rooms, *self.root.glob("src/**/*.[ch]")]):
            self.check_file(file)
        self.check_circles()
        for (library, _), files in self.library_files.items():
            if library in ONE_FILE and len(files) > 1:
                names = ", ".join(str(f.relative_to(self.root)) for f in sorted(files))
                self.problem(min(files), 0, f"only one file of a room may include {library}: {names}")
        return self.problems

    def check_file(self, file):
        room = self.room_of(file)
        if room not in BELOW:
            if file not in self.contract_rooms:
                self.problem(file, 0, f"no such room: {', '.join(BELOW)}")
            return
        for include in includes_of(file):
            if include.quoted:
                self.check_own(room, include)
            else:
                self.check_library(room, include)

    def check_circles(self):
        found = {}
        for room, module in on_circles(self.modules):
            found.setdefault(room, []).append(module)
        for room in sorted(found):
            self.problems.append(f"src/{room}: a circle of {', '.join(sorted(found[room]))}")

    def check_own(self, room, include):
        target = find_own(self.root, include)
        if target is None:
            self.problem(include.file, include.line, f"{include.name} does not exist")
            return
        other = self.room_of(target)
        if other == room and target.stem != include.file.stem:
            self.modules[room, include.file.stem].add((room, target.stem))
        is_contract = target in self.contract_rooms
        if other == room or (is_contract and other in BELOW[room]):
            return
        if is_contract and other is None:
            return  # reported once, at the header
        reason = f"{room} may not see {other}" if is_contract else f"it is private to {other}"
        self.problem(include.file, include.line, f"{include.name}: {reason}")

    def check_library(self, room, include):
        if include.name.startswith("socklens/"):
            self.problem(include.file, include.line, f'write "{include.name}" in quotes')
        library = next((name for name in LIBRARY_ROOMS if f"/{include.name}".endswith(f"/{name}")),
                       None)
        if library is None:
            return
        rooms = LIBRARY_ROOMS[library]
        if room in rooms:
            self.library_files.setdefault((library, room), set()).add(include.file)
        else:
            only = " and ".join(sorted(rooms))
            self.problem(include.file, include.line, f"only {only} may see {include.name}")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: layers.py ROOT")
    root = Path(sys.argv[1])
    count = len(list(root.glob("src/**/*.[ch]")))
    if count == 0:
        sys.exit(f"no source found in {root / 'src'}")
    problems = Layers(root).check()
    for problem in problems:
        print(problem)
    print(f"{len(problems)} violations in {count} files of src/")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
