# SPDX-License-Identifier: Apache-2.0
"""conf-examples/ as they stand, run by the real servers: only paths and ports are replaced."""
import os
import re

from PIL import Image
from support import chart, paths
from support.servers import Httpd, Nginx, free_port, worker_account

FOLDER = paths.REPOSITORY / "conf-examples"
HOST = "images.example.org"
USERS = "reader:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"  # password

# One picture per collection, so that no answer can come from the wrong one.
PICTURES = {
    "berlin.tif": (600, 400), "ark:/12025/654.png": (500, 300), "old maps/münchen.png": (320, 240),
    "maps/berlin.tif": (640, 480), "maps/paris.jpg": (700, 500),
    "manuscripts/MS 12/3r.tif": (300, 400), "manuscripts/unsorted/leaf.jpg": (250, 350),
    "photographs/harbour.jpg": (1200, 900),
}

# What Debian's httpd has loaded before anybody says a2enmod; the rest has to stand in the example.
DEBIAN_MODULES = ("access_compat", "alias", "auth_basic", "authn_core", "authn_file", "authz_core", "authz_host",
                  "authz_user", "autoindex", "deflate", "dir", "env", "filter", "mime", "negotiation", "reqtimeout",
                  "setenvif", "status")


def directives(text):
    """The text without its comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


class Example:
    """Mixed into a server: its configuration is the example's instead of one made from endpoints."""

    def __init__(self, name):
        self.text = (FOLDER / self.examples / f"{name}.conf").read_text("utf-8")
        self.inner_port = free_port()
        super().__init__()

    def prepare(self):
        super().prepare()
        for name, size in PICTURES.items():
            path = self.folder / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(chart.pixels(*size)).save(path)
        (self.folder / "users").write_text(USERS)

    def substituted(self, table):
        """The example's directives, each of the table's patterns replaced; nothing of a real machine may be left."""
        text = directives(self.text)
        left = text
        for pattern, replacement in table.items():
            text = re.sub(pattern, lambda _, to=str(replacement): to, text)
            left = re.sub(pattern, "", left)
        left = re.findall(r"(?<![\w.])/(?:srv|etc|var|usr|tmp)/\S*|\b\d+\.\d+\.\d+\.\d+:\d+|[ :]80\b", left)
        assert not left, f"{left} would be used as it is: the test has to know it"
        return text

    def request(self, method, target, headers=None, body=b"", timeout=60.0):
        """As the public asks: by the name of the server."""
        return super().request(method, target, {"Host": HOST, **(headers or {})}, body, timeout)


class NginxExample(Example, Nginx):
    examples = "nginx"

    def configuration(self):
        user, group = worker_account()
        module = re.search(r"^# +(load_module .*;)$", self.text, re.M)
        assert module, "the example says which line loads the module"
        modules = self.folder / "modules"  # a relative path of a module is relative to nginx's prefix
        if not modules.exists():
            modules.mkdir()
            (modules / "ngx_http_iiif_module.so").symlink_to(paths.NGINX_MODULE)
        example = self.substituted({
            r"\blisten 80;": f"listen 127.0.0.1:{self.port};",
            r"\b127\.0\.0\.1:8081\b": f"127.0.0.1:{self.inner_port}",
            r"/srv/images\b": self.folder / "images",
            r"/etc/nginx/iiif\.users\b": self.folder / "users",
            r"/var/cache/nginx-iiif\b": self.folder / "cache/iiif",
            r"/var/log/nginx/iiif\.log\b": self.access_log,
        })
        # Debian's nginx.conf around it.
        return "\n".join([
            module[1],
            f"user {user} {group};" if os.geteuid() == 0 else "",
            "daemon off;",
            f"worker_processes {self.workers};",
            f"pid {self.folder}/nginx.pid;",
            f"error_log {self.error_log} info;",
            "events { worker_connections 768; }",
            "http {",
            *(f"{kind}_temp_path {self.folder}/tmp/{kind};"
              for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
            "sendfile on;",
            "tcp_nopush on;",
            "gzip on;",
            "types { text/html html; }",
            "default_type application/octet-stream;",
            "access_log off;",
            *self.pool_lines(),
            example,
            "}",
            "",
        ])


class HttpdExample(Example, Httpd):
    examples = "apache"

    def configuration(self):
        user, group = worker_account()
        enabled = [name for line in re.findall(r"^# +a2enmod (.+)$", self.text, re.M) for name in line.split()]
        example = self.substituted({
            r"/usr/lib/apache2/modules/mod_iiif\.so\b": paths.HTTPD_MODULE,
            r"<VirtualHost \*:80>": f"<VirtualHost 127.0.0.1:{self.port}>",
            r"\b127\.0\.0\.1:8081\b": f"127.0.0.1:{self.inner_port}",
            r"/srv/images\b": self.folder / "images",
            r"/etc/apache2/iiif\.users\b": self.folder / "users",
            r"/var/cache/apache2/mod_cache_disk\b": self.folder / "cache",
            r"/tmp/iiif-cache-lock\b": self.folder / "tmp/lock",
            r"/var/log/apache2/iiif\.log\b": self.access_log,
        })
        # Debian's apache2.conf around it: what is not granted is denied.
        before = [
            f"ServerRoot {self.folder}",
            f"PidFile {self.folder}/httpd.pid",
            f"DefaultRuntimeDir {self.folder}/run",
            f"Mutex file:{self.folder}/tmp default",
            # What an example says about libraries that Debian's modules forget to name.
            *re.findall(r'^# +echo "(LoadFile [\w.]+)"', self.text, re.M),
            *(f"LoadModule {module}_module {paths.HTTPD_MODULES}/mod_{module}.so"
              for module in ("mpm_event", *DEBIAN_MODULES, *enabled)),
            *([f"User {user}", f"Group {group}"] if os.geteuid() == 0 else []),
            "ServerName localhost",
            f"Listen 127.0.0.1:{self.port}",
            f"ErrorLog {self.error_log}",
            "LogLevel info",
            f"StartServers {self.workers}",
            "TypesConfig /dev/null",
            f"DocumentRoot {self.folder}/htdocs",
            "<Directory />",
            "Require all denied",
            "</Directory>",
            f"<Directory {self.folder}/htdocs>",
            "Require all granted",
            "</Directory>",
        ]
        # The directives of the pool need the module, which the example loads.
        return "\n".join([*before, example, *self.pool_lines(), ""])


KINDS = {"nginx": NginxExample, "apache": HttpdExample}
