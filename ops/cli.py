"""``hub``: the one command; each subcommand is a file of :mod:`ops.commands`."""

from __future__ import annotations

from importlib import import_module

import click

from ops.run.log import to_stderr

_COMMANDS = {
    "approvals": "ops.commands.approvals",
    "backup": "ops.commands.backup",
    "audit": "ops.commands.audit",
    "case": "ops.commands.case",
    "clocks": "ops.commands.clocks",
    "config": "ops.commands.config",
    "connectors": "ops.commands.connectors",
    "dead-letters": "ops.commands.dead_letters",
    "demo": "ops.commands.demo",
    "desk": "ops.commands.desk",
    "edge": "ops.commands.edge",
    "erase": "ops.commands.erase",
    "find": "ops.commands.find",
    "follow": "ops.commands.search",
    "hold": "ops.commands.hold",
    "keys": "ops.commands.keys",
    "linkage": "ops.commands.linkage",
    "profile": "ops.commands.profile",
    "picture": "ops.commands.picture",
    "pause": "ops.commands.pause",
    "policy": "ops.commands.policy",
    "recalls": "ops.commands.recalls",
    "reds": "ops.commands.reds",
    "reconcile": "ops.commands.reconcile",
    "restore": "ops.commands.restore",
    "resume": "ops.commands.pause",
    "retention": "ops.commands.retention",
    "replay": "ops.commands.replay",
    "replays": "ops.commands.replays",
    "run": "ops.commands.run",
    "sbom": "ops.commands.sbom",
    "schemas": "ops.commands.schemas",
    "search": "ops.commands.search",
    "sign-in": "ops.commands.sign_in",
    "sign-out": "ops.commands.sign_in",
    "simulate": "ops.commands.simulate",
    "status": "ops.commands.status",
    "tail": "ops.commands.search",
    "topology": "ops.commands.topology",
    "upgrade": "ops.commands.upgrade",
    "verify-release": "ops.commands.verify_release",
    "witness": "ops.commands.witness",
}


class _Lazy(click.Group):
    """Imports a subcommand only when it is used, so that ``hub --help`` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(_COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; the log goes to stderr, and errors say a way out."""
        to_stderr()
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception:  # only now: the words come with the whole server, which an edge has not
            with import_module("ops.commands.in_words").in_words():
                raise


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mash-hub")
def main() -> None:
    """mash-hub: every concern about a child, from every agency, linked, rated, asked about and
    answered for.

    Start with `hub demo`. In production: `hub config check`, then `hub run`.
    """


if __name__ == "__main__":
    main()
