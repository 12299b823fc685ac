"""The kinds of traffic that are compared, and how a comparison is made."""

from dataclasses import dataclass, field

QUIET_SHARE = 0.1
ROUNDS_A_PAIR = 4


@dataclass
class Row:
    """One kind of traffic, and the ratio of work that socklens is built to reach."""

    name: str
    service: str
    load: list[str]  # arguments of sl-load
    target: float | None = None
    target_stored: float | None = None  # with --store
    rule: str | None = None  # a fault rule: then the other side is socklens without it


def all_rows():
    udp, tcp = ["udp"], ["tcp", "--connections", "64"]
    burst = ["udp", "--size", "32", "--gso", "--batch", "64"]
    return [
        Row("UDP 32 bytes, 1 client", "udp_upper", [*udp, "--size", "32"], 0.95, 0.85),
        Row("UDP 32 bytes, 64 clients", "udp_upper",
            [*udp, "--size", "32", "--sockets", "64", "--window", "2"], 0.95, 0.85),
        Row("UDP 512 bytes, 1 client", "udp_upper", [*udp, "--size", "512"], 0.95, 0.65),
        Row("UDP 32 bytes, client sends GSO", "udp_upper", burst, 3),
        Row("UDP 32 bytes, GSO, reads GRO", "udp_upper", [*burst, "--gro"], 3),
        # No message is lost by it, so that what is measured is the judging.
        Row("UDP 32 bytes, 64 clients, a rule", "udp_upper",
            [*udp, "--size", "32", "--sockets", "64", "--window", "2"], 0.9,
            rule="udp-upper loss 0% seed 1"),
        Row("TCP chat, 64 connections", "tcp_chat", tcp, 0.95),
        Row("TCP chat, 64 connections, 16 deep", "tcp_chat", [*tcp, "--depth", "16"], 0.95),
        Row("TCP upper, connection per message", "tcp_upper", [*tcp, "--service", "upper"]),
        # It waits for the gap, so that its rate says little: its work does.
        Row("TCP upper, no line end", "tcp_upper", [*tcp, "--service", "upper", "--unended"]),
    ]


def work(run):
    return run["server"]["per_cpu_second"]


def rate(run):
    return run["per_second"]


def busy(run):
    return run["server"]["busy"]


@dataclass
class Round:
    """What sl-load reported of each side, one right after the other."""

    subject: dict
    base: dict

    @property
    def others(self):
        """The share of both CPUs that went to other programs."""
        return max(self.subject["others"], self.base["others"])

    def ratio(self, measure):
        base = measure(self.base)
        return measure(self.subject) / base if base else float("nan")


@dataclass
class Result:
    row: Row
    rounds: list[Round] = field(default_factory=list)

    @property
    def subject(self):
        return [r.subject for r in self.rounds]

    @property
    def base(self):
        return [r.base for r in self.rounds]

    def ratios(self, measure):
        return [r.ratio(measure) for r in self.rounds]

    def quiet_rounds(self):
        return sum(r.others <= QUIET_SHARE for r in self.rounds)

    def keep_quietest(self, count):
        self.rounds = sorted(self.rounds, key=lambda r: r.others)[:count]


def measure_round(stage, row, subject, base, subject_first):
    if subject_first:
        first = stage.load(subject, row.service, row.load)
        return Round(first, stage.load(base, row.service, row.load))
    first = stage.load(base, row.service, row.load)
    return Round(stage.load(subject, row.service, row.load), first)


def fresh_pair(stage, rule):
    """Both sides anew. Where a process happens to lie in memory makes it up to 5% faster or slower
    for as long as it lives: one pair for all rounds would measure that."""
    stage.running.close()
    if rule:
        return stage.subject_side("--fault", rule), stage.subject_side()
    return stage.subject_side(), stage.bare_side()


def measure_rows(stage, chosen):
    """Yields a Result a row. Rounds that other programs disturbed are made up for by more rounds,
    and the quietest count: chosen by what others used, never by what was measured."""
    wanted = stage.options.rounds
    for row in chosen:
        result = Result(row)
        for number in range(wanted if stage.options.quick else 2 * wanted):
            if number % ROUNDS_A_PAIR == 0:
                subject, base = fresh_pair(stage, row.rule)
            result.rounds.append(measure_round(stage, row, subject, base, number % 2 == 0))
            if result.quiet_rounds() == wanted:
                break
        result.keep_quietest(wanted)
        yield result
