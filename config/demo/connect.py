"""Connects an entity as a person does in the wizard: step by step, through the same services."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.urls import reverse

from integrations import services
from integrations.base.signin import SignInKind
from integrations.models import Connection
from integrations.registry import get_tool
from invoicing.models import CompanyEntity, VatRate

from .plan import ConnectionPlan
from .sandbox import CREDENTIALS, SandboxDoor


def walk(plan: ConnectionPlan, entity: CompanyEntity, user: User, door: SandboxDoor, site_url: str) -> Connection:
    """Return the connection of `entity`, signed in, set up by the plan and ready for a sync.

    One that was begun and not finished is gone on with. ConnectError: a step that the services refuse.
    """
    connection = services.start_connection(entity=entity, tool=plan.tool, site=plan.site, user=user)
    connection = _sign_in(connection, user, door, site_url)
    connection = services.choose_administration(connection=connection, external_id=plan.administration, user=user)
    missing = [right.right for right in services.check_access(connection=connection) if not right.optional]
    if missing:
        raise services.ConnectError(f"The demo's user lacks rights in the sandbox: {', '.join(missing)}.")
    services.load_lists(connection=connection)
    services.save_settings(
        connection=connection,
        user=user,
        start_date=plan.start_date,
        journals=plan.journals or None,
        default_payment_term=plan.default_payment_term,
        discount_account=plan.discount_account,
        default_ledger_account=plan.default_ledger_account,
        # The demo starts with months of invoices: a file each would take longer than anybody looks. What is booked after
        # its syncs gets them: see the end of the story.
        attach_files=False,
    )
    rates = {rate.code: rate.pk for rate in VatRate.objects.filter(country=entity.country, entity=None)}
    for direction, links in plan.vat_links.items():
        chosen = {rates[rate]: vat_code for rate, vat_code in links.items()}
        services.link_vat(connection=connection, direction=direction, links=chosen, user=user)
    for direction, links in plan.ledger_links.items():
        accounts = {rates[rate]: account for rate, account in links.items()}
        services.link_ledger(connection=connection, direction=direction, links=accounts, user=user)
    return services.finish_setup(connection=connection, user=user)


def _sign_in(connection: Connection, user: User, door: SandboxDoor, site_url: str) -> Connection:
    """Sign in as the sandbox's person: at the tool's consent page, or with what the tool asks for in the form."""
    if get_tool(connection.tool).sign_in is not SignInKind.OAUTH:
        return services.log_in(connection=connection, credentials=CREDENTIALS[connection.tool], user=user)
    # A person's browser would be sent back there; the walk reads state and code from that address itself.
    back = reverse("admin:integrations_connection_signed_in")
    url = services.begin_sign_in(connection=connection, user=user, redirect_uri=f"{site_url}{back}")
    state, code = door.consent(url)
    return services.complete_sign_in(state=state, code=code, user=user)
