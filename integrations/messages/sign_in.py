"""Signing in and rights: AUT-401 to AUT-415."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from . import menus
from .texts import Effect, Fix, Message

MESSAGES: dict[str, Message] = {
    "AUT-401": Message(
        effect=Effect.ALONE,
        cause=(_("the connection with %(tool)s has been lost"),),
        advice=(_("Sign in again; all settings are kept and the documents wait."),),
        fix=Fix.SIGN_IN,
        cases={
            "cause=client": Message(
                effect=Effect.ALONE,
                cause=(_("%(tool)s does not accept the client ID or the client secret of this installation"),),
                advice=(_("Let whoever maintains this installation correct them, then sign in again."),),
                fix=Fix.SIGN_IN,
            )
        },
    ),
    "AUT-402": Message(
        effect=Effect.ALONE,
        cause=(_("%(tool)s gives new access in a few minutes"),),
        advice=(_("The sync goes on by itself."),),
        who="nobody",
    ),
    "AUT-403": Message(
        effect=Effect.ALONE,
        cause=(
            _("the user in %(tool)s lacks these rights: %(rights)s"),
            _("the user in %(tool)s lacks this right: %(right)s"),
            _("the user in %(tool)s lacks a right that the connection needs"),
        ),
        advice=(_("Ask your accountant, or whoever manages the users there, for what is missing. Then sync again."),),
        ask=(_("Could you give the user in %(tool)s what is missing?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
        cases={
            "cause=scope": Message(
                effect=Effect.ALONE,
                cause=(_("this installation is not registered at %(tool)s for a part that the connection needs"),),
                advice=(_("Let whoever maintains this installation extend the registration, then sign in again."),),
                fix=Fix.SIGN_IN,
            )
        },
    ),
    "AUT-404": Message(
        effect=Effect.ALONE,
        cause=(
            _("administration “%(administration)s” of %(tool)s is no longer open to this sign-in"),
            _("the administration in %(tool)s is no longer open to this sign-in"),
        ),
        advice=(_("Ask for access to all current and future administrations in %(tool)s, then sign in again."),),
        ask=(_("Could you give this user access to all current and future administrations in %(tool)s?"),),
        fix=Fix.SIGN_IN,
        for_accountant=True,
    ),
    "AUT-405": Message(
        effect=Effect.ALONE,
        cause=(_("the user who signed in at %(tool)s is no longer active there"),),
        advice=(_("Sign in with another user; all settings are kept."),),
        fix=Fix.SIGN_IN,
        label=(_("Sign in with another user"),),
    ),
    "AUT-406": Message(
        effect=Effect.ALONE,
        cause=(_("this kind of %(tool)s account cannot receive documents"),),
        advice=(_("Let the accountant sign in once with an ordinary account of the administration."),),
        ask=(_("Could you sign in once with an ordinary account of the administration?"),),
        fix=Fix.SIGN_IN,
        for_accountant=True,
        who="accountant",
    ),
    "AUT-407": Message(
        effect=Effect.ALONE,
        cause=(_("%(tool)s did not accept the user name or the password"),),
        advice=(_("Enter them again; all settings are kept."),),
        fix=Fix.SIGN_IN,
        label=(_("Enter user name and password"),),
    ),
    "AUT-408": Message(
        effect=Effect.ALONE,
        cause=(_("the journals expected are not in the dossier chosen"),),
        advice=(_("Choose the right dossier and load the lists again."),),
        fix=Fix.SETUP,
    ),
    "AUT-409": Message(
        effect=Effect.ALONE,
        cause=(_("new journals of %(tool)s are not visible here yet"),),
        advice=(_("Choose File > Synchronise in %(tool)s first. Then load the journals again here."),),
        fix=Fix.JOURNALS,
    ),
    "AUT-410": Message(
        effect=Effect.ALONE,
        cause=(_("%(tool)s did not accept the sign-in"),),
        advice=(_("Sign in again; all settings are kept and the documents wait."),),
        fix=Fix.SIGN_IN,
    ),
    "AUT-411": Message(
        effect=Effect.ALONE,
        cause=(_("the %(tool)s subscription does not allow this connection"),),
        advice=(_("Ask your accountant which subscription includes it."),),
        ask=(_("Could you tell us which subscription includes it?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
    ),
    "AUT-412": Message(
        effect=Effect.ALONE,
        cause=(_("%(tool)s refused the API key"),),
        advice=(
            _("Create a new key in %(tool)s under %(menu)s, and enter it here."),
            _("Create a new key in %(tool)s, and enter it here."),
        ),
        fix=Fix.SIGN_IN,
        label=(_("Enter a new key"),),
        menu=menus.API_KEYS,
    ),
    "AUT-413": Message(
        effect=Effect.ALONE,
        cause=(
            _("administration “%(administration)s” does not belong to this %(tool)s key"),
            _("the administration does not belong to this %(tool)s key"),
        ),
        advice=(_("Choose the administration again, or enter the key that belongs to it."),),
        fix=Fix.SETUP,
    ),
    "AUT-414": Message(
        effect=Effect.ALONE,
        cause=(_("this %(tool)s account belongs to another country"),),
        advice=(_("Choose the country of the account first, then sign in again."),),
        fix=Fix.SIGN_IN,
    ),
    "AUT-415": Message(
        effect=Effect.ALONE,
        cause=(
            _("administration “%(administration)s” is closed or blocked in %(tool)s"),
            _("the administration is closed or blocked in %(tool)s"),
        ),
        advice=(_("Ask your accountant whether the licence has ended. Sign in again when it is open."),),
        ask=(_("Could you check whether the licence has ended, and open the administration again?"),),
        fix=Fix.IN_TOOL,
        for_accountant=True,
        who="accountant",
    ),
}
