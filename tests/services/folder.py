"""Where private servers keep their programs, data and secrets."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.services.process import ServiceUnavailable


def services_home(environment: Mapping[str, str] = os.environ, *, root: Path = Path()) -> Path:
    """The folder for downloaded programs: ``HUB_SERVICES_HOME``, else ``.services`` in ``root``,
    the working folder.
    """
    return Path(environment.get("HUB_SERVICES_HOME") or root / ".services").absolute()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for servers that go with it; unlike most temporary folders, other accounts may pass
    through it.
    """
    with tempfile.TemporaryDirectory(prefix="hub-services-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@contextmanager
def claimed(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold ``folder``, made if missing, for this process alone; ``ServiceUnavailable`` if another
    has it (or wait).
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceUnavailable(
                f"another server runs in {folder}; give this one a folder of its own"
            ) from None
        yield


def remembered(path: Path, make: Callable[[], str]) -> str:
    """The text in ``path``; the first time it is made and kept there, readable by its owner
    only.
    """
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text()
