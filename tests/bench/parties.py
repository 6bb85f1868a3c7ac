"""Lists over many companies: each page's time with 1,000,000 companies against its time with 10,000.

    python -m tests.bench.parties --json

Makes two PostgreSQL databases of its own, fills them by the database's own hand (about two minutes for a million), asks
the real pages of the admin by Django's test client, and drops them. How it measures stands in `tests.bench.lists`.

Nineteen in twenty parties are companies. One in twenty of them came by an import and has its tag and a number in the
tool, one in a hundred is foreign. The shares are the same for any number.
Exits with 1 when a page is over its bound. Speed of the machine drifts; quote ratios.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from tests.bench.lists import Page, Side, measure, second_database, table, use
from tests.bench.surroundings import arguments, scratch_database, show

TAG = "Exact Online Import"


def main() -> int:
    parser = arguments(__doc__ or "", small=10_000, large=1_000_000, rounds=7)
    parser.add_argument("--only", default="", help="pages whose name holds this")
    parser.set_defaults(database="postgres")
    options = parser.parse_args()
    if options.database != "postgres":
        parser.error("the lists are measured on PostgreSQL")
    with scratch_database("postgres"), second_database() as (small, large):
        filling = time.perf_counter()
        sides = [side(small, options.small), side(large, options.large)]
        filling = time.perf_counter() - filling
        pages = measure(*sides, rounds=options.rounds, only=options.only)
    figures: dict[str, Any] = {
        "database": "postgres",
        "small": options.small,
        "large": options.large,
        "fill_s": round(filling, 1),
    }
    if options.json:
        show({**figures, "pages": pages}, True)
    else:
        show(figures, False)
        table(pages)
    return 1 if any(page["over"] for page in pages) else 0


def side(database: str, parties: int) -> Side:
    from django.test import Client

    use(database)
    user = fill(parties)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return Side(database, client, pages_of())


def fill(parties: int) -> Any:
    """Fill an empty, migrated database; returns the user who looks at it."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group
    from django.db import connection

    from crm.models import Segment, Tag
    from integrations.models import Administration
    from tests.bench.archive import FAMILIES, TRADES

    tag = Tag.objects.create(name=TAG)
    books = Administration.objects.create(tool="exact", site="be", external_id="A1", name="Books", country="BE")
    values = {"parties": parties, "trades": TRADES, "families": FAMILIES, "tag": tag.pk, "books": books.pk}
    with connection.cursor() as cursor:
        for statement in (_PARTIES, _TAGS, _LINKS):
            cursor.execute(statement, values)
        cursor.execute("VACUUM (ANALYZE)")
    user = get_user_model().objects.create_user("reader", is_staff=True)
    user.groups.add(Group.objects.get(name="Account admin"))
    for name, rules in SEGMENTS.items():
        Segment.objects.create(name=name, kind="company", rules={"match": "all", "rules": rules})
    return user


SEGMENTS = {
    "imported": [{"field": "tags", "operator": "contains", "value": TAG}],
    "imported bakers": [
        {"field": "tags", "operator": "contains", "value": TAG},
        {"field": "name", "operator": "contains", "value": "Bakkerij"},
    ],
    "without number": [{"field": "external_id", "operator": "none", "value": ""}],
    "without documents": [{"field": "documents", "operator": "none", "value": ""}],
    "new": [{"field": "created", "operator": "last_days", "value": 30}],
}


