"""Money: estimate, reserve, then settle, release or doubt; and the caps.

Every function works inside the journal's open transaction, so that money and state change together or not at all.
Amounts are integer micro-USD. A charge that is reserved or doubtful counts against the caps like one that is settled.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from bridge.errors import Refused

DAY_S = 86_400
MONTH_S = 30 * DAY_S
_CENT = 10_000


@dataclass(frozen=True)
class Limits:
    """The caps in force for one take, in micro-USD; None: no cap."""

    take: int | None
    day: int | None
    month: int | None


def micro(usd: float | None) -> int | None:
    """US dollars to integer micro-USD."""
    return None if usd is None else round(usd * 1_000_000)


def dollars(micro_usd: int | None) -> str:
    """Micro-USD as people read them; below a cent as many digits as it takes."""
    if micro_usd is None:
        return "unknown"
    if 0 < micro_usd < _CENT:
        return f"${micro_usd / 1_000_000:.6f}".rstrip("0")
    return f"${micro_usd / 1_000_000:.2f}"


def reserve(db: sqlite3.Connection, take_id: str, provider: str, amount: int, limits: Limits, now_s: float) -> None:
    """Set the price of a take aside.

    Raises:
        Refused: `over_cap`, naming the cap, what is spent or reserved, and how to raise it. Nothing was reserved.
    """
    check(db, amount, limits, now_s)
    row = (take_id, provider, amount, "reserved", now_s)
    db.execute("INSERT INTO charges (take_id, provider, micro_usd, status, at_s) VALUES (?, ?, ?, ?, ?)", row)


def check(db: sqlite3.Connection, amount: int, limits: Limits, now_s: float) -> None:
    """Refuse an amount that would break a cap, as `reserve` does."""
    _under("caps.take_usd (or the request's max_cost_usd)", amount, 0, limits.take, rolls=False)
    _under("caps.day_usd", amount, spent(db, now_s - DAY_S), limits.day)
    _under("caps.month_usd", amount, spent(db, now_s - MONTH_S), limits.month)


def recheck(db: sqlite3.Connection, take_id: str, limits: Limits, now_s: float) -> None:
    """Look again, just before the paid call, whether what is set aside for a take still fits: caps may have changed.

    Raises:
        Refused: `over_cap`.
    """
    mine = "SELECT coalesce(sum(micro_usd), 0) FROM charges WHERE take_id = ? AND status = 'reserved'"
    amount = int(db.execute(mine, (take_id,)).fetchone()[0])
    _under("caps.take_usd (or the request's max_cost_usd)", amount, 0, limits.take, rolls=False)
    _under("caps.day_usd", amount, spent(db, now_s - DAY_S) - amount, limits.day)
    _under("caps.month_usd", amount, spent(db, now_s - MONTH_S) - amount, limits.month)


def spent(db: sqlite3.Connection, since_s: float) -> int:
    """What was settled or may have been spent since a moment, and all that is reserved, in micro-USD.

    What is reserved has yet to be spent: it counts however long ago that was.
    """
    sums = "SELECT coalesce(sum(micro_usd), 0) FROM charges WHERE status = 'reserved' OR "
    return int(db.execute(sums + "(status != 'released' AND at_s >= ?)", (since_s,)).fetchone()[0])


def settle(db: sqlite3.Connection, take_id: str, actual: int | None, now_s: float) -> None:
    """The provider did the work: the newest charge is spent now; `actual` replaces the estimate where it is known.

    An older one that is in doubt stays so: this result says nothing about what that try has cost.
    """
    newest = "SELECT max(id) FROM charges WHERE take_id = ?"
    sets = "UPDATE charges SET status = 'settled', micro_usd = coalesce(?, micro_usd), "
    sets += "at_s = CASE status WHEN 'reserved' THEN ? ELSE at_s END"
    db.execute(f"{sets} WHERE id = ({newest}) AND status IN ('reserved', 'doubtful')", (actual, now_s, take_id))


def release(db: sqlite3.Connection, take_id: str) -> None:
    """Nothing was bought: what was reserved is free again."""
    db.execute("UPDATE charges SET status = 'released' WHERE take_id = ? AND status = 'reserved'", (take_id,))


def doubt(db: sqlite3.Connection, take_id: str) -> None:
    """It is not known whether it was bought: it keeps counting against the caps."""
    db.execute("UPDATE charges SET status = 'doubtful' WHERE take_id = ? AND status = 'reserved'", (take_id,))


def _under(cap: str, amount: int, used: int, limit: int | None, *, rolls: bool = True) -> None:
    if limit is not None and amount > 0 and used + amount > limit:
        top, wait = (f" on top of {dollars(used)}", ", or wait") if rolls else ("", "")
        said = f"{dollars(amount)}{top} would pass {cap} of {dollars(limit)}."
        raise Refused("over_cap", said, f"Raise {cap} in the settings{wait}.")
