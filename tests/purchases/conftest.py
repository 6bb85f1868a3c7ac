"""An entity that receives documents, its cost accounts, and a supplier that it knows."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.models import Company
from invoicing.models import CompanyEntity, LedgerAccount, LedgerAccountKind, PurchaseDocument
from invoicing.services import purchases
from tests import factories
from tests.purchases.ubl import IBAN, SUPPLIER, ubl


@pytest.fixture
def entity(db: None) -> CompanyEntity:
    factories.vat_rate("21")
    factories.vat_rate("6")
    return factories.EntityFactory(name="Linde Studio BV")


@pytest.fixture
def account(entity: CompanyEntity) -> LedgerAccount:
    return factories.LedgerAccountFactory(entity=entity, code="612100", name="Electricity", kind=LedgerAccountKind.COST)


@pytest.fixture
def supplier(db: None) -> Company:
    return factories.CompanyFactory(
        name="Hoste Energie NV", vat_number=SUPPLIER, is_supplier=True, is_customer=False, iban=IBAN
    )


@pytest.fixture
def receive(entity: CompanyEntity) -> Callable[..., purchases.Received]:
    """Take in a document addressed to the entity, by default one and the same."""

    def take(data: bytes | None = None, **fields: Any) -> purchases.Received:
        if data is None:
            data = ubl(**{"buyer_vat": entity.vat_number, **fields})
        return purchases.receive(data=data, delivery=purchases.Delivery(name="invoice.xml"))

    return take


@pytest.fixture
def expense(receive: Callable[..., purchases.Received]) -> Callable[..., PurchaseDocument]:
    """A document that was stored."""

    def make(**fields: Any) -> PurchaseDocument:
        found = receive(**fields)
        assert found.answer is purchases.Answer.STORED, found
        assert found.document is not None
        return found.document

    return make
