"""Money: the caps hold whatever happens, and a refusal says which one."""

from __future__ import annotations

import sqlite3
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import ledger
from bridge.errors import Refused
from bridge.ledger import DAY_S, MONTH_S, Limits

NONE = Limits(None, None, None)
CENT, DOLLAR = 10_000, 1_000_000
NOW_S = 1_800_000_000.0


def fresh() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript((resources.files("bridge.journal") / "tables.sql").read_text(encoding="utf-8"))
    return db


@pytest.fixture
def db():
    """An empty ledger."""
    db = fresh()
    yield db
    db.close()


def settle(db, take, actual, now_s=NOW_S):
    ledger.settle(db, take, actual, now_s)


def reserve(db, take, amount, limits=NONE, now_s=NOW_S):
    ledger.reserve(db, take, "novakit", amount, limits, now_s)


@pytest.mark.parametrize(
    ("limits", "cap"),
    [
        (Limits(DOLLAR, None, None), "caps.take_usd"),
        (Limits(None, DOLLAR, None), "caps.day_usd"),
        (Limits(None, None, DOLLAR), "caps.month_usd"),
    ],
)
def test_each_cap_refuses_what_would_pass_it(db, limits, cap):
    """Exactly the cap is allowed; one micro-dollar more is refused, by name, and nothing is reserved."""
    with pytest.raises(Refused, match=cap) as said:
        reserve(db, "a", DOLLAR + 1, limits)
    assert (said.value.code, cap in said.value.hint) == ("over_cap", True)
    assert ledger.spent(db, 0) == 0
    reserve(db, "a", DOLLAR, limits)
    assert ledger.spent(db, 0) == DOLLAR


def test_a_refusal_says_what_is_asked_spent_and_allowed(db):
    """The three numbers, and what to do."""
    reserve(db, "a", 4_800_000)
    with pytest.raises(Refused) as said:
        reserve(db, "b", 30 * CENT, Limits(None, 5 * DOLLAR, None))
    assert said.value.message == "$0.30 on top of $4.80 would pass caps.day_usd of $5.00."
    assert said.value.hint == "Raise caps.day_usd in the settings, or wait."


def test_waiting_is_not_offered_where_it_does_not_help(db):
    """One take's own price does not fall with time."""
    with pytest.raises(Refused) as said:
        reserve(db, "a", 30 * CENT, Limits(20 * CENT, None, None))
    assert said.value.message == "$0.30 would pass caps.take_usd (or the request's max_cost_usd) of $0.20."
    assert "wait" not in said.value.hint


@pytest.mark.parametrize(
    ("do", "counts"),
    [
        (lambda _: None, 50 * CENT),
        (lambda db: ledger.doubt(db, "a"), 50 * CENT),
        (lambda db: settle(db, "a", None), 50 * CENT),
        (lambda db: settle(db, "a", 30 * CENT), 30 * CENT),
        (lambda db: ledger.release(db, "a"), 0),
    ],
    ids=["reserved", "doubtful", "settled as estimated", "settled for less", "released"],
)
def test_what_may_have_been_spent_counts(db, do, counts):
    """Reserved, doubtful and settled count against the caps; what was released does not."""
    reserve(db, "a", 50 * CENT)
    do(db)
    assert ledger.spent(db, NOW_S) == counts


def test_what_is_in_doubt_is_not_released(db):
    """Cancelling a take whose paid call has no answer frees nothing."""
    reserve(db, "a", 50 * CENT)
    ledger.doubt(db, "a")
    ledger.release(db, "a")
    assert ledger.spent(db, 0) == 50 * CENT


def test_a_retry_leaves_the_earlier_doubt_as_it_is(db):
    """The second try's price says nothing about what the first may have cost: both count."""
    reserve(db, "a", 50 * CENT)
    ledger.doubt(db, "a")
    reserve(db, "a", 50 * CENT)
    settle(db, "a", 0)
    assert ledger.spent(db, 0) == 50 * CENT


def test_a_doubt_that_is_cleared_up_is_settled(db):
    """A take that failed while it was asked after, and then was ready after all, has its real price."""
    reserve(db, "a", 50 * CENT)
    ledger.doubt(db, "a")
    settle(db, "a", 30 * CENT)
    assert ledger.spent(db, 0) == 30 * CENT


def test_one_takes_money_is_not_anothers(db):
    """Settling, releasing, doubting touch the take that is named."""
    for name in "abc":
        reserve(db, name, 10 * CENT)
    ledger.release(db, "a")
    settle(db, "b", 5 * CENT)
    assert ledger.spent(db, 0) == 15 * CENT


@pytest.mark.parametrize(("limits", "window_s"), [(Limits(None, 1, None), DAY_S), (Limits(None, None, 1), MONTH_S)])
def test_a_window_rolls(db, limits, window_s):
    """What was spent counts for 24 hours or 30 days, and then no longer."""
    reserve(db, "a", 1)
    settle(db, "a", None)
    with pytest.raises(Refused):
        reserve(db, "b", 1, limits, NOW_S + window_s)
    reserve(db, "b", 1, limits, NOW_S + window_s + 1)


