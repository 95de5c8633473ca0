"""The parts of something made of dictionaries and lists, each by its path; None stands for none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Path = tuple[str | int, ...]


def at(value: object, path: Sequence[str | int]) -> Any:
    """What stands at ``path``; None for nothing."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def put(value: object, path: Path, *, new: object) -> None:
    """Let something else stand at ``path``, unless that is nowhere."""
    inside = at(value, path[:-1])
    if isinstance(inside, dict | list) and path:
        inside[path[-1]] = new  # type: ignore[index]


def compact(value: object) -> Any:
    """A copy without what is None."""
    if isinstance(value, dict):
        return {name: compact(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [compact(part) for part in value if part is not None]
    return value


def before_compact(value: object, path: Sequence[str | int]) -> Path:
    """Where what stands at ``path`` of the copy stands in the value itself."""
    found: list[str | int] = []
    for part in path:
        if isinstance(value, list) and isinstance(part, int):
            part = [n for n, one in enumerate(value) if one is not None][part]
        found.append(part)
        value = at(value, (part,))
    return tuple(found)


def every(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Each part with its path, the whole first."""
    yield path, value
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in inside:
            yield from every(part, (*path, name))


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Each part that has none itself and is something."""
    for where, part in every(value, path):
        if part not in (None, "", [], {}) and not isinstance(part, dict | list):
            yield where, part
