"""The news: everybody who follows hears everything once, in order."""

from __future__ import annotations

import asyncio

import pytest
from drafts import add

from bridge.feed import Feed
from bridge.settings import Settings
from bridge.steps.shop import Shop
from bridge.take import State
from bridge.tools.worker import Workers
from bridge.vault import Vault


@pytest.fixture
def shop(home, journal, clock):
    """A shop without extensions: the feed needs its journal only."""
    nobody = {"providers": {}, "hosts": {}, "daws": {}}
    shop = Shop(Settings(), journal, Vault(home / "vault"), Workers(), clock, **nobody)
    yield shop
    shop.close()


async def hear(feed, seq, count):
    """The next so many lines after `seq`."""
    heard, news = [], feed.follow(seq)
    async for line in news:
        heard.append(line)
        if len(heard) == count:
            break
    await news.aclose()
    return heard


async def listening(shop):
    """Return when whoever follows has read everything and waits for the bell."""
    await asyncio.sleep(0)
    await shop.record(shop.journal.last_seq)  # the journal's one thread has answered them before us
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_has_happened_is_told_first(shop):
    """Whoever comes late hears it all, from the line that they name."""
    add(shop.journal, takes=3)

    async def go():
        feed = Feed(shop)
        assert [line.seq for line in await hear(feed, 0, 3)] == [1, 2, 3]
        assert [line.take_id for line in await hear(feed, 2, 1)] == ["aaaaaaaa-3"]

    asyncio.run(go())


def test_what_happens_is_told_when_it_is_committed(shop):
    """A follower that waits is woken by the next commit."""

    async def go():
        feed = Feed(shop)
        waiting = asyncio.ensure_future(hear(feed, 0, 2))
        await listening(shop)
        [take] = await shop.record(add, shop.journal)
        await listening(shop)
        await shop.record(shop.journal.advance, take, State.CAPTURED)
        assert [line.state for line in await waiting] == [State.QUEUED, State.CAPTURED]

    asyncio.run(go())


def test_everybody_hears_everything_once(shop):
    """Five followers while a hundred takes are added one by one: each has the same hundred lines, in order."""

    async def go():
        feed = Feed(shop)
        followers = [asyncio.ensure_future(hear(feed, 0, 100)) for _ in range(5)]
        for number in range(100):
            await shop.record(add, shop.journal, f"a{number:07}")
        return await asyncio.gather(*followers)

    assert all([line.seq for line in heard] == list(range(1, 101)) for heard in asyncio.run(go()))


def test_more_than_a_page_is_told_to_the_end(shop):
    """Twelve hundred lines are three pages, and a follower notices no seam."""
    for number in range(150):
        add(shop.journal, f"a{number:07}", takes=8)

    async def go():
        return [line.seq for line in await hear(Feed(shop), 0, 1200)]

    assert asyncio.run(go()) == list(range(1, 1201))


def test_a_journal_outlives_the_feed(shop):
    """A commit after the feed's loop has ended is a commit like any other."""

    async def go():
        Feed(shop)

    asyncio.run(go())
    add(shop.journal)
    assert shop.journal.last_seq() == 1
