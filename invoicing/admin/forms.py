"""The form of a draft and of its lines. The server computes; what the page shows while typing is its answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from config.countries import LANGUAGES
from config.figures import amount

from .. import amounts
from ..models import DocumentDiscount, LedgerAccount, PaymentTerm, SalesDocument, SalesLine, VatRateVersion
from ..services import contents
from .scope import DocumentScope
from .typed import NumberAsTyped

ACCOUNT_LIST = "bb-accounts"


class DocumentForm(forms.ModelForm[SalesDocument]):
    """The head of a draft."""

    language = forms.ChoiceField(
        label=_("Language"), required=False, widget=UnfoldAdminSelectWidget, choices=[("", "–"), *LANGUAGES]
    )

    class Meta:
        field_classes: ClassVar = {"exchange_rate": NumberAsTyped}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "payment_term" in self.fields:
            current = self.instance.payment_term_id
            terms = PaymentTerm.objects.filter(active=True) | PaymentTerm.objects.filter(pk=current or 0)
            self.fields["payment_term"].queryset = terms  # type: ignore[attr-defined]
            self.fields["payment_term"].help_text = gettext("Empty: that of the customer, else of the entity.")
        if "due_date" in self.fields:
            self.fields["due_date"].help_text = gettext(
                "Follows from the payment term; counts only where there is none."
            )
        if "date" in self.fields and self.instance.pk is None:
            self.fields["date"].initial = timezone.localdate()
        if "exchange_rate" in self.fields:
            self.fields["exchange_rate"].required = False
            rate = self.get_initial_for_field(self.fields["exchange_rate"], "exchange_rate")
            if isinstance(rate, Decimal):
                self.initial["exchange_rate"] = plain(rate)

    def clean_exchange_rate(self) -> Decimal:
        return self.cleaned_data["exchange_rate"] or Decimal(1)

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()


class LineForm(forms.ModelForm[SalesLine]):
    """One line. The scope limits what may be chosen and is set by the admin for each request."""

    scope: ClassVar[DocumentScope]

    vat_rate = forms.ChoiceField(label=_("VAT"), widget=UnfoldAdminSelectWidget)
    account = forms.CharField(
        label=_("Ledger account"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"list": ACCOUNT_LIST, "autocomplete": "off"}),
    )

    class Meta:
        model = SalesLine
        fields = ["description", "quantity", "unit_price", "discount", "vat_rate"]
        widgets = {"description": UnfoldAdminTextareaWidget(attrs={"rows": 1})}
        field_classes = dict.fromkeys(("quantity", "unit_price", "discount"), NumberAsTyped)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "vat_rate" in self.fields:
            self.fields["vat_rate"].choices = self.scope.rate_choices()  # type: ignore[attr-defined]
            if self.instance.pk is None and self.scope.default_rate is not None:
                self.fields["vat_rate"].initial = str(self.scope.default_rate.pk)
        for name, least in (("quantity", 0), ("unit_price", 2), ("discount", 0)):
            value = self.initial.get(name)
            if isinstance(value, Decimal):
                self.initial[name] = plain(value, least)
        if "account" in self.fields and self.instance.ledger_account_id:
            self.fields["account"].initial = str(self.instance.ledger_account)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        quantity, price = cleaned.get("quantity"), cleaned.get("unit_price")
        if quantity is not None and price is not None:
            net = amounts.line_net(quantity, price, cleaned.get("discount") or amounts.ZERO)
            if abs(net) > contents.LARGEST:
                self.add_error("unit_price", too_large())
        return cleaned

    def clean_vat_rate(self) -> VatRateVersion:
        return self.scope.rates[self.cleaned_data["vat_rate"]]

    def clean_account(self) -> LedgerAccount | None:
        text = self.cleaned_data["account"].strip()
        if not text:
            return None
        found = self.scope.find_account(text)
        if found is None:
            raise ValidationError(gettext("There is no active ledger account “%(text)s”.") % {"text": text})
        return found

    def save(self, commit: bool = True) -> SalesLine:
        self.instance.ledger_account = self.cleaned_data.get("account")
        return super().save(commit)


class DiscountForm(forms.ModelForm[DocumentDiscount]):
    """A discount on the whole document."""

    class Meta:
        model = DocumentDiscount
        fields = ["description", "percentage"]
        field_classes = {"percentage": NumberAsTyped}


def plain(value: Decimal, least: int = 0) -> Decimal:
    """The number without the zeros behind it, with at least `least` decimals, as a number field takes it."""
    needed = max(-int(value.normalize().as_tuple().exponent), least)
    return value.quantize(Decimal(1).scaleb(-needed))


class NamedFieldsFormSet(BaseInlineFormSet[Any, Any, Any]):
    """Rows of fields that carry their own names: the heads of the columns are no labels to a screen reader."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            if field.label:
                field.widget.attrs.setdefault("aria-label", str(field.label))


def too_large() -> str:
    """What to do about an amount that no column holds."""
    words = gettext("Quantity times price is more than %(most)s. Look for a slip, or spread it over more invoices.")
    return words % {"most": amount(contents.LARGEST)}


class LineFormSet(NamedFieldsFormSet):
    """Lines in the order of the page; new ones go behind those that are stored."""

    def save(self, commit: bool = True) -> list[Any]:
        last = max((form.instance.position for form in self.initial_forms), default=0)
        for form in self.extra_forms:
            if form.has_changed():
                last += 1
                form.instance.position = last
        return super().save(commit)


class DraftLineFormSet(LineFormSet):
    """The lines of a draft, which also have a sum."""

    def clean(self) -> None:
        """Refuse lines that are too large together; those that are too large alone have said so."""
        super().clean()
        if any(self.errors):
            return
        lines = [
            SalesLine(
                quantity=form.cleaned_data["quantity"],
                unit_price=form.cleaned_data["unit_price"],
                discount=form.cleaned_data["discount"],
                vat_rate=form.cleaned_data["vat_rate"],
            )
            for form in self.forms
            if form.cleaned_data.get("vat_rate") is not None and not self._should_delete_form(form)  # type: ignore[attr-defined]
        ]
        draft = SalesDocument(date=timezone.localdate())
        contents.compute(draft, lines, [])


class DiscountFormSet(LineFormSet):
    """Document discounts, taken one after the other in this order."""


class PaidByHandForm(forms.Form):
    """When a person says that a document is paid."""

    on = forms.DateField(
        label=_("Paid on"), widget=forms.DateInput(attrs={"type": "date", "class": "bb-input"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = timezone.localdate()

    def clean_on(self) -> Any:
        on = self.cleaned_data["on"]
        if on > timezone.localdate():
            raise ValidationError(gettext("A payment cannot lie in the future."))
        return on
