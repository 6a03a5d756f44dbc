"""OSC, the front door for REAPER, Live, TouchOSC, Stream Decks and scripts: UDP and TCP on one port.

    lines      the two sockets → packets
    listener   packet → messages → what is let through (gate) → command → answer
    commands   what each one does; words reads arguments, grid keeps what the DAW last said
    news       the feed → progress, done and error for those who asked
    addresses  every address heard and said; all else is passed over

A sender on this machine is answered where it sends from. Others must know the secret, and are answered at one port.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from pathlib import Path

from bridge.desk import Desk
from bridge.errors import ConfigError
from bridge.feed import Feed
from bridge.settings import Osc, Settings
from bridge.tools import files, secrets
from bridge.tools.checkup import Finding
from bridge.triggers import Setup
from bridge.triggers.osc.lines import Lines
from bridge.triggers.osc.listener import Keys, Listener
from bridge.triggers.osc.monitors import Monitors
from bridge.triggers.osc.news import NAME, Told
from bridge.triggers.osc.peers import Peer, is_local

_SHORTEST_SECRET = 12


class OscTrigger:
    """Listens from its making on; what comes before `run` waits in the system's buffer."""

    name = NAME

    def __init__(self, setup: Setup) -> None:
        self._home, self._settings = setup.home, setup.settings
        secret = secret_of(setup.settings.osc)
        self._keys = Keys(secret, secrets.token(token_file(setup.home)))
        self._lines = Lines(setup.settings.osc, setup.osc_port)
        self.port = self._lines.port
        files.write_text(address_file(setup.home), json.dumps({"host": self._lines.host, "port": self.port}))

    async def run(self, desk: Desk, feed: Feed) -> None:
        """Listen until cancelled."""
        monitors = Monitors()
        told = Told(desk, monitors.say, self._lines.peer_at)
        listener = Listener(desk, told, monitors, self._keys)

        def gone(peer: Peer) -> None:
            monitors.forget(peer)
            told.forget(peer)

        try:
            async with self._lines.open(listener.hear, gone):
                await told.follow(feed)
        finally:
            await listener.close()
            self._lines.close()
            files.unlink(address_file(self._home))

    def check(self) -> Sequence[Finding]:
        """Where it listens, and what that means."""
        held = f"UDP and TCP, receive buffer {self._lines.receive_bytes // 1024} KB"
        return (_seen(self._settings, f"{self._lines.host}:{self.port}, {held}"),)


def create(setup: Setup) -> OscTrigger | None:
    """Take the port; a one-shot command listens to nobody.

    Raises:
        ConfigError: `port_taken`, `bad_host`, or the network without a secret.
    """
    return OscTrigger(setup) if setup.settings.osc.enabled and not setup.one_shot else None


def look_at(settings: Settings) -> Finding:
    """For `doctor`, without taking the port."""
    if not settings.osc.enabled:
        return Finding("osc", ok=None, says="switched off", fix="To use it: osc.enabled = true")
    try:
        secret_of(settings.osc)
    except ConfigError as said:
        return Finding("osc", ok=False, says=said.message, fix=said.hint)
    return _seen(settings, f"{settings.osc.host}:{settings.osc.port}, UDP and TCP")


def secret_of(chosen: Osc) -> str | None:
    """What senders on other machines must know; None where none can reach us.

    Raises:
        ConfigError: `bad_host`, `no_secret` or `short_secret`.
    """
    try:
        ipaddress.IPv4Address(chosen.host)
    except ValueError:
        hint = "127.0.0.1: this machine only; 0.0.0.0: the whole network."
        raise ConfigError("bad_host", f"osc.host = '{chosen.host}' is not an IPv4 address.", hint) from None
    if is_local(chosen.host):
        return None
    if chosen.secret is None:
        said = f"osc.host = '{chosen.host}' lets other machines in, and osc.secret is not set."
        hint = 'Set osc.secret = "file:PATH" with a long word in that file, or osc.host = "127.0.0.1".'
        raise ConfigError("no_secret", said, hint)
    secret = secrets.referenced(chosen.secret)
    if len(secret) < _SHORTEST_SECRET:
        raise ConfigError(
            "short_secret", f"The OSC secret has under {_SHORTEST_SECRET} characters.", "Use a longer one."
        )
    return secret


def address_file(home: Path) -> Path:
    """Where the running process says at which address it listens."""
    return home / "osc.json"


def token_file(home: Path) -> Path:
    """Where a monitor finds the token that lets it look on."""
    return home / "keys" / "osc.token"


def _seen(settings: Settings, says: str) -> Finding:
    if is_local(settings.osc.host):
        return Finding("osc", ok=True, says=says)
    cap = "without a cap" if settings.caps.day_usd is None else f"up to ${settings.caps.day_usd:.2f} a day"
    risk = (
        "RISK: the network can reach it. Whoever knows or overhears the secret (OSC is not encrypted) can have any file"
        f" in paths.read_roots sent to your model and spend {cap}"
    )
    return Finding("osc", ok=True, says=f"{says}. {risk}", fix='osc.host = "127.0.0.1" closes it')
