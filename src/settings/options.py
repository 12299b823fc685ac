"""Fill a template from the table of settings: options.py TABLE.toml SERVICES.h TEMPLATE OUTPUT

@NAME@ in the template is replaced by the lines that the function of that name in SECTIONS makes of
the table. A mistake in the table ends the build with a message.
"""

import json
import pathlib
import re
import sys
import tomllib
from collections import namedtuple

# Of a kind: how often it may be given, setter (setters.h), type of the field, what frees it, name of
# a value in --help, and what socklens.conf(5) calls it.
Kind = namedtuple("Kind", "form setter type clear value called")

KINDS = {
    "flag": Kind("FLAG", "flag", "bool", None, None, "yes or no"),
    "number": Kind("VALUE", "number", "uint64_t", None, "N", "number"),
    "size": Kind("VALUE", "size", "uint64_t", None, "SIZE", "size"),
    "time": Kind("VALUE", "time", "int64_t", None, "TIME", "time"),
    "choice": Kind("VALUE", "choice", "unsigned", None, None, None),
    "file": Kind("VALUE", "text", "char *", "text", "FILE", "path"),
    "address": Kind("LIST", "endpoint", "struct sl_endpoint_list", "endpoints", "ADDR",
                    "list of addresses"),
    "host": Kind("LIST", "host", "struct sl_name_list", "names", "HOST", "list of hosts"),
    "name": Kind("LIST", "name", "struct sl_name_list", "names", "NAME", "list of names"),
    "origin": Kind("LIST", "web_origin", "struct sl_name_list", "names", "ORIGIN",
                   "list of origins"),
    "fault": Kind("LINES", "fault", "struct sl_name_list", "names", "RULE", "list of rules"),
    "target": Kind("LIST", "target", "struct sl_name_list", "names", "CIDR:PORTS",
                   "list of networks with ports"),
}

KEYS = {"name", "kind", "field", "help", "man", "default", "min", "max", "choices", "value", "example",
        "live", "sources", "stream"}

SOURCES = ("file", "environment", "arguments")

SIZES = {unit: 1024 ** power for power, unit in enumerate(["", "K", "M", "G", "T"])}
TIMES = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}


class Setting:
    def __init__(self, row):
        name = row.get("name", "a setting without name")
        if unknown := row.keys() - KEYS:
            sys.exit(f"{name}: unknown {', '.join(sorted(unknown))}")
        if missing := {"name", "kind", "help"} - row.keys():
            sys.exit(f"{name}: no {', '.join(sorted(missing))}")
        if row["kind"] not in KINDS:
            sys.exit(f"{name}: kind {row['kind']} is not one of {', '.join(KINDS)}")
        self.kind = KINDS[row["kind"]]
        self.name, self.help = row["name"], row["help"]
        if not re.fullmatch(r"[^\n\[\]\\]+", self.help):
            sys.exit(f"{self.name}: the help is not one line without brackets and backslashes")
        self.man = row.get("man", "").strip()
        self.is_file = row["kind"] == "file"
        suffix = "_ns" if row["kind"] == "time" else ""
        self.field = row.get("field", self.name.replace("-", "_") + suffix)
        self.value = row.get("value", self.kind.value)
        self.choices = row.get("choices", [])
        self.default, self.live = row.get("default"), row.get("live", False)
        self.limits = {key: row[key] for key in ("min", "max") if key in row}
        self.stream = row.get("stream", False)
        self.sources = row.get("sources", " ".join(SOURCES)).split()
        self.example = self.default or row.get("example") or (
            "no" if self.kind.form == "FLAG" else None)
        if "file" in self.sources and not self.example:
            sys.exit(f"{self.name}: neither a default nor an example")


def read_services(path):
    """A setting for each row of SL_SERVICE_LIST."""
    rows = re.findall(r'X\((\w+), "([^"]+)", "[^"]+", "([^"]+)", (\w+), (\d+),',
                      re.sub(r"\s*\\\n\s*", " ", path.read_text("utf-8")))
    if not rows:
        sys.exit(f"{path} has no rows")
    return [Setting({"name": name, "kind": "address", "field": f"services[{constant}]", "help": title,
                     "default": f":{port}", "stream": framing != "SL_FRAMING_DATAGRAM"})
            for constant, name, title, framing, port in rows]


def read_groups(table, services):
    """[(group, [setting, ...]), ...]"""
    groups = []
    for group in tomllib.loads(table.read_text("utf-8"))["group"]:
        own = read_services(services) if group.get("services") else []
        groups.append((group, own + [Setting(row) for row in group["setting"]]))
    return groups


def settings_of(groups, source="arguments"):
    return [setting for _, settings in groups for setting in settings if source in setting.sources]


# --- the program ---

def limit_value(setting, text):
    if isinstance(text, int):
        return text
    number, unit = re.fullmatch(r"(\d+)(\w*)", text).groups()
    return int(number) * (TIMES if setting.kind.setter == "time" else SIZES)[unit]


