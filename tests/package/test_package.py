# SPDX-License-Identifier: Apache-2.0
"""What is built and installed: exports, libraries, paths, the header alone, nginx's own ./configure."""
import os
import re
import subprocess
from pathlib import Path

import pytest
from support import paths

NGINX_SOURCE = Path("/usr/share/nginx/src")
# Decoders, image libraries and glib: none of them has any business in a web server's process.
FOREIGN = re.compile(r"lib(vips|glib|gobject|tiff|jpeg|turbojpeg|png|webp|openjp2|heif|jxl|aom|dav1d|de265|poppler|cairo|lcms|gif|"
                     r"magick|rsvg|exif)", re.I)


def run(*words, cwd=None, env=None, fails=False):
    done = subprocess.run([str(word) for word in words], cwd=cwd, text=True, stdin=subprocess.DEVNULL, timeout=900,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
    assert (done.returncode != 0) == fails, done.stdout[-4000:]
    return done.stdout


def exported(module):
    return {line.split()[-1] for line in run("nm", "-D", "--defined-only", module).splitlines()}


def test_nginx_module_exports_what_nginx_needs():
    assert exported(paths.NGINX_MODULE) == {"ngx_modules", "ngx_module_names", "ngx_module_order"}


def test_httpd_module_exports_what_httpd_needs():
    assert exported(paths.HTTPD_MODULE) == {"iiif_module"}


@pytest.mark.parametrize("module", [paths.NGINX_MODULE, paths.HTTPD_MODULE], ids=lambda path: path.name)
def test_modules_link_no_decoder(module):
    linked = run("ldd", module)
    assert "libjansson" in linked and "not found" not in linked
    assert not FOREIGN.findall(linked), linked


def test_installation(tmp_path):
    run("cmake", "--install", paths.BUILD, env={"DESTDIR": str(tmp_path)})
    installed = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    pages = {path for path in installed if path.startswith("usr/share/iiif/pages/")}
    assert {f"usr/share/iiif/pages/{name}" for name in (
        "index.html", "missing.html", "compare.html", "mosaic.html", "mirador.html", "app.js", "app.css", "compare.js",
        "mosaic.js", "missing.js", "mirador.js", "openseadragon.js", "icon.svg", "licences.txt")} <= pages
    assert installed - pages == {
        "usr/lib/nginx/modules/ngx_http_iiif_module.so",
        "usr/lib/apache2/modules/mod_iiif.so",
        "usr/libexec/iiif/iiif-renderd",
        "usr/bin/iiifctl",
        "usr/include/iiif/iiif.h",
    }
    for program in ("usr/libexec/iiif/iiif-renderd", "usr/bin/iiifctl"):
        assert os.access(tmp_path / program, os.X_OK)
    # The modules look for the renderers where they have been installed.
    for module in ("usr/lib/nginx/modules/ngx_http_iiif_module.so", "usr/lib/apache2/modules/mod_iiif.so"):
        assert b"/usr/libexec/iiif/iiif-renderd\0" in (tmp_path / module).read_bytes()


@pytest.mark.parametrize("compiler, language, standard", [("gcc", "c", "c11"), ("g++", "c++", "c++20")])
def test_header_stands_alone(tmp_path, compiler, language, standard):
    run(compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
        paths.REPOSITORY / "common/include/iiif/iiif.h")


def test_nginx_own_configure_builds_a_module_that_loads(tmp_path):
    out = tmp_path / "objs"
    run("bash", "-c", '. ./conf_flags && exec ./configure "${NGX_CONF_FLAGS[@]}" --builddir="$0" --add-dynamic-module="$1"',
        out, paths.REPOSITORY / "ngx_iiif_module", cwd=NGINX_SOURCE, env={"IIIF_CORE_BUILD": str(paths.BUILD)})
    run("make", "-f", out / "Makefile", "modules", cwd=NGINX_SOURCE)
    module = out / "ngx_http_iiif_module.so"
    assert exported(module) == {"ngx_modules", "ngx_module_names", "ngx_module_order"}
    (tmp_path / "images").mkdir()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(f"""
        load_module {module};
        pid {tmp_path}/pid;
        error_log stderr;
        events {{ }}
        http {{
            access_log off;
            iiif_renderer_program {paths.RENDERER};
            server {{ listen 127.0.0.1:1; location /iiif/ {{ iiif on; iiif_root {tmp_path}/images; }} }}
        }}""")
    assert "test is successful" in run(paths.NGINX, "-t", "-p", tmp_path, "-c", configuration, "-e", tmp_path / "log")


def test_cmake_refuses_another_nginx_in_words(tmp_path):
    binary = paths.NGINX.read_bytes()
    signature = re.search(rb"\d,\d,\d,[01]{30,}", binary)[0]
    other = tmp_path / "nginx"
    other.write_bytes(binary.replace(signature, signature[:-1] + (b"0" if signature.endswith(b"1") else b"1")))
    other.chmod(0o755)
    said = run("cmake", "-S", paths.REPOSITORY, "-B", tmp_path / "build", "-G", "Ninja", "-DIIIF_APACHE=OFF",
               "-DIIIF_RENDERER=OFF", f"-DIIIF_NGINX_BINARY={other}", fails=True)
    words = " ".join(said.split())
    assert "has the module signature" in words and "This nginx would not load the module" in words


def test_cmake_says_what_is_missing(tmp_path):
    said = run("cmake", "-S", paths.REPOSITORY, "-B", tmp_path / "build", "-G", "Ninja", "-DIIIF_APACHE=OFF",
               "-DIIIF_RENDERER=OFF", f"-DIIIF_NGINX_SOURCE={tmp_path}", fails=True)
    assert "Install nginx-dev" in " ".join(said.split())
