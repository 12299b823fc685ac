"""How much user memory a TCP connection costs a server."""

import json
import select
import subprocess
import time

from processes import START_TIMEOUT_S, STOP_TIMEOUT_S, BenchError

ANSWER_TIMEOUT_S = 120
FILL = ["tcp", "--connections", "8", "--depth", "16"]


class Holder:
    """sl-load hold, which opens connections and keeps them idle."""

    def __init__(self, stage, server):
        # From many addresses, since a server may limit how many connections it takes from one.
        self.process = stage.start_client(
            ["hold", "--to", server.addresses["tcp_chat"], "--sources", "200", "--seconds", "300"],
            stdin=subprocess.PIPE)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], ANSWER_TIMEOUT_S)[0]:
            raise BenchError(f"sl-load hold does not answer {command!r}")
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"errno": -1}
        if answer["errno"] or answer["wrong"]:
            raise BenchError(f"sl-load hold: {command}: {line}")
        return answer

    def end(self):
        self.process.stdin.close()
        self.process.wait(STOP_TIMEOUT_S)


def wait_accepted(server, count):
    """A connection in the backlog costs the server nothing yet: wait until it has a descriptor."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.descriptors() < count and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)


def fill_log(stage, side):
    """Runs traffic until a log in memory has its final size, so that it cannot grow later."""
    resident = side["tcp_chat"].resident_bytes()
    for _ in range(2 if stage.options.quick else 50):
        stage.load(side, "tcp_chat", FILL)
        before, resident = resident, side["tcp_chat"].resident_bytes()
        if resident <= before * 1.01:
            return


def measure_idle(holder, server, count):
    """Returns how many connections the server held, and bytes for each of them."""
    first = min(1000, count // 4)
    descriptors = server.descriptors()
    holder.ask(f"open {first}")
    wait_accepted(server, descriptors + first)
    few = server.resident_bytes()
    holder.ask(f"open {count - first}")
    wait_accepted(server, descriptors + count)
    many = server.resident_bytes()
    held = min(holder.ask("check")["open"], server.descriptors() - descriptors)
    if held <= first:
        raise BenchError(f"{server.name} held only {held} of {count} idle connections")
    return held, (many - few) / (held - first)


def measure_talked(stage, side, holder, held):
    """Returns what remains, for each connection, after it had one message answered."""
    fill_log(stage, side)
    before = side["tcp_chat"].resident_bytes()
    holder.ask("talk")
    time.sleep(0.5)
    return max(0, side["tcp_chat"].resident_bytes() - before) / held


def measure_side(stage, side):
    # First of all, or the log's records of who came would count as the connections' memory.
    fill_log(stage, side)
    holder = Holder(stage, side["tcp_chat"])
    held, idle_bytes = measure_idle(holder, side["tcp_chat"], stage.options.idle)
    talked_bytes = idle_bytes + measure_talked(stage, side, holder, held)
    holder.end()
    return {"held": held, "idle_bytes": idle_bytes, "talked_bytes": talked_bytes}


def measure_memory(stage):
    return {"subject": measure_side(stage, stage.subject_side()),
            "base": measure_side(stage, stage.bare_side())}
