"""Two hundred documents of every kind that the books have to take."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from invoicing.models import CompanyEntity, SalesDocument
from tests import factories

from .profiles import Profile


def mixed(entity: CompanyEntity, profile: Profile, count: int = 200, seed: int = 20261121) -> list[SalesDocument]:
    """`count` documents in date order over a quarter of the customers: every linked rate, several rates in one document,
    prices that round, line and document discounts, negative invoices, credit notes of an earlier invoice and credit
    notes that nothing is known of, foreign currency where the tool takes it."""
    dice = random.Random(seed)
    parties = [
        factories.CompanyFactory(country=profile.country) if n % 5 else factories.ContactFactory()
        for n in range(max(2, count // 4))
    ]
    rates = list(profile.vat_codes)
    made: list[SalesDocument] = []
    for n in range(count):
        day = profile.day + timedelta(days=n * 60 // count)
        codes = [rates[n % len(rates)], *(dice.choice(rates) for _ in range(dice.randrange(3)))]
        lines = [
            factories.line(
                Decimal(dice.randrange(1, 90_000)) / 100 + Decimal("0.005"),
                code=code,
                country=profile.country,
                quantity=Decimal(dice.randrange(1, 70)) / 10,
                discount=dice.choice(["0", "0", "5", "12.5"]),
                description=f"Item {n + 1}, {code}",
            )
            for code in codes
        ]
        fields: dict[str, Any] = {"entity": entity, "party": parties[n % len(parties)], "day": day, "lines": lines}
        if n % 7 == 3:
            fields["discounts"] = ("2.5", "1") if n % 2 else ("10",)
        if n % 23 == 11 and n % 11 != 5:
            # More is taken back than is delivered.
            code = codes[0]
            fields["lines"] = [*lines, factories.line("-9000", code=code, country=profile.country, quantity="10")]
        if n % 19 == 9 and profile.foreign_currency:
            fields |= {"currency": profile.foreign_currency, "exchange_rate": Decimal("0.91")}
        if n % 11 == 5:
            made.append(factories.booked_credit_note(**fields))
        elif n % 13 == 8 and n % 23 != 11:
            earlier = next(one for one in reversed(made) if not one.is_credit_note and one.total > 0)
            part = (earlier.total / 10).quantize(Decimal("0.01"))
            same = {
                "party": earlier.party,
                "currency": earlier.currency,
                "exchange_rate": earlier.exchange_rate,
                "lines": [factories.line(part, code=codes[0], country=profile.country)],
                "discounts": (),
            }
            made.append(factories.booked_credit_note(**{**fields, **same, "credited_invoice": earlier}))
        else:
            made.append(factories.booked_invoice(**fields))
    return made
