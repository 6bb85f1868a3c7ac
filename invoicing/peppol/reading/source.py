"""Elements of a document by name, in whatever order they stand, with the findings of taking them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from invoicing.peppol.checks.formal import is_formal
from invoicing.peppol.document import Finding, Identifier, Level, gettext_noop
from invoicing.peppol.reading.limits import Clock, Limits, Refusal
from invoicing.peppol.reading.values import day, identifier_text, number, one_line, one_line_as_is, several_lines

_CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
_CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
_FINDINGS = 200
_CENTS = -2


class Notes:
    """The findings of one document, bounded: a long document wrong on every line says so often enough."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], Finding] = {}
        self._more = 0
        self._more_level = Level.NOTE

    def add(self, code: str, level: Level, text: str, place: str = "", **values: str) -> None:
        self.put(Finding(code=code, level=level, text=text, place=place, values=values))

    def put(self, finding: Finding) -> None:
        key = (finding.code, finding.place, finding.sentence)
        if key in self._kept:
            return
        if len(self._kept) >= _FINDINGS:
            self._more += 1
            if finding.level is Level.ERROR and not is_formal(finding.code):
                # What is not kept could be the one that matters.
                self._more_level = Level.ERROR
            return
        self._kept[key] = finding

    def all(self) -> tuple[Finding, ...]:
        found = tuple(self._kept.values())
        if not self._more:
            return found
        text = gettext_noop("There are %(count)s more findings like these.")
        return (*found, Finding(code="more", level=self._more_level, text=text, values={"count": str(self._more)}))


class Around:
    """What every part of one reading shares."""

    def __init__(self, limits: Limits, clock: Clock, *, takes_self_billed: bool = False) -> None:
        self.limits = limits
        self.takes_self_billed = takes_self_billed
        self.clock = clock
        self.notes = Notes()
        self.currency = ""
        self.attachments = 0


