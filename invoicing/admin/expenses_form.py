"""The form of a purchase that a person types: a receipt, or an invoice that came as a PDF or on paper."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from config.currencies import CURRENCIES
from config.figures import amount, percentage

from ..errors import NotPossible
from ..models import (
    CompanyEntity,
    LedgerAccount,
    LedgerAccountKind,
    PurchaseDocument,
    PurchaseKind,
    PurchasePayment,
    VatRateVersion,
)
from ..services import purchases
from .forms import ACCOUNT_LIST
from .scope import rate_words
from .typed import NumberAsTyped

PAPER_ROUNDING = Decimal("0.05")  # that suppliers' papers round by, line by line


class RateField(forms.ModelChoiceField):
    def label_from_instance(self, obj: VatRateVersion) -> str:
        return f"{rate_words(obj)} ({obj.rate.country})"


class TypedForm(forms.ModelForm[PurchaseDocument]):
    description = forms.CharField(
        label=_("Description"), required=False, max_length=200, widget=UnfoldAdminTextInputWidget
    )
    vat_rate = RateField(
        label=_("VAT rate"), required=False, queryset=VatRateVersion.objects.none(), widget=UnfoldAdminSelectWidget
    )
    account = forms.CharField(
        label=_("Ledger account"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"list": ACCOUNT_LIST, "autocomplete": "off"}),
    )
    paid = forms.BooleanField(label=_("Paid already"), required=False, widget=UnfoldBooleanWidget)
    file = forms.FileField(
        label=_("PDF or picture"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )

    class Meta:
        model = PurchaseDocument
        fields: ClassVar = [
            "entity", "kind", "supplier", "supplier_name", "number", "date", "due_date", "currency", "total", "vat_total",
        ]  # fmt: skip
        field_classes: ClassVar = {"total": NumberAsTyped, "vat_total": NumberAsTyped}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        self.fields["entity"].required = True
        self.fields["supplier_name"].help_text = gettext("Where the supplier is none of your contacts, as a shop.")
        self.fields["total"].help_text = gettext("Including VAT; positive, also for a credit note.")
        self.fields["vat_total"].help_text = gettext("As it stands on the paper.")
        self.fields["vat_total"].required = False
        entities = list(CompanyEntity.objects.all()[:200])
        of_one = self.instance.entity if self.instance.entity_id else None
        countries = {of_one.country} if of_one is not None else {entity.country for entity in entities}
        rates = VatRateVersion.objects.on(self.instance.date or today).filter(
            rate__active=True, rate__country__in=countries
        )
        self.fields["vat_rate"].queryset = rates.select_related("rate").order_by("rate__country", "-percentage")  # type: ignore[attr-defined]
        if self.instance.pk is None:
            self.fields["date"].initial = today
            self.fields["kind"].initial = PurchaseKind.RECEIPT
            for name in ("total", "vat_total"):
                self.initial[name] = self.fields[name].initial = None
            if len(entities) == 1:
                self.fields["entity"].initial = entities[0].pk
        else:
            self._fill_from_line()

    def _fill_from_line(self) -> None:
        self.initial["paid"] = self.instance.payment_state == PurchasePayment.PAID
        line = self.instance.lines.select_related("ledger_account", "vat_rate").first()
        if line is None:
            return
        self.initial["description"] = line.description
        self.initial["account"] = str(line.ledger_account or "")
        if line.vat_rate is not None:
            version = VatRateVersion.objects.on(self.instance.date).filter(rate=line.vat_rate).first()
            self.initial["vat_rate"] = version.pk if version else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("supplier") and not cleaned.get("supplier_name"):
            self.add_error("supplier", gettext("Choose the supplier, or write its name below."))
        total, vat = cleaned.get("total"), cleaned.get("vat_total")
        if total is not None and total <= 0:
            self.add_error("total", gettext("The total is above zero; the kind says whether it is a credit note."))
        cleaned["vat_total"] = Decimal("0.00") if vat is None else vat
        if total is not None and not 0 <= cleaned["vat_total"] <= max(total, Decimal(0)):
            self.add_error("vat_total", gettext("The VAT is a part of the total."))
        self._check_vat(cleaned)
        cleaned["currency"] = str(cleaned.get("currency") or "").upper()
        if cleaned["currency"] not in CURRENCIES:
            self.add_error("currency", gettext("There is no such currency; write its three letters, as EUR."))
        self.chosen_account = self._account(cleaned)
        self.sent_file: tuple[str, bytes] | None = None
        upload = cleaned.get("file")
        if upload is not None:
            if upload.size > purchases.largest():
                self.add_error("file", gettext("The file is too large."))
            else:
                self.sent_file = (upload.name, upload.read())
                try:
                    purchases.check_file(data=self.sent_file[1], document=self.instance if self.instance.pk else None)
                except NotPossible as error:
                    self.add_error("file", str(error))
        return cleaned

    def _check_vat(self, cleaned: dict[str, Any]) -> None:
        """VAT of more than the chosen rate, or the highest one, makes of the total is a slip; less may be mixed."""
        version, entity, total = cleaned.get("vat_rate"), cleaned.get("entity"), cleaned.get("total")
        if version is not None and entity is not None and version.rate.country != entity.country:
            self.add_error("vat_rate", gettext("This rate is of another country than the entity."))
            return
        if entity is None or not total or total <= 0 or "vat_total" in self.errors:
            return
        on = cleaned.get("date") or timezone.localdate()
        known = VatRateVersion.objects.on(on).filter(rate__country=entity.country, rate__active=True)
        percent = version.percentage if version is not None else max((row.percentage for row in known), default=None)
        if percent is None:
            return
        most = vat_within(total, percent)
        if cleaned["vat_total"] > most + PAPER_ROUNDING:
            text = gettext("At %(percent)s the VAT of %(total)s is at most %(most)s.")
            names = {"percent": percentage(percent), "total": amount(total), "most": amount(most)}
            self.add_error("vat_total", text % names)

    def _account(self, cleaned: dict[str, Any]) -> LedgerAccount | None:
        text, entity = (cleaned.get("account") or "").strip(), cleaned.get("entity")
        if not text or entity is None:
            return None
        found = find_account(entity, text)
        if found is None:
            self.add_error("account", gettext("There is no active ledger account “%(text)s”.") % {"text": text})
        return found

    def store(self, *, by: AbstractBaseUser, document: PurchaseDocument | None) -> PurchaseDocument:
        """Hand what was typed to the service."""
        cleaned = self.cleaned_data
        typed = purchases.TypedPurchase(
            kind=cleaned["kind"],
            entity=cleaned["entity"],
            supplier=cleaned["supplier"],
            supplier_name=cleaned["supplier_name"],
            number=cleaned["number"],
            date=cleaned["date"],
            due_date=cleaned["due_date"],
            currency=cleaned["currency"],
            description=cleaned["description"],
            total=cleaned["total"],
            vat=cleaned["vat_total"],
            vat_rate=cleaned["vat_rate"],
            ledger_account=self.chosen_account,
            paid=cleaned["paid"],
        )
        return purchases.save_typed(typed=typed, by=by, document=document, file=self.sent_file)


def vat_within(total: Decimal, percent: Decimal) -> Decimal:
    """The VAT in a total that includes it, were all of it at this percentage."""
    return (total * percent / (100 + percent)).quantize(Decimal("0.01"))


def purchase_accounts(entity: CompanyEntity) -> dict[str, LedgerAccount]:
    """Active accounts of the entity that a purchase may go to, by their code."""
    rows = LedgerAccount.objects.filter(Q(entity=entity, active=True) & ~Q(kind=LedgerAccountKind.REVENUE))
    return {row.code: row for row in rows.order_by("code")}


def find_account(
    entity: CompanyEntity, text: str, among: dict[str, LedgerAccount] | None = None
) -> LedgerAccount | None:
    """The account that a person typed: its code, or its code and name. None when there is no such one."""
    known = purchase_accounts(entity) if among is None else among
    return known.get(text) or known.get(text.partition(" ")[0])
