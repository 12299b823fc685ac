"""Reads Prometheus' text format 0.0.4, and insists on what it and its linter demand.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}


class FormatError(AssertionError):
    """A page that a Prometheus server, or its linter, would not take."""


def demand(condition, what):
    if not condition:
        raise FormatError(what)


def parse_labels(text):
    """Sorted pairs, each name once."""
    labels, end = [], 0
    for match in LABEL.finditer(text or ""):
        demand(match.start() == end, f"labels {text!r}")
        labels.append(match.groups())
        end = match.end()
    demand(end == len(text or ""), f"labels {text!r}")
    demand(len({name for name, _ in labels}) == len(labels), f"a label twice in {text!r}")
    return tuple(sorted(labels))


def check_name(name, kind):
    demand(name == name.lower(), f"{name} has capitals")
    demand((kind == "counter") == name.endswith("_total"), f"{name} is a {kind}")
    demand(not re.search(r"_(ms|us|ns|kb|mb|milliseconds|minutes)(_|$)", name),
           f"{name} is not in base units")


class Page:
    """`types` by name; `samples` {(name, labels): value}, labels as sorted pairs."""

    def __init__(self, text):
        self.types, self.samples, self._helped, self._family = {}, {}, set(), None
        demand(text.endswith("\n"), "the last line has no end")
        for line in text.splitlines():
            if line.startswith("# HELP "):
                self._help(line)
            elif line.startswith("# TYPE "):
                self._type(line)
            else:
                self._sample(line)
        self._check_histograms()

    def value(self, name, **labels):
        return self.samples[name, tuple(sorted(labels.items()))]

    def _help(self, line):
        name, _, text = line.removeprefix("# HELP ").partition(" ")
        demand(name not in self._helped, f"HELP twice for {name}")
        demand(text.strip(), f"no help for {name}")
        self._helped.add(name)

    def _type(self, line):
        name, kind = line.removeprefix("# TYPE ").split(" ")
        demand(kind in ("counter", "gauge", "histogram"), line)
        demand(name not in self.types, f"TYPE twice for {name}")
        demand(name in self._helped, f"no HELP for {name}")
        check_name(name, kind)
        self.types[name] = kind
        self._family = name

    def _sample(self, line):
        match = SAMPLE.fullmatch(line)
        demand(match, f"not a sample: {line!r}")
        name, labels = match[1], parse_labels(match[2])
        kind = self.types.get(self._family)
        allowed = [self._family + end for end in SUFFIXES.get(kind, ("",))]
        demand(name in allowed, f"{name} stands below the type of {self._family}")
        demand((name, labels) not in self.samples, f"twice: {line}")
        self.samples[name, labels] = float(match[3])
        demand(kind == "gauge" or self.samples[name, labels] >= 0, line)

    def _check_histograms(self):
        for family in [name for name, kind in self.types.items() if kind == "histogram"]:
            series = {}
            for (name, labels), value in self.samples.items():
                if name == family + "_bucket":
                    rest = tuple(pair for pair in labels if pair[0] != "le")
                    series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
            for labels, buckets in series.items():
                demand(buckets == sorted(buckets), f"{family} {labels}: order of buckets")
                counts = [count for _, count in buckets]
                demand(counts == sorted(counts), f"{family} {labels}: not cumulative")
                demand(buckets[-1] == (float("inf"), self.samples[family + "_count", labels]),
                       f"{family} {labels}: +Inf is not the count")
                demand((family + "_sum", labels) in self.samples, f"{family} {labels}: no sum")
