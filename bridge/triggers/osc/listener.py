"""From a packet to its answer: each command is run once and answered, and nothing a sender does can stop us."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any

from bridge.desk import Desk
from bridge.errors import BridgeError, Reject, Retry
from bridge.journal import Stuck
from bridge.tools import secrets
from bridge.tools.osc_codec import Malformed, Message, decode
from bridge.triggers.osc import answers, gate, words
from bridge.triggers.osc.addresses import ANSWERS, ROOT
from bridge.triggers.osc.commands import WISHES, Begun, Commands
from bridge.triggers.osc.grid import CurrentGrid
from bridge.triggers.osc.monitors import Monitors
from bridge.triggers.osc.news import Told
from bridge.triggers.osc.peers import Peer, TcpPeer, UdpPeer, is_local

log = logging.getLogger(__name__)
_SAID = frozenset(it.path for it in ANSWERS)
_PENDING = 500
_SHORT_JSON_CHARS = 2048


class Listener:
    """Hears packets; what can be answered at once is, the rest becomes a task whose answer follows."""

    def __init__(self, desk: Desk, told: Told, monitors: Monitors, keys: Keys) -> None:
        chosen, clock = desk.shop.settings.osc, desk.shop.clock
        self.grid = CurrentGrid()
        self._commands = Commands(desk, told, self.grid)
        self._chosen, self._monitors, self._keys = chosen, monitors, keys
        self._bucket = gate.Bucket(chosen.rate, chosen.burst, clock)
        self._complaints = gate.Bucket(5, 10, clock)
        self._repeats = gate.Repeats(clock)
        self._tasks: set[asyncio.Task[bytes]] = set()

    def hear(self, packet: bytes, peer: Peer) -> None:
        """Act on a packet."""
        self._monitors.show("in", peer, packet)
        try:
            messages = decode(packet)
        except Malformed as fault:
            self._complain(peer, "malformed", f"This is not OSC: {fault}.")
            return
        for message in messages:
            if message.address.startswith(ROOT) and message.address not in _SAID:
                self._command(message, peer)
            elif is_local(peer.host):
                self.grid.hear(message.address, message.args)

    async def close(self) -> None:
        """Leave what is still being done."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _command(self, message: Message, peer: Peer) -> None:
        args = gate.shown(message.args, peer, self._keys.secret)
        if args is None:
            self._complain(peer, "no_secret", "The secret is missing or wrong.")
            return
        if isinstance(peer, UdpPeer) and not is_local(peer.host):
            peer = peer.at(self._chosen.reply_port)
        message = Message(message.address, args=args)
        if running := self._repeats.work_on(peer, message):
            work, to = running
            work.add_done_callback(partial(self._finish, to, _asked(message)))
        elif not _is_release(message):
            self._run(message, peer)

    def _run(self, message: Message, peer: Peer) -> None:
        asked = _asked(message)
        try:
            begun = self._begin(message, peer)
        except BridgeError as said:
            self._monitors.say(peer, answers.refusal(asked, said))
            return
        if isinstance(begun.answer, bytes):
            self._monitors.say(begun.peer, begun.answer)
            return
        work = asyncio.create_task(_answered(asked, begun.answer))
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)
        work.add_done_callback(partial(self._finish, begun.peer, asked))
        self._repeats.keep(peer, message, work, begun.peer)

    def _begin(self, message: Message, peer: Peer) -> Begun:
        if not self._bucket.take() or len(self._tasks) >= _PENDING:
            said = f"More than {self._chosen.rate:g} commands a second came in."
            raise Retry("busy", said, "Send it again in a second.", after_s=1.0)
        if message.address == "/dawbridge/monitor":
            return self._monitor(message, peer)
        return self._commands.begin(message, peer)

    def _monitor(self, message: Message, peer: Peer) -> Begun:
        known = secrets.same(words.text(message.args, 0, "token"), self._keys.token)
        if not (known and isinstance(peer, TcpPeer) and is_local(peer.host)):
            raise Reject("no_token", "Only you may look on, over TCP on this machine.", "Run `dawbridge osc monitor`.")
        self._monitors.add(peer)
        return Begun(peer, answers.accepted(""))

    def _finish(self, peer: Peer, asked: str, work: asyncio.Task[bytes]) -> None:
        if work.cancelled():
            return
        if fault := work.exception():
            log.error("osc from=%s", peer.name, exc_info=fault)
            said = f"dawbridge itself failed: {type(fault).__name__}. See its log."
            self._monitors.say(peer, answers.error(asked, "bug", said))
        else:
            self._monitors.say(peer, work.result())

    def _complain(self, peer: Peer, code: str, text: str) -> None:
        """Say what is wrong a few times a second at most; to other machines nothing, for anybody may forge a sender."""
        if self._complaints.take():
            log.info("osc from=%s code=%s text=%r", peer.name, code, text)
            if is_local(peer.host):
                self._monitors.say(peer, answers.error("", code, text))


class Keys:
    """What must be known: `secret` by other machines, `token` by a monitor."""

    def __init__(self, secret: str | None, token: str) -> None:
        self.secret, self.token = secret, token

    def __repr__(self) -> str:
        return "Keys(…)"


async def _answered(asked: str, work: Coroutine[Any, Any, bytes]) -> bytes:
    try:
        return await work
    except BridgeError as said:
        return answers.refusal(asked, said)
    except Stuck as fault:
        return answers.error(asked, "journal_stuck", f"The journal cannot be written now: {fault}. Free some space.")


def _is_release(message: Message) -> bool:
    return message.address.startswith("/dawbridge/preset/") and not words.pressed(message.args)


def _asked(message: Message) -> str:
    """The id to answer under, however wrong the rest may be."""
    name = message.address.removeprefix(ROOT)
    first = message.args[0] if message.args else None
    if name not in WISHES:
        return first if isinstance(first, str) and name in {"cancel", "retry", "drop"} else ""
    if name == "request" and isinstance(first, str) and len(first) <= _SHORT_JSON_CHARS:
        try:
            said = words.request((first,)).get("id", "")
        except Reject:
            return ""
        return words.name_of(said) if isinstance(said, str | int | float) else ""
    return gate.told(message.args, WISHES[name][1])
