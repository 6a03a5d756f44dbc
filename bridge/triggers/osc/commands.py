"""What each command does.

The first part is done while its packet is heard, so that a grid said before a wish counts for it;
what has to wait (for the journal, for a disk) is a coroutine whose result is the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from bridge.desk import Desk, Origin
from bridge.errors import Reject, nearest
from bridge.take import Take
from bridge.tools.osc_codec import Message
from bridge.triggers.osc import answers, words
from bridge.triggers.osc.addresses import COMMANDS, ROOT
from bridge.triggers.osc.grid import CurrentGrid
from bridge.triggers.osc.news import NAME, Told
from bridge.triggers.osc.peers import Peer, is_local

log = logging.getLogger(__name__)
ORIGIN = Origin(NAME)
WISHES = {"transform": (words.transform, 2), "generate": (words.generate, 1), "request": (words.request, 1)}
"""How each wish's arguments are read, and how many of them are fixed."""
_ORDERS = frozenset({"cancel", "retry", "drop"})


@dataclass(frozen=True)
class Begun:
    """A command that was understood: who is answered, and the answer, or the work that ends in it."""

    peer: Peer
    answer: bytes | Coroutine[Any, Any, bytes]


class Commands:
    """The commands of `addresses.COMMANDS`, `monitor` aside."""

    def __init__(self, desk: Desk, told: Told, grid: CurrentGrid) -> None:
        self._desk, self._told, self._grid = desk, told, grid
        self._settings = desk.shop.settings

    def begin(self, message: Message, peer: Peer) -> Begun:
        """Understand a command.

        Raises:
            Reject: it is none of ours, or its arguments cannot be meant.
        """
        name, _, rest = message.address.removeprefix(ROOT).partition("/")
        args = message.args
        if name in WISHES and not rest:
            return self._wish(WISHES[name][0](args), peer)
        if name in _ORDERS and not rest:
            return Begun(peer, self._order(name, words.text(args, 0, "id"), peer))
        if name == "preset" and rest:
            raise self._no_selection(rest)
        if message.address in {"/dawbridge/grid", "/dawbridge/subscribe", "/dawbridge/ping"}:
            return Begun(peer, {"grid": self._set_grid, "subscribe": self._subscribe, "ping": _pong}[name](args, peer))
        known = [it.path for it in COMMANDS]
        raise Reject("unknown_address", f"There is no command {message.address}.", nearest(message.address, known))

    def _wish(self, fields: dict[str, Any], peer: Peer) -> Begun:
        if (port := fields.pop("reply_to", None)) is not None:
            peer = self._at(peer, words.port((port,), 0))
            fields["reply_to"] = peer.name
        if isinstance(fields.get("id"), int | float):
            fields["id"] = words.name_of(fields["id"])
        return Begun(peer, self._accept(self._grid.lend(fields, self._settings.preset), peer))

    async def _accept(self, fields: dict[str, Any], peer: Peer) -> bytes:
        it = await self._desk.accept(fields, ORIGIN)
        asked = str(fields.get("id") or it.job.id)
        self._told.expect(it.job.id, asked, peer)
        log.info("osc job=%s from=%s joined=%s", it.job.id, peer.name, it.joined)
        return answers.accepted(asked, it.job.id, (take.id for take in it.takes))

    async def _order(self, name: str, of: str, peer: Peer) -> bytes:
        shop = self._desk.shop
        named = await shop.record(shop.journal.job_named, of)
        do = {"cancel": self._desk.cancel, "retry": self._desk.retry, "drop": self._desk.drop}[name]
        takes: list[Take] = await do(named[0].id if named else of)
        if name == "retry":
            self._told.expect(takes[0].job_id, of, peer)
        return answers.accepted(of, takes[0].job_id, (take.id for take in takes))

    def _set_grid(self, args: words.Args, peer: Peer) -> bytes:
        del peer
        said = words.pairs(args)
        asked = said.pop("id", "")
        self._grid.take(said)
        return answers.accepted(str(asked))

    def _subscribe(self, args: words.Args, peer: Peer) -> bytes:
        port = words.port(args, 0)
        self._told.subscribe(self._at(peer, port) if port else peer)
        return answers.accepted("")

    def _at(self, peer: Peer, port: int) -> Peer:
        """Another port of a sender; on another machine only the one that the settings name."""
        if not is_local(peer.host) and port != self._settings.osc.reply_port:
            said = f"Other machines are answered at port {self._settings.osc.reply_port} only."
            raise Reject("bad_port", said, "Send that one, or change osc.reply_port.")
        if not port:
            raise Reject("bad_port", "Port 0 cannot be answered.", "Leave it out to be answered where you send from.")
        return self._told.peer_at(peer.host, port)

    def _no_selection(self, name: str) -> Reject:
        presets = list(self._settings.preset)
        place = int(name) if name.isdecimal() and len(name) < 3 else 0  # noqa: PLR2004 - two digits are plenty
        if name not in presets and not 1 <= place <= len(presets):
            return Reject("unknown_preset", f"There is no preset '{name}'.", nearest(name, presets))
        hint = f'Send /dawbridge/transform with a path and "preset" "{name}", or drop the clip into a hot folder.'
        return Reject("no_daw", "No DAW is connected, so nothing is selected.", hint)


def _pong(args: words.Args, peer: Peer) -> bytes:
    del args, peer
    return answers.pong()
