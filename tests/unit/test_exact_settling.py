"""A row that changes, or comes, while later pages are read is read the next time."""

from datetime import date

import pytest

from integrations.exact import listing, resources, settling
from integrations.exact.answers import RowPage
from integrations.exact.cursors import Cursor
from integrations.exact.unsure import DEFAULT_READINGS

TODAY = date(2026, 1, 1)
KEYS = ("6b1f0f7e-0000-4000-8000-000000000001", "6b1f0f7e-0000-4000-8000-000000000002")


class ByKey:
    """A list whose two pages come in the order of the key: version 10 first, then version 60.

    A change of the first row, at version 50, after its page was read would be passed over by "Timestamp gt 60".
    """

    def __init__(self, link="https://x.example/?$skiptoken=guid'a'", kind=resources.DELETED_PAYMENT_TERMS):
        self.link = link
        self.kind = kind

    def page(self, resource, *, select, filter_by, next_link=""):
        kind = self.kind
        first = {"Timestamp": "10", "ID": KEYS[0], "EntityType": kind, "EntityKey": KEYS[0]}
        later = {"Timestamp": "60", "ID": KEYS[1], "EntityType": kind, "EntityKey": KEYS[1]}
        return RowPage([later], "") if next_link else RowPage([first], self.link)

    def pages(self, resource, *, select, filter_by, next_link=""):
        if not next_link:
            yield self.page(resource, select=select, filter_by=filter_by)
        yield self.page(resource, select=select, filter_by=filter_by, next_link=self.link)


def known(client):
    start = Cursor(after=5, deleted_on=TODAY.isoformat()).dump()
    one = settling.read_settlements(client, start, (), DEFAULT_READINGS, TODAY)
    assert not one.is_complete
    two = settling.read_settlements(client, one.cursor, (), DEFAULT_READINGS, TODAY)
    assert two.is_complete
    return Cursor.load(two.cursor)


def test_terms_in_the_order_of_their_key():
    end = known(ByKey())
    assert (end.after, end.deleted_after, end.next) == (10, 10, "")


def test_terms_in_the_order_of_their_version():
    end = known(ByKey("https://x.example/?$skiptoken=10L"))
    assert (end.after, end.deleted_after) == (60, 60)


@pytest.mark.parametrize(("link", "until"), [("https://x.example/?$skiptoken=guid'a'", 10), ("$skiptoken=10L", 60)])
def test_deleted_rows(link, until):
    rows, after = settling.read_deleted(ByKey(link), 5, resources.DELETED_PAYMENT_TERMS)
    assert ([row["EntityKey"] for row in rows], after) == (list(KEYS), until)


def test_relations():
    client = ByKey(kind=resources.DELETED_ACCOUNTS)
    pages = list(listing.read_parties(client, Cursor(after=5).dump(), lambda resource: None))
    assert [len(page.items) for page in pages] == [1, 1, 2]
    end = Cursor.load(pages[-1].cursor)
    assert (end.after, end.deleted_after) == (10, 10)
    assert [page.is_last for page in pages] == [False, False, True]