class Source:
    """One element and what is directly in it. `place` says for people where it stands.

    Values that are empty count as absent: documents are full of them, against the rules.
    """

    def __init__(self, element: etree._Element, around: Around, place: str = "") -> None:
        self.element = element
        self.around = around
        self.place = place
        self._children: dict[str, list[etree._Element]] = {}
        children: dict[Any, list[etree._Element]] = self._children  # without comments every tag is a text
        for child in element:
            text = child.text
            if (text and not text.isspace()) or len(child):
                tag = child.tag
                if tag in children:
                    children[tag].append(child)
                else:
                    children[tag] = [child]

    # --- Parts ---

    def has(self, name: str) -> bool:
        return _CAC + name in self._children

    def part(self, name: str) -> Source | None:
        """The aggregate called `name`, the first of several."""
        found = self._children.get(_CAC + name)
        if found is None:
            return None
        if len(found) > 1:
            self._twice(name)
        return Source(found[0], self.around, self.place)

    def only_part(self, name: str) -> Source:
        """The aggregate called `name`, which must be there, and once: amounts hang on it."""
        found = self._children.get(_CAC + name, [])
        if not found:
            raise self._missing(name)
        if len(found) > 1:
            raise self._ambiguous(name)
        return Source(found[0], self.around, self.place)

    def parts(self, name: str, place: str | None = None) -> Iterator[Source]:
        for child in self._children.get(_CAC + name, ()):
            yield Source(child, self.around, self.place if place is None else place)

    # --- Texts ---

    def line(self, name: str) -> str:
        return one_line(self._text(name))

    def text(self, name: str) -> str:
        """All texts called `name`, on lines of their own."""
        return several_lines(
            "\n".join(filter(None, (several_lines(e.text or "") for e in self._children.get(_CBC + name, ()))))
        )

    def count(self, name: str) -> int:
        return len(self._children.get(_CBC + name, ()))

    def identifier(self, name: str) -> str:
        return self._identifier_text(self._text(name), name)

    def required_identifier(self, name: str) -> str:
        """The identifier called `name`, which must be there once."""
        found = self._children.get(_CBC + name, [])
        if len(found) > 1:
            raise self._ambiguous(name)
        value = self.identifier(name)
        if not value:
            raise self._missing(name)
        return value

    def with_scheme(self, name: str, scheme: str = "schemeID") -> Identifier | None:
        element = self._first(name)
        if element is None:
            return None
        value = self._identifier_text(element.text or "", name)
        return Identifier(value=value, scheme=identifier_text(element.get(scheme) or "")) if value else None

    def attribute(self, name: str, attribute: str) -> str:
        element = self._first(name)
        return "" if element is None else identifier_text(element.get(attribute) or "")

    def value(self, name: str) -> etree._Element | None:
        return self._first(name)

    # --- Numbers and dates ---

    def amount(self, name: str) -> Decimal | None:
        """An amount of the document, None where it is absent. Refusal: not a number, or twice: it must not be guessed."""
        found = self._children.get(_CBC + name)
        if found is None:
            return None
        if len(found) > 1:
            raise self._ambiguous(name)
        return self.amount_of(found[0], name)

    def amount_of(self, element: etree._Element, name: str, currency: str | None = None) -> Decimal:
        text = element.text or ""
        value = None if len(element) else number(text)
        if value is None:
            raise Refusal(
                "not-a-number",
                gettext_noop("“%(value)s” is not an amount that we can read (%(place)s)."),
                value=one_line(text, 40),
                place=self._where(name),
            )
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent < _CENTS:
            self.around.notes.add(
                "BR-DEC",
                Level.ERROR,
                gettext_noop("The amount %(value)s has more than two decimals."),
                self._where(name),
                value=one_line(text, 40),
            )
        self._check_currency(element, name, currency)
        return value

    def required_amount(self, name: str) -> Decimal:
        value = self.amount(name)
        if value is None:
            raise self._missing(name)
        return value

    def price(self, name: str) -> Decimal | None:
        element = self._first(name)
        if element is not None:
            self._check_currency(element, name, None)
        return self.number(name)

    def number(self, name: str) -> Decimal | None:
        """A number that explains an amount (quantity, price, percentage); what cannot be read is a finding."""
        element = self._first(name)
        if element is None:
            return None
        value = None if len(element) else number(element.text or "")
        if value is None:
            self.around.notes.add(
                "number",
                Level.ERROR,
                gettext_noop("“%(value)s” is not a number that we can read."),
                self._where(name),
                value=one_line(element.text or "", 40),
            )
        return value

    def day(self, name: str) -> date | None:
        element = self._first(name)
        if element is None:
            return None
        value, exact = day(element.text or "")
        if value is None or not exact:
            self.around.notes.add(
                "PEPPOL-EN16931-F001",
                Level.WARNING if value else Level.ERROR,
                gettext_noop("“%(value)s” is not a date as year-month-day."),
                self._where(name),
                value=one_line(element.text or "", 40),
            )
        return value

    def required_day(self, name: str) -> date:
        found = self._children.get(_CBC + name, [])
        if not found:
            raise self._missing(name)
        if len(found) > 1:
            raise self._ambiguous(name)
        value = self.day(name)
        if value is None:
            raise Refusal(
                "not-a-date",
                gettext_noop("“%(value)s” is not a date that we can read (%(place)s)."),
                value=one_line(found[0].text or "", 40),
                place=self._where(name),
            )
        return value

    # --- Findings ---

    def note(self, code: str, level: Level, text: str, **values: str) -> None:
        self.around.notes.add(code, level, text, self.place, **values)

    def _first(self, name: str) -> etree._Element | None:
        found = self._children.get(_CBC + name)
        if found is None:
            return None
        if len(found) > 1:
            self._twice(name)
        return found[0]

    def _text(self, name: str) -> str:
        element = self._first(name)
        return "" if element is None else element.text or ""

    def _identifier_text(self, text: str, name: str) -> str:
        value = identifier_text(text)
        if value != text and value != one_line_as_is(text):
            self.around.notes.add(
                "identifier",
                Level.WARNING,
                gettext_noop("A number was too long or had signs that cannot be shown: “%(value)s” was kept."),
                self._where(name),
                value=value[:60],
            )
        return value

    def _check_currency(self, element: etree._Element, name: str, currency: str | None) -> None:
        currency = self.around.currency if currency is None else currency
        given = identifier_text(element.get("currencyID") or "")
        if given != currency and currency:
            self.around.notes.add(
                "PEPPOL-EN16931-R051",
                Level.ERROR,
                gettext_noop("The amount is in %(given)s and the document in %(currency)s."),
                self._where(name),
                given=given[:10] or "-",
                currency=currency,
            )

    def _twice(self, name: str) -> None:
        self.around.notes.add(
            "twice",
            Level.WARNING,
            gettext_noop("This stands in the document more than once; the first was read."),
            self._where(name),
        )

    def _where(self, name: str) -> str:
        return f"{self.place}, {name}" if self.place else name

    def _missing(self, name: str) -> Refusal:
        return Refusal(
            "missing",
            gettext_noop("The document lacks something that every invoice has: %(place)s."),
            place=self._where(name),
        )

    def _ambiguous(self, name: str) -> Refusal:
        return Refusal(
            "ambiguous",
            gettext_noop("The document says %(place)s more than once, so that nobody can tell which one counts."),
            place=self._where(name),
        )
