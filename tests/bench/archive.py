"""Years of sales documents, written by the database itself: what an office of that size has in its tables.

Documents stand in the order of their dates over the last five years. One entity is connected for all of them, one
since two years, one has lost its sign-in, one has no connection. Of those in scope nearly all are posted; the newest
are not planned yet, some per thousand are held up. What is old is paid, save for a few per cent. All shares are the
same for any number of documents; the numbers of customers and entities do not depend on it.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection as database
from django.utils import timezone

SPAN_DAYS = 5 * 365
# Two words of the trade, a family name, a number: names as short and as alike as real ones.
TRADES = ["Bakkerij", "Bouwbedrijf", "Garage", "Schrijnwerkerij", "Drukkerij", "Hotel", "Apotheek", "Tuinen"]
FAMILIES = [
    "Peeters", "Janssens", "Maes", "Jacobs", "Mertens", "Willems", "Claes", "Goossens", "Wouters", "De Smet",
    "Dubois", "Lambert", "Dupont", "Martin", "Simon", "Laurent", "Leroy", "Lejeune", "Gérard", "Renard",
]  # fmt: skip
NUMBERED = ["Noord", "Zuid", "Oost", "West", "Centrum"]
# Customers that nobody has written an invoice for yet, as an import leaves them; not known in the books either.
IMPORTED_ONLY = 500
# Of the documents: drafts, and booked ones that no run has looked at yet.
DRAFTS_PER_MILLE, NEW_PER_MILLE = 1, 5


def fill(documents: int, customers: int) -> Any:
    """Fill an empty, migrated PostgreSQL database; returns the user who looks at it."""
    from invoicing import triggers

    start = timezone.localdate() - timedelta(days=SPAN_DAYS)
    _entities(start)
    parties = _parties(customers)
    with triggers.lifted(database), database.cursor() as cursor:
        shares = {
            "documents": documents,
            "customers": customers,
            "first_party": parties[0],
            "start": start,
            "span": SPAN_DAYS,
            # The newest customers have the newest documents only, so the books do not know them yet.
            "known": customers - customers // 50,
            # One who buys every hundredth time, so that a page of his documents is full on either side.
            "regular": regular_of(0),
            "first_new": documents - documents * NEW_PER_MILLE // 1000,
            "first_draft": documents - documents * DRAFTS_PER_MILLE // 1000,
        }
        for statement in (_DOCUMENTS, _LINES, _VAT_TOTALS, _POSTINGS, _LINKS):
            cursor.execute(statement, shares)
    with database.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    user = get_user_model().objects.create_user("reader", is_staff=True)
    user.groups.add(Group.objects.get(name="Account admin"))
    return user


def _entities(start: date) -> None:
    from integrations.models import Administration, Connection, ConnectionStatus, Heartbeat, Issue, SyncRun
    from tests import factories

    now = timezone.now()
    factories.PaymentTermFactory()
    factories.vat_rate("21")
    years = range(start.year, timezone.localdate().year + 1)
    lives = [
        (ConnectionStatus.CONNECTED, start),
        (ConnectionStatus.CONNECTED, timezone.localdate() - timedelta(days=2 * 365)),
        (ConnectionStatus.RECONNECT_NEEDED, start),
    ]
    entities = [factories.EntityFactory(name=f"Entity {n}", years=years) for n in range(1, 5)]
    for entity, (status, since) in zip(entities, lives, strict=False):
        administration = Administration.objects.create(
            tool="exact", site="be", external_id=f"A{entity.pk}", name=f"Books of {entity}", country="BE"
        )
        connection = Connection.objects.create(
            entity=entity, tool="exact", site="be", administration=administration, status=status, start_date=since,
            first_success_at=now, last_success_at=now,
        )  # fmt: skip
        Issue.objects.create(
            connection=connection, code="APP-102", cause_key="vat-rate:1", params={"rate": "6%"}, count=10,
            first_seen_at=now, last_seen_at=now,
        )  # fmt: skip
        SyncRun.objects.create(
            connection=connection, trigger="nightly", state="with_issues", step="close", finished_at=now,
            counters={"sales": {"planned": 100, "posted": 90, "blocked": 10}},
        )  # fmt: skip
    Heartbeat.objects.create(name="worker", beat_at=now)


def _parties(customers: int) -> list[int]:
    from crm.models import Party
    from crm.names import name_key
    from tests import factories

    rows = []
    for n in range(customers + IMPORTED_ONLY):
        words = (
            TRADES[n % len(TRADES)],
            FAMILIES[n // len(TRADES) % len(FAMILIES)],
            NUMBERED[n // (len(TRADES) * len(FAMILIES)) % len(NUMBERED)],
            str(n),
            "BV",
        )
        name = " ".join(words)
        vat_number = factories.vat_number_be(n + 500_000)
        rows.append(
            Party(
                name=name, name_key=name_key(name), vat_number=vat_number, enterprise_number=vat_number[2:],
                street="Markt 1", postcode="8000", city="Brugge", country="BE", language="nl",
            )
        )  # fmt: skip
    return [party.pk for party in Party.objects.bulk_create(rows, batch_size=1000)]


# By the number `i` of a document: entity, kind, party, amounts, payment, state.
def regular_of(first_party: int) -> int:
    """The customer who buys every hundredth time."""
    return first_party + 17


_DOCUMENTS = """
    INSERT INTO invoicing_salesdocument (
        kind, status, entity_id, party_id, date, due_date, payment_term_id, currency, exchange_rate,
        customer_reference, note, language, fiscal_year_id, sequence, number, structured_communication, booked_at,
        booked_by, seller_snapshot, buyer_snapshot, buyer_name, net_total, vat_total, total, payment_state, paid_amount,
        paid_on, paid_source, created_at, updated_at
    )
    WITH planned AS (
        SELECT i,
            CASE WHEN i %% 20 = 7 THEN 'credit_note' ELSE 'invoice' END AS kind,
            (ARRAY[1, 1, 1, 1, 1, 2, 2, 2, 3, 4])[(i * 7) %% 10 + 1] AS place,
            %(first_party)s + CASE
                WHEN i %% 100 = 50 THEN %(regular)s
                WHEN i > %(first_new)s AND i %% 4 = 0 THEN %(known)s + i %% (%(customers)s - %(known)s)
                ELSE (i * 7919) %% %(known)s
            END AS party_id,
            %(start)s::date + (i * %(span)s / %(documents)s)::int AS date,
            i > %(first_draft)s AS draft,
            (5000 + (i * 37) %% 500000) / 100.0 AS net,
            CASE
                WHEN i > %(first_draft)s THEN 'open'
                WHEN %(span)s - i * %(span)s / %(documents)s < 45 AND i %% 10 < 7 OR i %% 50 = 3 THEN 'open'
                WHEN i %% 200 = 11 THEN 'partly_paid'
                ELSE 'paid'
            END AS payment
        FROM generate_series(1::bigint, %(documents)s) AS i
    ), numbered AS (
        SELECT planned.*, entity.id AS entity_id, year.id AS year_id,
            CASE WHEN kind = 'invoice' THEN year.invoice_prefix ELSE year.credit_note_prefix END AS prefix,
            CASE WHEN NOT draft THEN row_number() OVER (PARTITION BY year.id, kind, draft ORDER BY i) END AS sequence
        FROM planned
        JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM invoicing_companyentity) entity USING (place)
        JOIN invoicing_fiscalyear year ON year.entity_id = entity.id AND date BETWEEN year.start AND year."end"
    )
    SELECT n.kind, CASE WHEN draft THEN 'draft' ELSE 'booked' END, n.entity_id, n.party_id, n.date, n.date + 30,
        (SELECT min(id) FROM invoicing_paymentterm), 'EUR', 1, '', '', 'nl', CASE WHEN NOT draft THEN year_id END,
        n.sequence, CASE WHEN draft THEN '' ELSE prefix || lpad(n.sequence::text, 6, '0') END,
        CASE WHEN draft OR n.kind <> 'invoice' THEN '' ELSE '+++' || lpad(i::text, 12, '0') || '+++' END,
        CASE WHEN NOT draft THEN n.date + time '12:00' END, CASE WHEN draft THEN '' ELSE 'An' END,
        jsonb_build_object('name', 'Entity ' || n.place, 'street', 'Kaai 1', 'postcode', '9000', 'city', 'Gent',
            'country', 'BE', 'vat_number', 'BE0123456749', 'iban', 'BE68539007547034', 'email', 'office@example.com'),
        jsonb_build_object('name', p.name, 'street', p.street, 'postcode', p.postcode, 'city', p.city,
            'country', p.country, 'vat_number', p.vat_number, 'language', 'nl', 'email', 'invoices@example.com'),
        CASE WHEN draft THEN '' ELSE p.name END, net, round(net * 0.21, 2), net + round(net * 0.21, 2), payment,
        CASE payment WHEN 'paid' THEN net + round(net * 0.21, 2) WHEN 'partly_paid' THEN 10 ELSE 0 END,
        CASE WHEN payment = 'paid' THEN least(n.date + 20, CURRENT_DATE) END,
        CASE WHEN payment = 'paid' THEN 'tool' ELSE '' END, n.date + time '12:00', n.date + time '12:00'
    FROM numbered n JOIN crm_party p ON p.id = n.party_id
    ORDER BY i
