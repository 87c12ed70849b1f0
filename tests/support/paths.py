# SPDX-License-Identifier: Apache-2.0
"""Where things are. Everything can be moved by the environment."""
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("IIIF_BUILD", REPOSITORY / "build/release")).resolve()

NGINX = Path(os.environ.get("IIIF_NGINX", "/usr/sbin/nginx"))
HTTPD = Path(os.environ.get("IIIF_HTTPD", "/usr/sbin/apache2"))
HTTPD_MODULES = Path(os.environ.get("IIIF_HTTPD_MODULES", "/usr/lib/apache2/modules"))

NGINX_MODULE = Path(os.environ.get("IIIF_NGINX_MODULE", BUILD / "ngx_iiif_module/ngx_http_iiif_module.so"))
HTTPD_MODULE = Path(os.environ.get("IIIF_HTTPD_MODULE", BUILD / "mod_iiif_apache/mod_iiif.so"))
# Built once, with the release: pages are the same under any sanitizer.
PAGES = Path(os.environ.get("IIIF_PAGES", REPOSITORY / "build/release/pages/dist")).resolve()
RENDERER = Path(os.environ.get("IIIF_RENDERER", BUILD / "common/renderd/iiif-renderd"))

# LD_PRELOAD of the servers, for runs under a sanitizer whose runtime has to come first.
PRELOAD = os.environ.get("IIIF_PRELOAD", "")
SANITIZED = bool(PRELOAD)