def pages_of() -> list[Page]:
    """What a bookkeeper asks, with values that occur in the database that is in use."""
    from django.urls import reverse

    from crm.models import Company, Segment

    companies = reverse("admin:crm_company_changelist")
    some = Company.objects.order_by("pk")
    middle = some[some.count() // 2]
    word = middle.name.rsplit(" ", 2)[-2]
    found = [
        Page("companies", companies),
        Page("companies, page 20", f"{companies}?p=20"),
        Page("companies, suppliers", f"{companies}?view=suppliers"),
        Page("companies, of one country", f"{companies}?country=NL"),
        # In the large database just as many as a list still puts in order.
        Page("companies, 9,500 of them", f"{companies}?vat_type__exact=intra_community"),
        Page("companies, with the tag", f"{companies}?tags__id__exact=1"),
        Page("companies, with an external ID", f"{companies}?external_id=yes"),
        Page("companies, without external ID", f"{companies}?external_id=no"),
        Page("search, whole name", f"{companies}?q={middle.name}"),
        Page("search, number in the name", f"{companies}?q={word}"),
        Page("search, family name", f"{companies}?q=Peeters"),
        Page("search, piece of a word", f"{companies}?q=akker"),
        Page("search, word in every name", f"{companies}?q=bv"),
        Page("search, no such name", f"{companies}?q=Zonnebloemolie"),
        Page("search, VAT number", f"{companies}?q={middle.vat_number}"),
        Page("search, beginning of a VAT number", f"{companies}?q={middle.vat_number[:8]}"),
        Page("search, e-mail address", f"{companies}?q={middle.email}"),
    ]
    for name in SEGMENTS:
        segment = Segment.objects.get(name=name)
        found += [
            Page(f"segment {name}, count", reverse("admin:crm_segment_change", args=[segment.pk])),
            Page(f"segment {name}, list", f"{companies}?segment={segment.pk}"),
        ]
    found += [
        Page("segments", reverse("admin:crm_segment_changelist")),
        Page("recycle bin", reverse("admin:crm_binnedparty_changelist")),
        Page("contacts", reverse("admin:crm_contact_changelist")),
    ]
    return found


# By the number `i` of a party, and numbers that have nothing to do with it: who is what is spread over all names.
_PARTIES = """
    INSERT INTO crm_party (
        uid, kind, name, first_name, last_name, name_key, vat_type, vat_number, enterprise_number, street, postcode, city,
        country, language, email, phone, website, iban, bic, peppol_id, is_customer, is_supplier, notes, created_at,
        updated_at, deleted_at
    )
    WITH planned AS (
        SELECT i, (%(trades)s::text[])[abs(hashint8(i)::bigint) %% 8 + 1] AS trade,
            (%(families)s::text[])[abs(hashint8(i + 77777777)::bigint) %% 20 + 1] AS family
        FROM generate_series(1::bigint, %(parties)s * 20 / 19) AS i
    )
    SELECT gen_random_uuid(), CASE WHEN i %% 20 = 3 THEN 'person' ELSE 'company' END, trade || ' ' || family || ' ' || i || ' BV',
        '', '', lower(translate(trade || ' ' || family || ' ' || i || ' BV', 'é', 'e')),
        CASE WHEN i %% 100 = 7 THEN 'intra_community' ELSE 'vat_liable' END,
        CASE WHEN i %% 100 = 7 THEN 'NL' || lpad(i::text, 9, '0') || 'B01' ELSE 'BE0' || lpad(i::text, 9, '0') END,
        CASE WHEN i %% 100 = 7 THEN '' ELSE '0' || lpad(i::text, 9, '0') END,
        'Markt ' || i %% 200, (1000 + i %% 8999)::text, 'Brugge', CASE WHEN i %% 100 = 7 THEN 'NL' ELSE 'BE' END, 'nl',
        'info@firm-' || i || '.example', '', '', '', '', '', true, i %% 10 = 1, '',
        now() - (%(parties)s - i) * interval '1825 days' / %(parties)s, now(), CASE WHEN i %% 100 = 50 THEN now() END
    FROM planned ORDER BY i
"""
_TAGS = """
    INSERT INTO crm_party_tags (party_id, tag_id) SELECT id, %(tag)s FROM crm_party WHERE id %% 20 = 5
"""
_LINKS = """
    INSERT INTO integrations_partylink (
        administration_id, party_id, role, external_id, code, "primary", is_customer, is_supplier, sent_hash, matched_by,
        refused_hash, refused_code, refused_text
    )
    SELECT %(books)s, id, 'both', 'guid-' || id, id::text, true, true, id %% 40 = 5, '', '', '', '', ''
    FROM crm_party WHERE id %% 20 = 5
"""


if __name__ == "__main__":
    sys.exit(main())
