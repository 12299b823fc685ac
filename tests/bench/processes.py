"""Starting, watching and ending the processes of the benchmark."""

import contextlib
import json
import os
import resource
import subprocess
import time
from pathlib import Path

PRIORITY = -10
START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 10
RUN_SLACK_S = 20
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
SERVICES = ("udp_upper", "tcp_chat", "tcp_upper")


class BenchError(Exception):
    """A run that cannot be used; its text says what happened."""


def start_pinned(command, cpus, **pipes):
    """Starts a process on these CPUs, in a session of its own with a high priority if allowed."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        process = subprocess.Popen(command, start_new_session=True, **pipes)
    finally:
        os.sched_setaffinity(0, before)
    # Where the kernel groups tasks by session, a priority only counts within the session, and the
    # session has one of its own.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, PRIORITY)
    with contextlib.suppress(OSError):
        Path(f"/proc/{process.pid}/autogroup").write_text(str(PRIORITY), encoding="ascii")
    return process


def end_process(process):
    """Asks the process to end, then insists."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def finish(process, timeout):
    """Returns what the process printed; it is ended if it does not end by itself."""
    try:
        return process.communicate(timeout=timeout)
    finally:
        end_process(process)


def busy_seconds(cpus):
    """CPU time that anything has used on these CPUs, or that another machine took from them."""
    names, sum_ticks = {f"cpu{cpu}" for cpu in cpus}, 0
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *ticks = line.split()
        if name in names:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            sum_ticks += user + nice + system + irq + softirq + steal
    return sum_ticks * TICK_S


def cpu_seconds(pid):
    """CPU time of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


class Server:
    """A server process and the addresses from its ready file."""

    def __init__(self, command, cpus, folder, name):
        self.ready_file = Path(folder, f"{name}.json")
        self.log_path = Path(folder, f"{name}.log")
        self.name = name
        with self.log_path.open("wb") as log:
            self.process = start_pinned([*command, str(self.ready_file)], cpus, stdout=log,
                                        stderr=log, stdin=subprocess.DEVNULL, cwd=folder)
        try:
            self.addresses = self._wait_ready()
        except BaseException:
            end_process(self.process)
            raise

    def _wait_ready(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.ready_file.exists():
                ready = json.loads(self.ready_file.read_text())
                return {key: found[0] for key, found in ready.items() if found}
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise BenchError(f"{self.name} did not start:\n{self.log_tail()}")

    @property
    def pid(self):
        return self.process.pid

    def log_tail(self):
        return self.log_path.read_text(errors="replace")[-2000:]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as rollup:
            for line in rollup:
                if line.startswith("Rss:"):
                    return int(line.split()[1]) * 1024
        raise BenchError("no Rss in smaps_rollup")


class Stage:
    """Starts both sides and the clients. A side is a dict: service → the server that has it."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.running = contextlib.ExitStack()
        self.started = 0

    def _start(self, command, name):
        self.started += 1
        server = Server(command, {self.options.server_cpu}, self.folder, f"{name}-{self.started}")
        self.running.callback(end_process, server.process)
        return server

    def bare_side(self):
        tcp = self.options.bare_tcp
        return {
            "udp_upper": self._start([self.options.bare_udp], "bare-udp"),
            "tcp_chat": self._start([tcp, "chat"], "bare-chat"),
            "tcp_upper": self._start([tcp, "upper"], "bare-upper"),
        }

    def _daemon_command(self, flags):
        command = [self.options.socklens]
        for flag in ("--udp-upper", "--tcp-upper", "--tcp-chat", "--http"):
            command += [flag, "127.0.0.1:0"]
        if self.options.store:
            command += ["--store", self.options.store]
        elif "--store" in self.options.socklens_help:
            command += ["--store", "memory"]
        return [*command, *flags, *self.options.daemon_arg, "--ready-file"]

    def subject_side(self, *flags):
        if self.options.self_check:
            return self.bare_side()
        server = self._start(self._daemon_command(flags), "socklens")
        return dict.fromkeys(SERVICES, server)

    def start_client(self, arguments, **pipes):
        """Starts sl-load; it ends with the stage at the latest."""
        client = start_pinned([self.options.load, *arguments], {self.options.client_cpu},
                              stdout=subprocess.PIPE, text=True, **pipes)
        self.running.callback(end_process, client)
        return client

    def load(self, side, service, arguments):
        """Runs sl-load against a service and returns what it reports, and besides as "others" the
        share of both CPUs that went to neither side."""
        server = side[service]
        before = self._clocks(server)
        client = self.start_client(
            [*arguments, "--to", server.addresses[service], "--server-pid", str(server.pid),
             "--seconds", str(self.options.seconds), "--warmup", str(self.options.warmup)],
            stderr=subprocess.PIPE)
        out, errors = finish(client, self.options.seconds + self.options.warmup + RUN_SLACK_S)
        if client.returncode != 0:
            raise BenchError(f"{' '.join(arguments)} against {server.name}: status "
                             f"{client.returncode}\n{out}{errors}{server.log_tail()}")
        if server.process.poll() is not None:
            raise BenchError(f"{server.name} ended under load:\n{server.log_tail()}")
        wall, used, ours = (now - then for then, now in zip(before, self._clocks(server)))
        return json.loads(out) | {"others": max(0, used - ours) / (2 * wall)}

    def _clocks(self, server):
        clients = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (time.monotonic(),
                busy_seconds({self.options.server_cpu, self.options.client_cpu}),
                cpu_seconds(server.pid) + clients.ru_utime + clients.ru_stime)
