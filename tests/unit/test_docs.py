"""The documents say what the code does."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from bridge.cli import app
from bridge.take import State

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])


def test_tables_are_as_the_code_says():
    """States, settings and errors in the documents are generated, and up to date."""
    tables = runpy.run_path(str(ROOT / "docs" / "tables.py"))
    assert tables["main"](["--check"]) == 0, "run: python docs/tables.py"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    """A link to a file of the project leads to a file."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_every_command_is_in_the_manual():
    """docs/cli.md has a row for each command, and no other."""
    manual = (ROOT / "docs" / "cli.md").read_text("utf-8").partition("| command |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`([a-z]+)(?: [^`]*)?`", manual))
    groups = {group.typer_instance.info.name for group in app.registered_groups}
    assert {command.callback.__name__ for command in app.registered_commands} | groups == named


def test_commands_in_the_readme_exist():
    """Every `dawbridge …` line of the README is a command that there is."""
    known = {command.callback.__name__ for command in app.registered_commands}
    known |= {group.typer_instance.info.name for group in app.registered_groups}
    lines = re.findall(r"^    dawbridge (\w+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert lines
    assert set(lines) <= known


def test_no_state_is_without_a_meaning():
    """Each state is one sentence for people."""
    assert all(state.meaning for state in State)
