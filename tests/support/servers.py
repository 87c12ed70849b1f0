# SPDX-License-Identifier: Apache-2.0
"""Real nginx and httpd, each in a private folder, on a free loopback port, ended by the process id.

    from support.servers import Endpoint, Httpd, Nginx

    with Nginx("/srv/images", {"max_width": 3000}) as server:
        server.get("/iiif/3/a.tif/info.json").json()

    with Httpd(endpoints=[Endpoint("/one/", "/srv/one"), Endpoint("/two/", "/srv/two", {"versions": "2"})],
               mpm="prefork", pool={"renderers": 2}, server="Header set X-Test yes") as server:
        ...

Raw text may be a string, or {"nginx": "...", "httpd": "..."} when one test runs on both.
Leaving the `with` block stops the server and fails the test when a process or a socket is left.
"""
import grp
import os
import pwd
import random
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from . import http, paths
from .directives import lines, quoted
from .keeper import descendants

START_SECONDS = 40.0
STOP_SECONDS = 20.0
USER = "www-data"


class StartError(Exception):
    """The server did not start; the message is what it said."""


class Leftover(AssertionError):
    """Processes or sockets outlived their server."""


def free_port():
    """Below those that the kernel gives to clients: one of them could take it before the server does."""
    while True:
        port = random.SystemRandom().randrange(12000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_for(condition, seconds=10.0, what="condition", step=0.02):
    """The first true value of condition(); AssertionError with `what` when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what() if callable(what) else what}")
        time.sleep(step)


PLAIN = re.compile(r"[!#-\[\]-~]+")  # a target that no access log writes in another way


def heed_interrupts():
    """In a child, before exec: a shell's background job, which tests may be, has SIGINT ignored, and so its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def process_name(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="latin-1") as comm:
            return comm.read().strip()
    except OSError:
        return ""


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def resident_bytes(pid):
    """Private memory: what this process alone keeps from others."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="latin-1") as file:
        return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Private_"))


def worker_account():
    """The account workers run as: an unprivileged one when the tests run as root, else our own."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    entry = pwd.getpwnam(USER)
    return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name


@dataclass
class Endpoint:
    prefix: str
    root: object = None              # folder; None when `directives` or the enclosing level says it
    directives: dict = field(default_factory=dict)
    extra: object = ""               # raw text inside the location
    on: bool = True                  # writes the `iiif on` line


class Server:
    name = ""         # "nginx" or "httpd"
    program_name = ""  # what /proc/PID/comm says

    def __init__(self, root=None, directives=None, *, prefix="/iiif/", location="", endpoints=None,
                 pool=None, main="", http="", server="", workers=2, build=None, wrapper=(), start=True):
        """`root`, `directives`, `prefix` and `location` (raw text) describe one endpoint; `endpoints` any number.

        pool: directives of server scope. main, http, server: raw text at these levels (httpd has no http level:
        both main and http go outside of the virtual host). workers: worker processes. wrapper: words before the command.
        """
        if endpoints is None:
            endpoints = [] if root is None and directives is None else [
                Endpoint(prefix, root, directives or {}, location)]
        self.endpoints, self.pool, self.workers = endpoints, dict(pool or {}), workers
        self.raw = {"main": main, "http": http, "server": server}
        self.wrapper = tuple(wrapper)
        self.folder = None
        self.port = free_port()
        self.keeper = None
        self.answered = Counter()  # how often each plain target was, by was_answered()
        self.pid = None          # the server's parent process
        self.exit_code = None
        self._said = b""
        if start:
            try:
                self.start()
            except BaseException:
                self.discard()
                raise

    # -- configuration --

    def text_of(self, raw):
        """Raw text, with what only this instance knows filled in: @FOLDER@ and @PORT@."""
        text = raw.get(self.name, "") if isinstance(raw, dict) else raw
        return text.replace("@FOLDER@", str(self.folder)).replace("@PORT@", str(self.port))

    def endpoint_lines(self, endpoint):
        written = {"iiif": "on"} if endpoint.on else {}
        if endpoint.root is not None:
            written["root"] = str(endpoint.root)
        return [*lines({**written, **endpoint.directives}, self.name), self.text_of(endpoint.extra)]

    def pool_lines(self):
        standard = {"renderer_program": str(paths.RENDERER), "runtime_directory": str(self.run), "renderers": "2"}
        merged = {**standard, **self.pool}
        return [self.text_of(line)
                for line in lines({name: value for name, value in merged.items() if value is not None}, self.name)]

    def configuration(self):
        raise NotImplementedError

    def command(self, *extra):
        raise NotImplementedError

    def prepare(self):
        """Makes the private folder and writes the configuration."""
        if self.folder is None:
            self.folder = Path(tempfile.mkdtemp(prefix="iiif-test-"))
            self.folder.chmod(0o755)
            user, group = worker_account()
            for name in ("run", "tmp", "cache", "htdocs"):
                (self.folder / name).mkdir()
                if os.geteuid() == 0:
                    shutil.chown(self.folder / name, user, group)
            self.run, self.cache = self.folder / "run", self.folder / "cache"
            (self.folder / "htdocs/hello.txt").write_text("hello\n")
        self.conf.write_text(self.configuration())

    @property
    def conf(self):
        return self.folder / "server.conf"

    @property
    def error_log(self):
        return self.folder / "error.log"

    @property
    def access_log(self):
        return self.folder / "access.log"

    # -- life --

    def environment(self):
        environment = dict(os.environ)
        if paths.PRELOAD:
            environment["LD_PRELOAD"] = paths.PRELOAD
        return environment

    def check(self, *extra):
        """The server's own test of its configuration: (exit code, what it said)."""
        self.prepare()
        done = subprocess.run([*self.command(*extra), "-t"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=START_SECONDS, env=self.environment(), check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace") + self.log()

    def start(self):
        self.prepare()
        self.output = open(self.folder / "output.log", "ab")
        self.keeper = subprocess.Popen([sys.executable, str(Path(__file__).with_name("keeper.py")), *self.wrapper, *self.command()],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.output,
                                       env=self.environment(), start_new_session=True)
        self.output.close()
        first = self.keeper.stdout.readline().split()
        self.pid = int(first[1])
        self._ended = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._ended.wait(0.02):
                raise StartError(f"{self.name} ended with {self.exit_code}:\n{self.said()}")
            if time.monotonic() > deadline:
                raise StartError(f"{self.name} does not answer after {START_SECONDS:g} s:\n{self.said()}")
        return self

    def _listen(self):
        for line in self.keeper.stdout:
            word, number = line.split()
            if word == b"exit":
                self.exit_code = int(number)
                self._ended.set()

    def _answers(self):
        try:
            return http.get(self.port, "/hello.txt", timeout=2.0).status > 0
        except (OSError, http.HttpError):
            return False

    def signal(self, number, pid=None):
        os.kill(pid or self.pid, number)

    @property
    def running(self):
        return self.pid is not None and self.exit_code is None

    def wait_ended(self, seconds=STOP_SECONDS):
        if not self._ended.wait(seconds):
            raise AssertionError(
                f"{self.name} has not ended after {seconds:g} s; processes: {self.describe_processes()}")
        return self.exit_code

    def reload(self, wait=True, seconds=START_SECONDS):
        raise NotImplementedError

    def stop(self, graceful=False, check=True, seconds=STOP_SECONDS):
        """Asks the server to end, waits, and with `check` asserts that nothing of it is left."""
        if self.keeper is None:
            return
        try:
            if self.running:
                self.signal(self.stop_signal[graceful])
                self.wait_ended(seconds)
            if check:
                self.assert_nothing_left(seconds)
        finally:
            self._end_keeper()

    def assert_nothing_left(self, seconds=STOP_SECONDS):
        """No process that the server or its children started, and no socket in its runtime folder."""
        deadline = time.monotonic() + seconds
        while self.processes() or self.sockets():
            if time.monotonic() > deadline:
                raise Leftover(
                    f"{self.name} left {self.describe_processes()} and sockets {self.sockets()};\n{self.log()[-3000:]}")
            time.sleep(0.02)

    def _end_keeper(self):
        if self.keeper is not None:
            self.keeper.stdin.close()
            self.keeper.wait(30)
            self.keeper = None

    def discard(self):
        """Ends whatever still runs and removes the folder; never fails a test."""
        self._end_keeper()
        if self.folder is not None and not os.environ.get("IIIF_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stop(check=kind is None)
        finally:
            self.discard()

    # -- what runs --

    def processes(self):
        """Process ids of everything that the server started, directly or not, itself included."""
        return descendants(self.keeper.pid) if self.keeper is not None else []

    def pids(self):
        """Worker processes: the parent's children that are the server itself."""
        return [pid for pid in self.processes() if parent_of(
            pid) == self.pid and process_name(pid) == self.program_name]

    def supervisors(self):
        return [pid for pid in self.processes() if process_name(pid) == "iiif-renderd"]

    def fork_servers(self):
        return [pid for pid in self.processes() if process_name(pid) == "iiif-forkserver"]

    def renderers(self):
        return [pid for pid in self.processes() if process_name(pid) == "iiif-renderer"]

    def sockets(self):
        """Unix sockets in the private folder."""
        found = []
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = Path(folder, name)
                try:
                    if stat.S_ISSOCK(path.lstat().st_mode):
                        found.append(str(path))
                except FileNotFoundError:
                    pass
        return found

    def describe_processes(self):
        return [f"{process_name(pid)}({pid}, parent {parent_of(pid)})" for pid in self.processes()]

    # -- what it says --

    def log(self):
        """The error log's text."""
        return self.error_log.read_text("utf-8", "replace") if self.error_log.exists() else ""

    def access(self):
        """The access log's lines, once those of all answers that it was told of are among them.

        Both servers write the line after the last byte has been sent: a client may look before it is there.
        """
        def read():
            return self.access_log.read_text("utf-8", "replace") if self.access_log.exists() else ""

        def missing():
            text = read()
            return {target: count for target, count in self.answered.copy().items() if text.count(f" {target} ") < count}
        wait_for(lambda: not missing(), 10, lambda: f"{missing()} answers in the access log")
        return read().splitlines()

    def times(self, target):
        """What took the renderers how long, for each answer to the target in the access log; "-" from elsewhere."""
        return [line.rpartition('" ')[2] for line in self.access() if f" {target} " in line]

    def said(self):
        output = self.folder / "output.log"
        return (output.read_text("utf-8", "replace") if output.exists() else "") + self.log()

    # -- requests --

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def connection(self, timeout=60.0):
        return http.Connection(self.port, timeout=timeout)

    def request(self, method, target, headers=None, body=b"", timeout=60.0):
        answer = http.request(self.port, method, target, headers, body, timeout)
        self.was_answered(target)
        return answer

    def was_answered(self, target):
        """Its line in the access log is waited for by access()."""
        if PLAIN.fullmatch(target):
            self.answered[target] += 1

    def get(self, target, headers=None, timeout=60.0):
        return self.request("GET", target, headers, timeout=timeout)

    def __str__(self):
        return f"{self.name} on {self.port} in {self.folder}"


class Nginx(Server):
    name = "nginx"
    program_name = "nginx"
    stop_signal = {False: signal.SIGTERM, True: signal.SIGQUIT}

    def command(self, *extra):
        return [str(paths.NGINX), "-p", str(self.folder), "-c", str(self.conf), "-e", str(self.error_log), *extra]

    def configuration(self):
        user, group = worker_account()
        temporary = [f"{kind}_temp_path {self.folder}/tmp/{kind};"
                     for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
        out = [
            f"load_module {paths.NGINX_MODULE};",
            f"user {user} {group};" if os.geteuid() == 0 else "",
            "daemon off;",
            # nginx hands on nothing else of it, to a program that takes its place either.
            *(f"env {name};" for name in ("LD_PRELOAD", "ASAN_OPTIONS", "UBSAN_OPTIONS") if paths.PRELOAD),
            f"worker_processes {self.workers};",
            f"pid {self.folder}/nginx.pid;",
            f"error_log {self.error_log} info;",
            self.text_of(self.raw["main"]),
            "events { worker_connections 1024; }",
            "http {",
            *temporary,
            "types { text/html html; text/plain txt; }",
            "default_type application/octet-stream;",
            "keepalive_requests 100000;",
            "log_format test '$status $body_bytes_sent kind=$iiif_kind served=$iiif_served \"$request\" $iiif_timing';",
            f"access_log {self.access_log} test;",
            *self.pool_lines(),
            self.text_of(self.raw["http"]),
            "server {",
            f"listen 127.0.0.1:{self.port};",
            "server_name localhost;",
            f"root {self.folder}/htdocs;",
            self.text_of(self.raw["server"]),
        ]
        for endpoint in self.endpoints:
            # A space needs quotes; modifiers (= ~ ^~) have to stand outside of them.
            place = quoted(endpoint.prefix) if endpoint.prefix.startswith("/") else endpoint.prefix
            out += [f"location {place} {{", *self.endpoint_lines(endpoint), "}"]
        return "\n".join([*filter(None, out), "}", "}", ""])

    def reload(self, wait=True, seconds=START_SECONDS):
        before = set(self.pids())
        self.signal(signal.SIGHUP)
        if wait:
            wait_for(lambda: len(set(self.pids()) - before) >= self.workers, seconds,
                     lambda: f"nginx has new workers after SIGHUP; log: {self.log()[-2000:]}")


class Httpd(Server):
    name = "httpd"
    program_name = "apache2"
    stop_signal = {False: signal.SIGTERM, True: signal.SIGWINCH}
    modules = (
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_host",
    "authz_user",
    "auth_basic",
    "alias",
    "cache",
    "cache_disk",
    "deflate",
    "env",
    "filter",
    "headers",
    "mime",
    "proxy",
    "proxy_http",
    "remoteip",
    "rewrite",
     "setenvif")

    def __init__(self, *arguments, mpm="event", modules=(), **named):
        self.mpm = mpm
        self.more_modules = tuple(modules)
        super().__init__(*arguments, **named)

    def command(self, *extra):
        return [str(paths.HTTPD), "-d", str(self.folder), "-f", str(self.conf), "-DFOREGROUND", *extra]

    def configuration(self):
        user, group = worker_account()
        if self.mpm == "prefork":
            processes = ["StartServers 4", "MinSpareServers 4", "MaxSpareServers 8", "MaxRequestWorkers 24"]
        else:
            processes = [f"StartServers {self.workers}", f"ServerLimit {self.workers + 6}", "ThreadsPerChild 16",
                         "MinSpareThreads 1", f"MaxSpareThreads {16 * (self.workers + 2)}",
                         f"MaxRequestWorkers {16 * (self.workers + 2)}"]
        out = [
            f"ServerRoot {self.folder}",
            f"PidFile {self.folder}/httpd.pid",
            f"DefaultRuntimeDir {self.folder}/run",
            f"Mutex file:{self.folder}/tmp default",
            f"LoadModule mpm_{self.mpm}_module {paths.HTTPD_MODULES}/mod_mpm_{self.mpm}.so",
            *(f"LoadModule {module}_module {paths.HTTPD_MODULES}/mod_{module}.so"
              for module in (*self.modules, *self.more_modules)),
            f"LoadModule iiif_module {paths.HTTPD_MODULE}",
            *([f"User {user}", f"Group {group}"] if os.geteuid() == 0 else []),
            "ServerName localhost",
            f"Listen 127.0.0.1:{self.port}",
            f"ErrorLog {self.error_log}",
            "LogLevel info",
            "KeepAlive On",
            "MaxKeepAliveRequests 0",
            "GracefulShutdownTimeout 10",
            *processes,
            "TypesConfig /dev/null",
            "AddType text/plain .txt",
            "AddType text/html .html",
            'LogFormat "%>s %B kind=%{iiif_kind}n served=%{iiif_served}n \\"%r\\" %{iiif_timing}n" test',
            f"CustomLog {self.access_log} test",
            *self.pool_lines(),
            self.text_of(self.raw["main"]),
            self.text_of(self.raw["http"]),
            f"<VirtualHost 127.0.0.1:{self.port}>",
            f"DocumentRoot {self.folder}/htdocs",
            f"<Directory {self.folder}/htdocs>",
            "Require all granted",
            "</Directory>",
            self.text_of(self.raw["server"]),
        ]
        for endpoint in self.endpoints:
            out += [f"<Location \"{endpoint.prefix}\">", *self.endpoint_lines(endpoint), "</Location>"]
        return "\n".join([*filter(None, out), "</VirtualHost>", ""])

    def reload(self, wait=True, seconds=START_SECONDS):
        resumed = self.log().count("resuming normal operations")
        self.signal(signal.SIGUSR1)
        if wait:
            wait_for(lambda: self.log().count("resuming normal operations") > resumed, seconds,
                     lambda: f"httpd resumes after SIGUSR1; log: {self.log()[-2000:]}")

    def __str__(self):
        return f"httpd {self.mpm} on {self.port} in {self.folder}"


def make(kind, *arguments, **named):
    """By name: "nginx", "httpd-event", "httpd-worker", "httpd-prefork"."""
    server, _, mpm = kind.partition("-")
    if server == "nginx":
        return Nginx(*arguments, **named)
    return Httpd(*arguments, mpm=mpm or "event", **named)


KINDS = ("nginx", "httpd-event", "httpd-prefork")
ALL_KINDS = (*KINDS, "httpd-worker")
