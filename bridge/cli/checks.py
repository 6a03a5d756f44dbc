"""What `doctor` looks at."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator

from bridge import __version__, daemon, settings
from bridge.cli.client import running_client
from bridge.errors import BridgeError
from bridge.settings import Settings
from bridge.tools import daw_places
from bridge.tools.checkup import Finding
from bridge.tools.clock import SystemClock
from bridge.tools.worker import Workers
from bridge.triggers.hot_folder import HotFolders
from bridge.triggers.osc import look_at

_ROOM_BYTES = 1 << 30


async def everything() -> list[Finding]:
    """Every part, in the order in which a take meets them."""
    findings = [
        Finding("dawbridge", ok=True, says=f"{__version__}, Python {platform.python_version()}, {sys.platform}")
    ]
    findings += [await _sound(), _home(), await _running()]
    try:
        chosen = settings.load()
    except BridgeError as said:
        return [*findings, Finding("settings", ok=False, says=said.message, fix=said.hint), *daw_places.check()]
    findings += [Finding("settings", ok=True, says=_where()), *_folders(chosen), look_at(chosen), *_extensions(chosen)]
    return [*findings, *daw_places.check()]


async def _sound() -> Finding:
    """Start the worker as a take would, and let it make and read a second of sound."""
    workers = Workers(size=1)
    try:
        said = await workers.run("bridge.cli.trial:trial", {})
    except BridgeError as fault:
        return Finding(
            "sound", ok=False, says=fault.message, fix="Install again: pip install --force-reinstall dawbridge"
        )
    finally:
        await workers.close()
    return Finding("sound", ok=True, says=said["says"])


def _home() -> Finding:
    home = settings.home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(home).free
    except OSError as fault:
        return Finding("data folder", ok=False, says=f"{home}: {fault.strerror}", fix="Set DAWBRIDGE_HOME elsewhere.")
    says = f"{home}, {free / 1e9:.0f} GB free"
    return Finding(
        "data folder", ok=free > _ROOM_BYTES, says=says, fix="" if free > _ROOM_BYTES else "Free some space."
    )


async def _running() -> Finding:
    home = settings.home()
    if client := await running_client(home):
        await client.aclose()
        where = daemon.whereabouts(home)
        return Finding("daemon", ok=True, says=f"{where['mode']} {where['pid']} at http://127.0.0.1:{where['port']}")
    return Finding(
        "daemon", ok=None, says="not running; commands work without it", fix="For hot folders: dawbridge run"
    )


def _where() -> str:
    path = settings.settings_file()
    return str(path) if path.exists() else f"defaults (no {path})"


def _folders(chosen: Settings) -> Iterator[Finding]:
    if not chosen.hot_folder:
        fix = 'dawbridge run --watch "~/Music/Bridge In"'
        yield Finding("hot folder", ok=None, says="none is set", fix=fix)
        return
    try:
        yield from HotFolders(chosen.hot_folder, chosen.preset).check()
    except BridgeError as said:
        yield Finding("hot folder", ok=False, says=said.message, fix=said.hint)


def _extensions(chosen: Settings) -> Iterator[Finding]:
    made, broken = daemon.extensions_of(chosen, SystemClock())
    for extension in made:
        yield from extension.check()
    for name, why in broken.items():
        yield Finding(name, ok=False, says=why.message, fix=why.hint)
