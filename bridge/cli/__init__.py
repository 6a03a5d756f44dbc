"""The command line. Options are declared here and next door; whatever is heavy is imported inside a command.

Exit codes: 0 done; 1 a take failed; 2 the request cannot work as asked; 3 refused by a rule of yours; 4 a take is in
doubt; 5 the set-up is wrong; 6 a take waits for something only you can put right; 130 interrupted.
"""

from __future__ import annotations

from typing import Annotated

import typer

from bridge import __version__
from bridge.cli import demo, jobs, make, osc, run, sound, upkeep

app = typer.Typer(
    name="dawbridge",
    help="The bridge between your DAW and generative music services.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command in (
    *(demo.demo, run.run, make.generate, make.transform),
    *(jobs.jobs, jobs.show, jobs.cancel, jobs.retry, jobs.drop),
    *(sound.post, sound.inspect, upkeep.doctor, upkeep.config, upkeep.clean),
):
    app.command()(_command)

app.add_typer(osc.app)


def _version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"dawbridge {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=lambda asked: _version(asked=asked), is_eager=True)
    ] = False,
) -> None:
    """Select a clip or write a prompt; a finished take comes back on the grid, at the level, in the right place."""
    del version
