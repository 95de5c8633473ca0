"""What ships of others' is what its source says: the stylesheet, and htmx."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

HTMX = {
    "htmx.js": "dist/htmx.min.js",
    "htmx-sse.js": "dist/ext/hx-sse.min.js",
    "htmx-licence.txt": "LICENSE",
}
STYLE = Path(str(files("ops.console"))) / "style"


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not here to build the stylesheet")
def test_the_stylesheet_and_htmx_are_what_their_sources_say(tmp_path: Path) -> None:
    for name in ("console.scss", "package.json", "package-lock.json"):
        shutil.copy(STYLE / name, tmp_path)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    installed = subprocess.run(install, cwd=tmp_path, capture_output=True, text=True, check=False)
    if installed.returncode and os.environ.get("CI") != "true":
        pytest.skip("npm cannot fetch what the stylesheet is built from")
    assert installed.returncode == 0, installed.stderr
    built = tmp_path / "console.css"
    sass = ["npx", "sass", "--no-source-map", "--style=compressed", "--load-path=node_modules"]
    subprocess.run([*sass, "console.scss", built.name], cwd=tmp_path, check=True)
    ours, theirs = STYLE.parent / "static", tmp_path / "node_modules" / "htmx.org"
    assert built.read_text("utf-8") == (ours / "console.css").read_text("utf-8")
    for name, taken in HTMX.items():
        assert (ours / name).read_bytes() == (theirs / taken).read_bytes(), name


def test_nothing_of_the_crown_is_in_it_and_it_fetches_nothing() -> None:
    style = (STYLE.parent / "static" / "console.css").read_text("utf-8")
    assert "crest" not in style
    assert "GDS Transport" not in style
    assert "url(" not in style
