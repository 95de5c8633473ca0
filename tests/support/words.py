"""Words that only those who run the hub understand."""

import re

import click

from ops.cli import main

_COMMANDS = "|".join(map(re.escape, main.list_commands(click.Context(main))))
OPERATORS = re.compile(
    rf"(?<!runs the )\bhub ({_COMMANDS})\b|"
    r"redriv|dead.letter|\bmappings?\b|configur|hub\.toml|\s--\w|`",
    re.IGNORECASE,
)
"""What an agency can do nothing with. Who runs the hub may be asked to find something, though."""
