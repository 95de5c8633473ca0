"""A program with two more revisions than this one: what an upgrade has to do, whatever is the
newest.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from stores import schema

_LENGTHS = '''"""Each state says how long it is."""
import os
import signal

import sqlalchemy as sa

revision, down_revision = "9001", "{newest}"
states = sa.table("states", *map(sa.column, ("step", "key", "body", "length", "key_id")))
by = (states.c.step, states.c.key)
every_state = sa.select(*by, states.c.body, states.c.key_id)
goes_through = (sa.select(*by),)


def upgrade(op, work):
    length = sa.Column("length", sa.Integer, nullable=False, server_default="0")
    op.add_column("states", length)
    changed = sa.update(states).where(by[0] == sa.bindparam("s"), by[1] == sa.bindparam("k"))
    for page in work.pages(every_state, by, size=100):
        keys = work.vault.keys(work.connection, {{row.key_id for row in page}}, create=False)
        rows = [
            {{"s": s, "k": k, "length": len(keys[by].open(body, bound_to=f"{{s}}/{{k}}"))}}
            for s, k, body, by in page
        ]
        work.connection.execute(changed, rows)
        if os.environ.get("KILLED") == "inside":
            os.kill(os.getpid(), signal.SIGKILL)
'''
_NOTES = '''"""Notes have a table of their own."""
import os
import signal

import sqlalchemy as sa

revision, down_revision = "9002", "9001"
states = sa.table("states", *map(sa.column, ("step", "key", "length")))
goes_through = (sa.select(states).where(states.c.length > 100),)


def upgrade(op, work):
    if os.environ.get("KILLED") == "between":
        os.kill(os.getpid(), signal.SIGKILL)
    op.create_table("notes", sa.Column("id", sa.Text, primary_key=True))
    if os.environ.get("KILLED") == "before the end":
        os.kill(os.getpid(), signal.SIGKILL)
'''


def later_versions(folder: Path) -> Path:
    """The folder of every revision of this program, and 9001 and 9002 behind them."""
    shutil.copytree(schema.VERSIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    newest = schema.known()[-1]
    (folder / "9001_lengths.py").write_text(_LENGTHS.format(newest=newest), encoding="utf-8")
    (folder / "9002_notes.py").write_text(_NOTES, encoding="utf-8")
    return folder