def c_row(setting, heading):
    kind = setting.kind
    texts = {"group": heading, "name": setting.name, "metavar": setting.value, "help": setting.help,
             "fallback": setting.default, "choices": ", ".join(setting.choices) or None}
    parts = [f".{key} = {json.dumps(text)}" for key, text in texts.items() if text is not None]
    parts += [f".kind = SL_OPTION_{kind.form}", f"FIELD({setting.field}, {kind.type})",
              ".sources = " + " | ".join(f"SL_FROM_{source.upper()}" for source in setting.sources)]
    parts += [f".{key} = UINT64_C({limit_value(setting, text)})"
              for key, text in setting.limits.items()]
    parts += [f".{key} = true" for key in ("stream", "live") if getattr(setting, key)]
    parts.append(f".set = sl_set_{kind.setter}")
    if kind.clear:
        parts.append(f".clear = sl_clear_{kind.clear}")
    return "    {" + ",\n     ".join(parts) + "},"


def table(groups):
    for group, settings in groups:
        for at, setting in enumerate(settings):
            yield c_row(setting, None if at else group.get("heading", group["title"]))


# --- completions ---

def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def services(groups):
    yield " ".join(s.name for s in settings_of(groups) if s.field.startswith("services["))


def bash_options(groups):
    yield '_socklens_options="' + " ".join("--" + s.name for s in settings_of(groups)) + '"'


def bash_values(groups):
    files = " | ".join(f"*:--{s.name}" for s in settings_of(groups) if s.is_file)
    yield f'    {files}) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;'
    for setting in settings_of(groups):
        if setting.choices:
            yield (f'    *:--{setting.name}) mapfile -t COMPREPLY < '
                   f'<(compgen -W "{" ".join(setting.choices)}" -- "$word") ;;')


def zsh_option(setting):
    action = ("_files" if setting.is_file else "_hosts" if setting.kind.value == "HOST"
              else f"({' '.join(setting.choices)})" if setting.choices else "")
    name = f"--{setting.name}" + ("=" if setting.value else "")
    value = ":" + setting.value.lower().replace(":", " ") if setting.value else ""
    value += ":" + action if action else ""
    repeated = "*" if setting.kind.form == "LIST" else ""
    return f"        {quoted(f'{repeated}{name}[{setting.help}]{value}')}"


def zsh_options(groups):
    yield " \\\n".join(map(zsh_option, settings_of(groups)))


def fish_options(groups):
    for setting in settings_of(groups):
        how = ("" if not setting.value else " -r -F" if setting.is_file
               else f" -x -a '{' '.join(setting.choices)}'" if setting.choices
               else " -x -a '(__fish_print_hostnames)'" if setting.kind.value == "HOST" else " -x")
        yield (f'complete -c socklens -n "not $exports" -l {setting.name}{how} '
               f"-d {quoted(setting.help)}")


# --- man pages ---

def sentence(text):
    """A help line as text of a man page."""
    return text[0].upper() + text[1:].replace("--", r"\-\-") + "."


def man_default(setting):
    return ["Default:", f".Cm {setting.default} ."] if setting.default else []


def man_options(groups):
    for group, settings in groups:
        yield ".Ss " + group["title"]
        yield from group.get("man", "").splitlines()
        yield ".Bl -tag -width Ds"
        for setting in settings:
            yield f".It Fl Fl {setting.name}" + (f" Ar {setting.value}" if setting.value else "")
            yield sentence(setting.help)
            yield from setting.man.splitlines()
            yield from man_default(setting)
        yield ".El"


def man_takes(setting):
    if setting.choices:
        return "one of " + ", ".join(setting.choices)
    limits = setting.limits
    return setting.kind.called + (f" from {limits['min']} to {limits['max']}" if "min" in limits else "")


def man_settings(groups):
    for setting in settings_of(groups, "file"):
        yield f".It Cm {setting.name}"
        yield sentence(setting.help)
        yield sentence(man_takes(setting))
        yield from man_default(setting)


def man_live(groups):
    names = [setting.name for setting in settings_of(groups, "file") if setting.live]
    yield from (f".Cm {name} ," for name in names[:-1])
    yield f"and\n.Cm {names[-1]} ."


# --- example config file ---

def config_file(groups):
    for group, settings in groups:
        rows = [setting for setting in settings if "file" in setting.sources]
        if rows:
            yield ""
            yield from ("# " + line for line in group.get("heading", group["title"]).strip().splitlines())
        for setting in rows:
            yield f"\n# {setting.help}\n#{setting.name} = {setting.example}"


SECTIONS = {section.__name__: section for section in (
    table, services, bash_options, bash_values, zsh_options, fish_options, man_options, man_settings,
    man_live, config_file)}


def main():
    paths = [pathlib.Path(path) for path in sys.argv[1:]]
    if len(paths) != 4:
        sys.exit(__doc__)
    groups = read_groups(*paths[:2])
    text = re.sub(r"@(\w+)@", lambda match: "\n".join(SECTIONS[match[1]](groups)),
                  paths[2].read_text("utf-8"))
    paths[3].write_text(text, "utf-8")


if __name__ == "__main__":
    main()
