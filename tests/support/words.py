"""Words that only those who run the hub understand."""

import re

import click

from ops.cli import main

_COMMANDS = "|".join(map(re.escape, main.list_commands(click.Context(main))))
OPERATORS = re.compile(
    rf"\bhub ({_COMMANDS})\b|redriv|dead.letter|\bmappings?\b|configur|hub\.toml|\s--\w|`",
    re.IGNORECASE,
)
"""What an agency can do nothing with."""
