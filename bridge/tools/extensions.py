"""Finding extensions: one file in its folder, found by name, or an entry point of somebody else's package."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from importlib import metadata
from types import ModuleType

from bridge.errors import ConfigError, nearest


def names(package: str) -> list[str]:
    """Every extension of a folder such as `bridge.providers`, ours and installed ones, sorted."""
    folder = importlib.import_module(package)
    ours = {found.name for found in pkgutil.iter_modules(folder.__path__)}
    return sorted(ours | {point.name for point in metadata.entry_points(group=_group(package))})


def load(package: str, name: str) -> ModuleType:
    """Import one extension.

    Raises:
        ConfigError: no such name, or its import fails; the message says which and why.
    """
    if name not in names(package):
        kind = package.rpartition(".")[2]
        raise ConfigError("unknown_extension", f"There is no '{name}' in {kind}.", nearest(name, names(package)))
    try:
        return _import(package, name)
    except Exception as fault:  # whatever foreign code raises, it is a status line, never a dead daemon
        hint = "Reinstall it, or remove its section from the settings."
        raise ConfigError("broken_extension", f"'{name}' cannot be loaded: {fault}.", hint) from fault


def _import(package: str, name: str) -> ModuleType:
    if importlib.util.find_spec(f"{package}.{name}"):  # nobody else's package takes the place of ours
        return importlib.import_module(f"{package}.{name}")
    for point in metadata.entry_points(group=_group(package), name=name):
        module = point.load()
        if not isinstance(module, ModuleType):
            raise TypeError(f"{point.value} is not a module")
        return module
    raise ImportError(name)


def _group(package: str) -> str:
    return package.replace("bridge.", "dawbridge.", 1)
