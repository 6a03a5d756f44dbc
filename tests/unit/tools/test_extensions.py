"""Extensions: one file, found by name; a broken one is a sentence."""

from __future__ import annotations

import sys

import pytest

from bridge.errors import ConfigError
from bridge.tools import extensions


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package of its own, `bridge_rack`, on the import path."""
    package = tmp_path / "bridge_rack"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "tape.py").write_text("speed = 15\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.startswith("bridge_rack")]:
        del sys.modules[name]


def test_an_extension_is_a_file_in_its_folder(folder):
    """No list is edited: putting the file there is all."""
    assert extensions.names("bridge_rack") == ["tape"]
    assert extensions.load("bridge_rack", "tape").speed == 15


def test_the_built_in_engine_is_found_like_any_other():
    """Our own extensions take the same way as everybody's."""
    assert "sketch" in extensions.names("bridge.providers")
    assert extensions.load("bridge.providers", "sketch").__name__ == "bridge.providers.sketch"


def test_an_unknown_extension_gets_the_nearest_name(folder):
    """A mistyped name is a sentence with the nearest one."""
    with pytest.raises(ConfigError, match="There is no 'tap' in bridge_rack") as said:
        extensions.load("bridge_rack", "tap")
    assert said.value.hint == "Did you mean 'tape'?"


@pytest.mark.parametrize(
    "text",
    [
        "import nothing_of_this_name",
        "def broken(:",
        "undefined_name",
        "1 / 0",
        "raise OSError('libtape.so: cannot open shared object file')",
        "open('/nowhere/at/all')",
    ],
)
def test_an_extension_that_cannot_be_imported_is_a_sentence(folder, text):
    """Whatever a foreign file does while it is imported, it is a line in `doctor`, never a dead daemon."""
    (folder / "broken.py").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="'broken' cannot be loaded") as said:
        extensions.load("bridge_rack", "broken")
    assert said.value.code == "broken_extension"


@pytest.fixture
def installed(folder):
    """A package of somebody else's that brings `dawbridge.providers` extensions."""
    info = folder.parent / "foreign-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n", encoding="utf-8")
    points = "[dawbridge.providers]\nforeign = bridge_rack.tape\nodd = bridge_rack.tape:speed\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")


@pytest.mark.usefixtures("installed")
def test_an_installed_package_brings_extensions():
    """An entry point of another package stands beside our own files."""
    assert {"sketch", "foreign"} <= set(extensions.names("bridge.providers"))
    assert extensions.load("bridge.providers", "foreign").speed == 15


@pytest.mark.usefixtures("installed")
def test_an_entry_point_that_is_no_module_is_a_sentence():
    """A package that names a number instead of a module breaks itself only."""
    with pytest.raises(ConfigError, match="'odd' cannot be loaded"):
        extensions.load("bridge.providers", "odd")
