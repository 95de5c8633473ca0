"""``keep`` and ``report``: what was measured becomes a part of the checkout, and a page."""

from __future__ import annotations

from pathlib import Path

import click

from tests.proofs import catalogue, kept, report

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("keep")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--as", "proof", default="", help="Which proof, where it does not say so: bench.")
@click.pass_context
def keep_(context: click.Context, *, files: tuple[Path, ...], proof: str) -> None:
    """Keep what proofs printed, of each FILE the last line, in the place of what was measured
    before by the same proof, runtime, workers and control. Then write the report anew.

    \b
    Example:
      python -m tests.proofs f24 | tee f24.txt; python -m tests.proofs keep f24.txt
    """
    figures = catalogue.read()
    for file in files:
        try:
            measured = kept.keep(file.read_text("utf-8"), figures=figures, proof=proof)
        except kept.NoFigures as reason:
            raise click.ClickException(f"{file}: {reason}") from None
        click.echo(f"{measured['proof']} of {measured['on']}, {measured['version']}: kept")
    context.invoke(report_)


@click.command("report")
@click.pass_context
def report_(context: click.Context) -> None:
    """Write ops/PROOFS.md from what is promised and what was measured."""
    report.PLACE.write_text(current(context.find_root().command), encoding="utf-8")
    click.echo(f"written: {report.PLACE.relative_to(Path(__file__).parents[2])}")


def current(group: click.Command) -> str:
    """The report as it has to be."""
    assert isinstance(group, click.Group)
    return report.written(catalogue.read(), kept.read(), commands=catalogue.proofs(group))
