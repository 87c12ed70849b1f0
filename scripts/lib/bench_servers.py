# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared: private instances on loopback, alike in all that is not the point.

Every nginx has the same lines but for its location, and so has every httpd. All have the same number of workers, no
access log and connections that stay open.
"""
import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from support import paths
from support.servers import USER, Endpoint, Httpd, Nginx, worker_account

DEBIAN_IIPSRV = Path("/usr/lib/iipimage-server/iipsrv.fcgi")
CONNECTIONS = 4096       # per nginx worker; a request to a renderer takes two
# Per httpd process: no fewer than connections. When all threads are busy, the event MPM closes idle connections, which
# wrk counts as errors.
THREADS = 512
POOL = {"queue": "1024", "timeout": "120s"}
TICK = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1


def cpu_seconds(pids):
    """Processor time of these processes, and of their children that have ended."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text("latin-1").rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile: its parent has the time
        ticks += sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
    return ticks / TICK


def shared_out_bytes(pids):
    """PSS: memory, each shared page divided among those that share it."""
    total = 0
    for pid in pids:
        try:
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text("latin-1"), re.M)
        except OSError:
            continue
        total += int(found[1]) << 10 if found else 0
    return total


def largest_bytes(pids):
    """VmHWM: the most that any one of them ever had resident."""
    most = 0
    for pid in pids:
        try:
            found = re.search(r"^VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("latin-1"), re.M)
        except OSError:
            continue
        most = max(most, int(found[1]) << 10 if found else 0)
    return most


class Measured:
    """Mixed into a server."""

    def measured_pids(self):
        return self.processes()


class OurNginx(Measured, Nginx):
    def location(self):
        extra = "iiif_cache bench; iiif_cache_valid 200 1h;"
        cached = Endpoint("/cached/", self.endpoints[0].root, extra=extra)
        return [line for endpoint in (*self.endpoints, cached)
                for line in (f"location {endpoint.prefix} {{", *self.endpoint_lines(endpoint), "}")]

    def http_lines(self):
        return [f"iiif_cache_path {self.folder}/cache levels=1:2 keys_zone=bench:10m max_size=2g use_temp_path=off;",
                *self.pool_lines()]

    def configuration(self):
        user, group = worker_account()
        return "\n".join([
            f"load_module {paths.NGINX_MODULE};" if self.pool else "",
            f"user {user} {group};" if os.geteuid() == 0 else "",
            "daemon off;",
            f"worker_processes {self.workers};",
            f"worker_rlimit_nofile {4 * CONNECTIONS};",
            f"pid {self.folder}/nginx.pid;",
            f"error_log {self.error_log} warn;",
            f"events {{ worker_connections {CONNECTIONS}; }}",
            "http {",
            *(f"{kind}_temp_path {self.folder}/tmp/{kind};"
              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
            "types { application/json json; image/jpeg jpg; text/plain txt; }",
            "default_type application/octet-stream;",
            "access_log off;",
            "sendfile on;",
            "tcp_nopush on;",
            "keepalive_requests 1000000000;",
            *self.http_lines(),
            "server {",
            f"listen 127.0.0.1:{self.port} backlog=1024;",
            f"root {self.folder}/htdocs;",
            *self.location(),
            "}",
            "}",
            "",
        ])


class StaticNginx(OurNginx):
    def location(self):
        return []

    def http_lines(self):
        return []


class OurHttpd(Measured, Httpd):
    threads = THREADS

    def location(self):
        cached = Endpoint("/cached/", self.endpoints[0].root)
        return ["CacheEnable disk /cached/", "CacheLock on", f"CacheLockPath {self.folder}/tmp/lock",
                *(line for endpoint in (*self.endpoints, cached)
                  for line in (f'<Location "{endpoint.prefix}">', *self.endpoint_lines(endpoint), "</Location>"))]

    def configuration(self):
        user, group = worker_account()
        modules = ("mpm_event", "authz_core", "mime", *(("cache", "cache_disk") if self.pool else ()))
        return "\n".join([
            f"ServerRoot {self.folder}",
            f"PidFile {self.folder}/httpd.pid",
            f"DefaultRuntimeDir {self.folder}/run",
            f"Mutex file:{self.folder}/tmp default",
            *(f"LoadModule {module}_module {paths.HTTPD_MODULES}/mod_{module}.so" for module in modules),
            f"LoadModule iiif_module {paths.HTTPD_MODULE}" if self.pool else "",
            *([f"User {user}", f"Group {group}"] if os.geteuid() == 0 else []),
            "ServerName localhost",
            f"Listen 127.0.0.1:{self.port}",
            "ListenBacklog 1024",
            f"ErrorLog {self.error_log}",
            "LogLevel warn",
            "EnableSendfile On",
            "KeepAlive On",
            "KeepAliveTimeout 60",
            "MaxKeepAliveRequests 0",
            f"StartServers {self.workers}",
            f"ServerLimit {self.workers}",
            f"ThreadLimit {self.threads}",
            f"ThreadsPerChild {self.threads}",
            f"MaxRequestWorkers {self.threads * self.workers}",
            "MinSpareThreads 1",
            f"MaxSpareThreads {self.threads * self.workers}",
            "TypesConfig /dev/null",
            "AddType application/json .json",
            "AddType image/jpeg .jpg",
            *(self.pool_lines() if self.pool else []),
            f"DocumentRoot {self.folder}/htdocs",
            "<Directory />",
            "Options FollowSymLinks",  # else httpd looks at each folder of a path
            "AllowOverride None",
            "Require all granted",
            "</Directory>",
            f"CacheRoot {self.folder}/cache" if self.pool else "",
            *self.location(),
            "",
        ])


class StaticHttpd(OurHttpd):
    def location(self):
        return []


def end_with_us():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Iipsrv(OurNginx):
    """As many iipsrv processes as there are renderers share one socket, as behind spawn-fcgi, with nginx before them.

    Its own cache is as large as it is by default (10 MB): the tiles that are asked for again fit in.
    """

    def __init__(self, root, program=DEBIAN_IIPSRV, **named):
        self.program, self.root, self.children = Path(program), Path(root), []
        super().__init__(root, **named)

    def http_lines(self):
        return []

    def location(self):
        return ["fastcgi_param REQUEST_METHOD $request_method;", "fastcgi_param HTTP_HOST $http_host;",
                "fastcgi_param REQUEST_URI $request_uri;", "fastcgi_param SERVER_PROTOCOL $server_protocol;",
                'fastcgi_param QUERY_STRING "$asked";', "fastcgi_read_timeout 120s;", 'set $asked "";',
                "location ~ ^/iiif/3/(.*)$ {", 'set $asked "IIIF=$1";',
                f"fastcgi_pass unix:{self.folder}/iipsrv.sock;", "}",
                "location = /about {", f"fastcgi_pass unix:{self.folder}/iipsrv.sock;", "}"]

    def version(self):
        """From the page that it shows where nothing is asked for."""
        said = re.search(r"Version\s+([\w.-]+)", self.get("/about").body.decode("utf-8", "replace"))
        return said[1] if said else "of unknown version"

    def start(self):
        self.prepare()
        place = str(self.folder / "iipsrv.sock")
        account = {"user": USER, "group": pwd.getpwnam(USER).pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(place)
            os.chmod(place, 0o666)
            listening.listen(1024)
            for _ in range(self.workers):
                self.children.append(subprocess.Popen(
                    [str(self.program)], stdin=listening, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    cwd="/", preexec_fn=end_with_us, **account,
                    env={"FILESYSTEM_PREFIX": f"{self.root}/", "LOGFILE": str(self.folder / "tmp/iipsrv.log"),
                         "VERBOSITY": "0", "JPEG_QUALITY": "85", "MAX_CVT": "20000", "CORS": "*",
                         "IIIF_VERSION": "3", "LC_ALL": "C"}))
        return super().start()

    def measured_pids(self):
        return [*self.processes(), *(child.pid for child in self.children if child.poll() is None)]

    def _end_keeper(self):
        for child in self.children:
            child.kill()
            child.wait()
        super()._end_keeper()


def start_all(images, iipsrv, workers):
    """{name: server}, {name: why it is missing}. `iipsrv`: path of another binary, or None."""
    started, missing = {}, {}
    pool = {**POOL, "renderers": str(workers)}
    wanted = {"nginx": lambda: OurNginx(images, workers=workers, pool=pool),
              "httpd": lambda: OurHttpd(images, workers=workers, pool=pool),
              "nginx-static": lambda: StaticNginx(workers=workers),
              "httpd-static": lambda: StaticHttpd(workers=workers),
              "iipsrv": lambda: Iipsrv(images, DEBIAN_IIPSRV, workers=workers)}
    if iipsrv:
        wanted["iipsrv-given"] = lambda: Iipsrv(images, iipsrv, workers=workers)
    try:
        for name, start in wanted.items():
            if name == "iipsrv" and not DEBIAN_IIPSRV.exists():
                missing[name] = "iipimage-server is not installed"
            else:
                started[name] = start()
    except BaseException:
        stop_all(started, keep=False)
        raise
    return started, missing


def stop_all(servers, keep):
    for server in servers.values():
        try:
            server.stop(check=False)
        finally:
            server._end_keeper()  # ends by its process id whatever is left
            if not keep:
                shutil.rmtree(server.folder, ignore_errors=True)


def settle(server, seconds=30.0):
    """Waits until a server has no more work: renderers may still be busy for clients that have gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = cpu_seconds(server.measured_pids())
        time.sleep(0.3)
        if cpu_seconds(server.measured_pids()) - before < 0.03:
            return
