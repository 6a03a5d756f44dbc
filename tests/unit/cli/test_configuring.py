"""`config`: the settings file that explains itself."""

from __future__ import annotations

import re

import pytest

from bridge.cli.configuring import described, in_force, write_starter
from bridge.errors import ConfigError
from bridge.settings import Settings, load


def setting_lines(text: str) -> list[str]:
    """The starter with every setting uncommented, without the examples after them."""
    body = text[: text.index("# [[hot_folder]]")].splitlines()
    return [re.sub(r"^# (?=\[|\w+ = )", "", line) for line in body]


@pytest.fixture
def starter(home):
    """A new starter file."""
    path = home / "sub" / "settings.toml"
    write_starter(path)
    return path


def test_the_starter_changes_nothing(starter):
    """As written, it means the defaults."""
    assert load(starter) == Settings()


def test_every_line_shows_its_default(starter):
    """With all of its settings uncommented it still means exactly the defaults."""
    lines = setting_lines(starter.read_text(encoding="utf-8"))
    starter.write_text("\n".join(lines), encoding="utf-8")
    found = load(starter)
    assert found == Settings()
    assert {"model", "deliver_to", "paths", "caps", "post", "http"} <= found.model_fields_set


def test_the_examples_are_valid(starter):
    """Uncommented, too, they give a hot folder and a preset."""
    text = starter.read_text(encoding="utf-8")
    examples = re.sub(r"^# (?=\[|\w+ = )", "", text[text.index("# [[hot_folder]]") :], flags=re.MULTILINE)
    starter.write_text("\n".join([*setting_lines(text), examples]), encoding="utf-8")
    found = load(starter)
    assert found.hot_folder[0].preset in found.preset


def test_every_setting_is_in_the_starter(starter):
    """Those that have no default value are named as well, so that nobody has to guess them."""
    text = starter.read_text(encoding="utf-8")
    missing = [name for name, _, _ in described(Settings) if f"# {name.rpartition('.')[2]} = " not in text]
    assert missing == []


def test_every_setting_is_explained(starter):
    """Each line carries a sentence."""
    assert [name for name, _, about in described(Settings) if not about.endswith((".", ")", "}."))] == []


def test_a_file_that_is_there_is_left_alone(starter):
    """`--init` never overwrites what the user wrote."""
    starter.write_text('model = "mine"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="is there already") as said:
        write_starter(starter)
    assert said.value.code == "settings_exist"
    assert load(starter).model == "mine"


def test_what_is_in_force_says_where_it_comes_from(home):
    """Each setting once, with its value, and whether the file says so."""
    path = home / "settings.toml"
    path.write_text('local_only = true\n[caps]\nday_usd = 5.0\n[[hot_folder]]\npath = "/in"\n', encoding="utf-8")
    rows = {row["name"]: row for row in in_force(path)}
    given = {name for name, row in rows.items() if row["from"] != "default"}
    assert given == {"local_only", "caps.day_usd", "hot_folder"}
    assert (rows["local_only"]["value"], rows["local_only"]["text"]) == (True, "true")
    assert rows["caps.month_usd"]["text"] == "null"


def test_a_key_that_was_written_down_is_not_shown(home):
    """Whatever looks like a key in an extension's section is masked wherever settings are listed."""
    path = home / "settings.toml"
    lines = ["[providers.novakit]", 'api_key = "sentinel-7f3a"', 'base_url = "https://x"', "[hosts.s3.auth]"]
    path.write_text("\n".join([*lines, 'secret = "sentinel-7f3a"']), encoding="utf-8")
    shown = str(in_force(path))
    assert "sentinel-7f3a" not in shown
    assert "https://x" in shown
