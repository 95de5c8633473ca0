"""The five package names are the hub's own, and importing any of its modules does nothing but
define things.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("connectors", "router", "schemas", "stores", "ops")

WATCHED = '''
import importlib, json, os, pkgutil, sys

root, packages = sys.argv[1], sys.argv[2:]
sys.path.insert(0, root)
sys.dont_write_bytecode = True
inside = tuple(os.path.join(root, package) + os.sep for package in packages)
library = os.path.dirname(os.__file__)
done = []


def whose():
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(inside):
            return os.path.relpath(name, root)
        standard = name.startswith((library, "<frozen")) or name == "<string>"
        if "site-packages" in name or not standard:
            return None
        frame = frame.f_back
    return None


def shipped(path, mode):
    """Code, tables and time zones that come with the program are part of what is defined."""
    reads = not set(mode) & set("wax+")
    ours = path.startswith(inside) or "zoneinfo" in path
    return path.endswith((".py", ".pyc")) or (reads and ours)


def watch(event, arguments):
    if event == "open" and shipped(str(arguments[0]), str(arguments[1] or "r")):
        return
    watched = ("open", "subprocess.Popen", "os.system", "_thread.start_new_thread")
    if event in watched or event.startswith("socket."):
        owner = whose()
        if owner:
            done.append(f"{owner}: {event}")


class Environ(type(os.environ)):
    def __getitem__(self, key):
        owner = whose()
        if owner:
            done.append(f"{owner}: reads the environment")
        return super().__getitem__(key)


os.environ.__class__ = Environ
sys.addaudithook(watch)
names = []
for package in packages:
    found = importlib.import_module(package)
    names += [module.name for module in pkgutil.walk_packages(found.__path__, package + ".")]
for name in names:
    importlib.import_module(name)
print(json.dumps({"imported": len(names), "done": done}))
'''


@pytest.mark.parametrize("package", PACKAGES)
def test_no_foreign_distribution_claims_a_package_of_the_hub(package: str) -> None:
    assert set(packages_distributions().get(package, [])) <= {"mash-hub"}
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).parent == ROOT / package


def test_importing_opens_nothing_starts_nothing_and_reads_no_settings() -> None:
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WATCHED, str(ROOT), *PACKAGES],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout.splitlines()[-1])
    assert told["imported"] > 50
    assert told["done"] == []


def test_tests_are_named_by_kind_and_never_like_a_package() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert folders.isdisjoint(PACKAGES)
    packages = [path.parent.name for path in (ROOT / "tests").rglob("__init__.py")]
    assert packages == ["days"], "where hubs live as long as the tests of their folder"
