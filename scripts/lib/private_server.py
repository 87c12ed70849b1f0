# SPDX-License-Identifier: Apache-2.0
"""Configuration of a private nginx or httpd: an endpoint at /iiif/ and a page at /, everything else in one folder."""
import os
import pwd
from pathlib import Path

WORKER = "www-data"
HTTPD_MODULES = Path("/usr/lib/apache2/modules")


def nginx_command(place, program="/usr/sbin/nginx"):
    return [program, "-p", str(place), "-c", str(place / "server.conf"), "-e", str(place / "error.log")]


def httpd_command(place, program="/usr/sbin/apache2"):
    return [program, "-d", str(place), "-f", str(place / "server.conf"), "-DFOREGROUND"]


def word(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def nginx_configuration(place, build, port, endpoint, pool):
    """`endpoint` and `pool`: lines of directives. The worker user is said only where it can be changed."""
    user = f"user {WORKER};" if os.getuid() == 0 else ""
    temp = "\n    ".join(f"{kind}_temp_path {word(place / kind)};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""load_module {word(build / 'ngx_iiif_module/ngx_http_iiif_module.so')};
{user}
daemon off;
worker_processes auto;
pid {word(place / 'server.pid')};
error_log {word(place / 'error.log')};
events {{ worker_connections 1024; }}
http {{
    access_log {word(place / 'access.log')};
    {temp}
    types {{ text/html html; text/css css; text/javascript js; application/json json; image/png png;
            image/svg+xml svg; }}
    default_type application/octet-stream;
    sendfile on;
    {" ".join(pool)}
    server {{
        listen 127.0.0.1:{port};
        root {word(place / 'page')};
        location /iiif/ {{
            {" ".join(endpoint)}
        }}
    }}
}}
"""


def httpd_configuration(place, build, port, endpoint, pool):
    loaded = ("mpm_event", "unixd", "authz_core", "dir", "mime", "log_config")
    # Debian compiles some of them in, and refuses to load these again.
    modules = "\n".join(f"<IfModule !{name}_module>\n    LoadModule {name}_module "
                        f"{word(HTTPD_MODULES / f'mod_{name}.so')}\n</IfModule>" for name in loaded)
    user = f"User {WORKER}\nGroup {WORKER}" if os.getuid() == 0 else ""
    lines = "\n    ".join(endpoint)
    return f"""ServerRoot {word(place)}
{modules}
LoadModule iiif_module {word(build / 'mod_iiif_apache/mod_iiif.so')}
{user}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {word(place / 'server.pid')}
DefaultRuntimeDir {word(place)}
ErrorLog {word(place / 'error.log')}
LogFormat "%h %t \\"%r\\" %>s %b" common
CustomLog {word(place / 'access.log')} common
TypesConfig /etc/mime.types
AddType text/javascript .js
AddType application/json .json
DocumentRoot {word(place / 'page')}
DirectoryIndex index.html
{chr(10).join(pool)}
<Directory {word(place / 'page')}>
    Require all granted
</Directory>
<Location "/iiif/">
    {lines}
</Location>
"""


def can_worker_read(path):
    """Whether the server's workers may open what lies beneath a folder."""
    if os.getuid() != 0:
        return os.access(path, os.R_OK | os.X_OK)
    account = pwd.getpwnam(WORKER)
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            os._exit(0 if os.access(path, os.R_OK | os.X_OK) else 1)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
