"""The period service: book years and their periods."""

from __future__ import annotations

from html import escape

from ..messages import Response
from . import soap
from .markup import text_of
from .soap import TWINFIELD, Call
from .world import Office

_PERIODS = "http://schemas.datacontract.org/2004/07/Twinfield.WebServices.PeriodService"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def rendered(kind: str, inner: str) -> str:
    """Return the body of a good answer."""
    return f'<Result i:type="a:{kind}Result" xmlns="{TWINFIELD}" xmlns:i="{_INSTANCE}" xmlns:a="{_PERIODS}">{inner}</Result>'


def query(office: Office, call: Call) -> Response:
    """Answer GetYears or GetPeriods."""
    if call.operation != "Query":
        raise soap.Fault(187)
    kind = call.body.get(f"{{{_INSTANCE}}}type", "").rpartition(":")[2]
    if kind == "GetYears":
        years = sorted({int(row["year"]) for row in office["periods"]})
        listed = "".join(f"<int>{year}</int>" for year in years)
        return soap.answer(rendered(kind, f"<a:Years>{listed}</a:Years>"))
    if kind != "GetPeriods":
        raise soap.Fault(187)
    year = text_of(call.body, "Year")
    rows = [row for row in office["periods"] if str(row["year"]) == year]
    if not rows:
        raise soap.Fault(100, "YearNotFound")
    special = office.world.settings["special_periods"]
    listed = "".join(
        f"<a:Period><a:EndDate>{row['end']}</a:EndDate><a:Name>{escape(row['name'])}</a:Name>"
        f"<a:Number>{row['number']}</a:Number><a:Open>{'true' if row['open'] else 'false'}</a:Open></a:Period>"
        for row in sorted(rows, key=lambda row: int(row["number"]))
        if special or not row["special"]
    )
    return soap.answer(rendered(kind, f"<a:Periods>{listed}</a:Periods>"))