"""
_LINES = """
    INSERT INTO invoicing_salesline (document_id, position, description, quantity, unit_price, discount, vat_rate_id, net)
    SELECT d.id, position, 'Work of item ' || position, 1, d.net_total / 2, 0, (SELECT min(id) FROM invoicing_vatrateversion),
        CASE position WHEN 1 THEN round(d.net_total / 2, 2) ELSE d.net_total - round(d.net_total / 2, 2) END
    FROM invoicing_salesdocument d CROSS JOIN generate_series(1, 2) AS position
"""
_VAT_TOTALS = """
    INSERT INTO invoicing_salesvattotal (document_id, vat_rate_id, lines_net, discount, base, vat)
    SELECT id, (SELECT min(id) FROM invoicing_vatrateversion), net_total, 0, net_total, vat_total
    FROM invoicing_salesdocument
"""
_POSTINGS = """
    INSERT INTO integrations_posting (
        connection_id, administration_id, sales_document_id, kind, reference, key, state, reason_code, reason_params,
        vendor_text, notes, issue_id, attempts, fencing_token, payload_hash, sent, sent_at, external_id, journal, number,
        fiscal_year, tool_totals, posted_at, paid_here_open_there, excluded_by, created_at, changed_at
    )
    WITH placed AS (
        SELECT d.*, c.id AS connection_id, c.administration_id, row_number() OVER (ORDER BY d.id) AS i,
            (ARRAY['blocked', 'blocked', 'refused', 'unclear', 'differs', 'gone', 'excluded', 'excluded', 'waiting'])
                [d.id %% 2000 + 1] AS held
        FROM invoicing_salesdocument d
        JOIN integrations_connection c ON c.entity_id = d.entity_id AND d.date >= c.start_date
        WHERE d.status = 'booked'
            AND d.id <= (SELECT min(id) FROM invoicing_salesdocument) + %(first_new)s - 1
    )
    SELECT connection_id, administration_id, id, 'sales-' || replace(kind, '_', '-'), number, gen_random_uuid(),
        coalesce(held, 'posted'), CASE WHEN held IN ('blocked', 'refused') THEN 'APP-102' ELSE '' END, '{"rate": "6%%"}', '',
        '[]', (SELECT min(id) FROM integrations_issue x WHERE x.connection_id = placed.connection_id AND held = 'blocked'),
        1, 1, md5(number), '{}', booked_at, CASE WHEN held IS NULL THEN 'guid-' || id ELSE '' END, '70',
        CASE WHEN held IS NULL THEN (26000000 + id)::text ELSE '' END, extract(year FROM date)::text,
        jsonb_build_object('total', total::text), CASE WHEN held IS NULL THEN booked_at END, id %% 5000 = 17, '',
        booked_at, booked_at
    FROM placed ORDER BY i
"""
_LINKS = """
    INSERT INTO integrations_partylink (
        administration_id, party_id, role, external_id, code, "primary", is_customer, is_supplier, sent_hash, matched_by,
        refused_hash, refused_code, refused_text
    )
    SELECT a.id, p.id, 'customer', 'guid-' || p.id, p.id::text, true, true, false, '', '', '', '', ''
    FROM integrations_administration a CROSS JOIN crm_party p
    WHERE p.id < %(first_party)s + %(known)s
"""