def test_what_is_reserved_counts_however_long_it_waits(db):
    """A take that was priced the day before yesterday and is sent today is today's money."""
    reserve(db, "a", DOLLAR)
    with pytest.raises(Refused):
        reserve(db, "b", 1, Limits(None, DOLLAR, None), NOW_S + 2 * DAY_S)


def test_a_clock_that_is_set_back_frees_nothing(db):
    """What was spent "tomorrow" still counts today."""
    reserve(db, "a", DOLLAR)
    settle(db, "a", None)
    with pytest.raises(Refused):
        reserve(db, "b", 1, Limits(None, DOLLAR, None), NOW_S - DAY_S)


def test_what_costs_nothing_is_never_refused(db):
    """The offline engine works with every cap at nought, and when all is spent."""
    reserve(db, "a", DOLLAR)
    reserve(db, "b", 0, Limits(0, 0, 0))


OPERATION = st.tuples(
    st.sampled_from(["reserve", "reserve", "settle", "settle for less", "release", "doubt", "time"]),
    st.integers(0, 12),
    st.integers(0, 40 * CENT),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(OPERATION, min_size=25, max_size=120))
def test_the_sum_never_passes_the_cap(operations):
    """A thousand and more random operations: after each one every window's sum is within its cap."""
    db, now_s, limits = fresh(), NOW_S, Limits(30 * CENT, DOLLAR, 2 * DOLLAR)
    for what, number, amount in operations:
        take = f"take{number}"
        if what == "reserve":
            try:
                reserve(db, take, amount, limits, now_s)
            except Refused:
                assert amount > 0
        elif what.startswith("settle"):
            settle(db, take, 0 if what == "settle for less" else None, now_s)
        elif what == "time":
            now_s += amount  # up to four and a half days
        else:
            getattr(ledger, what)(db, take)
        assert ledger.spent(db, now_s - DAY_S) <= DOLLAR
        assert ledger.spent(db, now_s - MONTH_S) <= 2 * DOLLAR
    db.close()


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(["reserve", "settle", "release", "doubt"]), st.integers(0, 3)), max_size=30))
def test_the_sum_is_what_a_book_keeper_would_say(operations):
    """Against a plain list kept by hand: each take's newest charge moves, older ones stay as they were."""
    db, book = fresh(), []
    for number, (what, take) in enumerate(operations):
        newest = next((row for row in reversed(book) if row["take"] == take), None)
        if what == "reserve" and (newest is None or newest["status"] != "reserved"):
            book.append({"take": take, "status": "reserved", "amount": 2**number})
            reserve(db, str(take), 2**number)
        elif what == "settle":
            settle(db, str(take), None)
            if newest and newest["status"] in {"reserved", "doubtful"}:
                newest["status"] = "settled"
        elif what in {"release", "doubt"}:
            getattr(ledger, what)(db, str(take))
            if newest and newest["status"] == "reserved":
                newest["status"] = "released" if what == "release" else "doubtful"
    assert ledger.spent(db, 0) == sum(row["amount"] for row in book if row["status"] != "released")
    db.close()


@given(st.integers(0, 10**12))
def test_dollars_and_micro_dollars_are_the_same_money(amount):
    """Nothing is lost on the way from integers to dollars and back."""
    assert ledger.micro(amount / 1_000_000) == amount


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (5 * DOLLAR, "$5.00"),
        (1_234_567, "$1.23"),
        (4_000, "$0.004"),
        (35, "$0.000035"),
    ],
)
def test_money_is_said_as_people_read_it(amount, said):
    """Dollars and cents; below a cent as many digits as it takes, never "nothing" for something."""
    assert ledger.dollars(amount) == said


def test_no_cap_stays_no_cap():
    """A limit that is not set is not a limit of nought."""
    assert ledger.micro(None) is None


def test_what_was_reserved_yesterday_and_bought_today_is_todays(db):
    """The window counts from the purchase, not from the reservation; a doubt keeps the day it may have been paid on."""
    reserve(db, "a", DOLLAR, now_s=NOW_S)
    settle(db, "a", None, NOW_S + 2 * DAY_S)
    assert ledger.spent(db, NOW_S + 2 * DAY_S) == DOLLAR
    reserve(db, "b", DOLLAR, now_s=NOW_S)
    ledger.doubt(db, "b")
    settle(db, "b", None, NOW_S + 2 * DAY_S)
    assert ledger.spent(db, NOW_S + 2 * DAY_S) == DOLLAR


def test_caps_are_looked_at_again_before_the_call(db):
    """A cap that was lowered while a take waited refuses it; its own reservation does not count against it."""
    reserve(db, "a", 50 * CENT)
    ledger.recheck(db, "a", Limits(50 * CENT, 50 * CENT, 50 * CENT), NOW_S)
    with pytest.raises(Refused):
        ledger.recheck(db, "a", Limits(None, 49 * CENT, None), NOW_S)
    with pytest.raises(Refused):
        ledger.recheck(db, "a", Limits(49 * CENT, None, None), NOW_S)
