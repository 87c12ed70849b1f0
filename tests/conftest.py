# SPDX-License-Identifier: Apache-2.0
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support import chart, paths  # noqa: E402


@pytest.fixture(scope="session", name="data")
def data_folder():
    """Folder of test images, see data/make.py."""
    folder = chart.data()
    # Renderers share no images of files that have changed within the last two seconds.
    while time.time() - (folder / "stamp").stat().st_ctime < 2.5:
        time.sleep(0.1)
    return folder


@pytest.fixture(scope="session", name="images")
def images_folder(data):
    return data / "images"


@pytest.fixture(scope="session", autouse=True)
def built():
    missing = [str(path) for path in (paths.NGINX_MODULE, paths.HTTPD_MODULE, paths.RENDERER) if not path.exists()]
    if missing:
        pytest.exit(
    f"not built: {', '.join(missing)}; IIIF_BUILD names the build folder (now {paths.BUILD})",
     returncode=3)
