"""The settings: one file, read once; every mistake is a sentence that says how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from bridge.errors import ConfigError
from bridge.settings import Settings, home, load, read, settings_file


def refusal(said) -> ConfigError:
    with pytest.raises(ConfigError) as wrong:
        read(said, "settings.toml")
    assert wrong.value.code == "bad_settings"
    assert wrong.value.hint
    return wrong.value


def test_no_file_means_the_defaults(home):
    """Works with nothing: offline engine, five dollars a day, nothing watched."""
    found = load()
    assert found == Settings()
    assert (found.model, found.caps.day_usd, found.hot_folder) == ("sketch", 5.0, ())


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_a_file_is_read_as_utf_8(home, mark):
    """Umlauts in folder names work, with and without the mark that Windows' editor writes."""
    settings_file().write_text(f'{mark}model = "novakit:music"\ndeliver_to = "/Müsik/音"\n', encoding="utf-8")
    assert (load().model, load().deliver_to) == ("novakit:music", Path("/Müsik/音").absolute())


def test_dawbridge_home_moves_everything(home):
    """Settings and state lie in the folder that is named, and nowhere else."""
    from bridge import settings  # noqa: PLC0415 - the fixture has the function's name

    assert settings.home() == home
    assert settings_file() == home / "settings.toml"


def test_an_empty_dawbridge_home_is_none(monkeypatch):
    """A variable that is set to nothing does not put the journal into the current folder."""
    monkeypatch.setenv("DAWBRIDGE_HOME", "")
    assert home().is_absolute()
    assert settings_file().parent.name == "dawbridge"


@pytest.mark.parametrize(
    ("said", "sentence", "hint"),
    [
        ({"modle": "sketch"}, "There is no field 'modle'.", "Did you mean 'model'?"),
        ({"caps": {"day_us": 1}}, "There is no field 'caps.day_us'.", "Did you mean 'day_usd'?"),
        ({"http": {"prot": 1}}, "There is no field 'http.prot'.", "Did you mean 'port'?"),
        (
            {"hot_folder": [{"path": "/a"}, {"path": "/b", "presett": "x"}]},
            "There is no field 'hot_folder.1.presett'.",
            "Did you mean 'preset'?",
        ),
    ],
)
def test_an_unknown_key_gets_the_nearest_name(said, sentence, hint):
    """At the top, in a table, in a list of tables."""
    wrong = refusal(said)
    assert wrong.message == f"In settings.toml: {sentence}"
    assert wrong.hint == hint


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"hot_folder": [{}]}, "'hot_folder.0.path' is missing."),
        ({"caps": {"day_usd": -1}}, "'caps.day_usd' must be greater than or equal to 0, not -1."),
        ({"caps": {"day_usd": float("inf")}}, "'caps.day_usd' must be a finite number, not inf."),
        ({"caps": {"day_usd": float("nan")}}, "'caps.day_usd' must be a finite number, not nan."),
        ({"post": {"lufs": float("nan")}}, "'post.lufs' must be less than or equal to 0, not nan."),
        ({"post": {"lufs": 3}}, "'post.lufs' must be less than or equal to 0, not 3."),
        ({"post": {"level": "loud"}}, "'post.level' must be 'match', 'lufs', 'peak' or 'off', not 'loud'."),
        ({"post": {"rate": 44}}, "'post.rate' must be greater than or equal to 8000, not 44."),
        ({"keep_days": -1}, "'keep_days' must be greater than or equal to 0, not -1."),
        ({"http": {"port": 65536}}, "'http.port' must be less than or equal to 65535, not 65536."),
        ({"local_only": "perhaps"}, "'local_only' must be a valid boolean, unable to interpret input, not 'perhaps'."),
        ({"deliver_to": "~nobody_of_this_name/x"}, "There is no user for '~nobody_of_this_name/x'."),
    ],
)
def test_a_value_out_of_range_is_named(said, sentence):
    """Which setting, what it must be, what it was."""
    assert refusal(said).message == f"In settings.toml: {sentence}"


@pytest.mark.parametrize(
    "data", [b"model = sketch", b"[caps\n", b'model = "a"\nmodel = "b"', b"\xff\xfe", b'model = "\xff"', b"a = 1\x00"]
)
def test_what_is_no_toml_is_a_sentence(home, data):
    """The file's name and the parser's reason, with the line."""
    settings_file().write_bytes(data)
    with pytest.raises(ConfigError, match="is not valid TOML") as wrong:
        load()
    assert str(settings_file()) in wrong.value.message


def test_a_file_that_cannot_be_read_is_a_sentence(home):
    """A folder of that name, or no permission: said, not taken for "no settings"."""
    settings_file().mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load()


def test_settings_are_frozen():
    """Nobody changes them under a running take."""
    with pytest.raises(ValidationError):
        Settings().local_only = True


def test_the_users_home_is_written_as_a_tilde(monkeypatch, tmp_path):
    """`~` is the user's home in every folder setting."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    said = {"deliver_to": "~/out", "paths": {"read_roots": ["~/in"]}, "hot_folder": [{"path": "~/hot"}]}
    found = read(said, "here")
    assert [found.deliver_to, *found.paths.read_roots, found.hot_folder[0].path] == [
        tmp_path / "out",
        tmp_path / "in",
        tmp_path / "hot",
    ]


def test_a_hot_folder_delivers_beside_itself():
    """Without a target of its own: the folder of the same name with "Out"."""
    beside, own = read({"hot_folder": [{"path": "/m/In"}, {"path": "/m/In", "deliver_to": "/p"}]}, "x").hot_folder
    assert (beside.target, own.target) == (Path("/m/In Out").absolute(), Path("/p").absolute())


def test_a_preset_is_found_by_name():
    """Its fields as they stand in the file; a mistyped name gets the nearest."""
    found = read({"preset": {"lofi": {"prompt": "dusty"}, "rock": {}}}, "x")
    assert found.preset_fields("lofi") == {"prompt": "dusty"}
    with pytest.raises(ConfigError, match="There is no preset 'lofy'") as wrong:
        found.preset_fields("lofy")
    assert wrong.value.hint == "Did you mean 'lofi'?"


def test_presets_keep_the_order_of_the_file(home):
    """Buttons 1 to 8 are the presets as they were written down."""
    settings_file().write_text("[preset.z]\n[preset.a]\n[preset.m]\n", encoding="utf-8")
    assert list(load().preset) == ["z", "a", "m"]
