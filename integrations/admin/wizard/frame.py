"""Order, state and frame of the set-up's steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from config.admin.links import change_url
from config.figures import moment
from invoicing.admin.booking import person

from ... import services
from ...base.errors import IntegrationError, Temporary
from ...messages import problem_text
from ...models import Connection, ConnectionStatus
from ...services import wizard as saved
from ..frame import SyncButton
from ..words import tool_label

if TYPE_CHECKING:
    from ..connections import ConnectionAdmin

UNFINISHED = (ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED)


class Stay(Exception):
    """A step was not saved; its page is shown again with what was filled in."""


class Step:
    """One step: what its page shows, and what saving it does. Stateless; the wizard carries the request."""

    key: ClassVar[str]
    title: ClassVar[str | Promise]
    template: ClassVar[str]
    # A save that asks the tool something cannot be one transaction: no call is made inside one.
    asks_tool: ClassVar[bool] = False

    def applies(self, wizard: Wizard) -> bool:
        """Whether the tool knows what this step is about."""
        return True

    def is_done(self, wizard: Wizard) -> bool:
        """Whether the next step may be opened."""
        return self.key in wizard.progress.steps

    def context(self, wizard: Wizard) -> dict[str, Any]:
        """What the template needs. Asks no tool for anything that changes."""
        return {}

    def choices(self, wizard: Wizard) -> Mapping[str, Any]:
        """What was posted, as far as it is a choice: equal choices make a second save a repetition."""
        posted = wizard.request.POST
        own = {"csrfmiddlewaretoken", "seen", "go"}
        return {name: posted.getlist(name) for name in sorted(posted) if name not in own}

    def save(self, wizard: Wizard, mark: str) -> None:
        """Save what was posted. Stay: something is wrong with it. ConnectError, IntegrationError."""
        saved.save_step(connection=wizard.connection, step=self.key, user=wizard.user, mark=mark)

    def after_save(self, wizard: Wizard) -> None:
        """What follows from a save once it is committed, and may be done again."""

    def other(self, wizard: Wizard, go: str) -> HttpResponse | None:
        """A button of the page beside saving; None when there is none of that name."""
        return None


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step in the list at the side. `url` is empty for one that cannot be opened yet."""

    title: str | Promise
    url: str
    is_done: bool
    is_current: bool


class Wizard:
    """One request to the set-up of one connection."""

    def __init__(self, page: ConnectionAdmin, request: HttpRequest, connection: Connection) -> None:
        self.page, self.request, self.connection = page, request, connection
        self.user: Any = person(request)
        self.tool = tool_label(connection.tool)
        self.form: Any = None
        self.asks: Any = None  # what a person has to say yes to before the step is saved
        self.failed = False  # the tool did not answer in this request, and is not asked again
        self.reload()

    def reload(self) -> None:
        """Read again what is saved, after a step changed it."""
        self.connection = Connection.objects.select_related(
            "entity", "administration", "grant", "default_payment_term", "discount_account", "default_ledger_account",
            "invoice_journal", "credit_note_journal", "purchase_journal", "purchase_credit_note_journal",
        ).get(pk=self.connection.pk)  # fmt: skip
        self.progress = saved.read_progress(self.connection)

    @cached_property
    def steps(self) -> Sequence[Step]:
        from .order import STEPS

        return [step for step in STEPS if step.applies(self)]

    def step(self, key: str) -> Step:
        """The step of that key. Http404."""
        found = next((step for step in self.steps if step.key == key), None)
        if found is None:
            raise Http404
        return found

    def url(self, step: Step | str) -> str:
        key = step if isinstance(step, str) else step.key
        return reverse("admin:integrations_connection_step", args=[self.connection.pk, key])

    @property
    def first_open(self) -> Step:
        """The first step that is not done; the last one when all are."""
        return next((step for step in self.steps if not step.is_done(self)), self.steps[-1])

    def may_open(self, step: Step) -> bool:
        return self.steps.index(step) <= self.steps.index(self.first_open)

    def after(self, step: Step) -> Step:
        place = self.steps.index(step)
        return self.steps[min(place + 1, len(self.steps) - 1)]

    def before(self, step: Step) -> Step | None:
        place = self.steps.index(step)
        return self.steps[place - 1] if place else None

    def say(self, error: services.ConnectError | IntegrationError) -> None:
        """Tell in the catalogue's words what went wrong; what was filled in before stays."""
        if isinstance(error, IntegrationError):
            self.failed = True
            problem = problem_text(error.code, error.params, self.tool)
            stays = _("What you filled in is saved.")
            # The catalogue's advice on what passes by itself is about a sync; here a person waits.
            advice = _("Try it again later.") if isinstance(error, Temporary) else problem.advice
            messages.error(self.request, f"{problem.sentence} {advice} {stays}".replace("  ", " "))
        else:
            messages.error(self.request, str(error))

    def shown_steps(self, current: Step) -> list[ShownStep]:
        reach = self.steps.index(self.first_open)
        return [
            ShownStep(
                title=step.title,
                url=self.url(step) if place <= reach else "",
                is_done=place < reach or step.is_done(self),
                is_current=step is current,
            )
            for place, step in enumerate(self.steps)
        ]

    def frame(self, current: Step) -> dict[str, Any]:
        """What every step's page shows around its own part."""
        before = self.before(current)
        mine = self.progress.steps.get(current.key)
        last = self.progress.last
        return {
            **self.page.admin_site.each_context(self.request),
            # Nothing can be synced for this entity yet, and the button of all others would mislead here.
            "own_sync": SyncButton(url="", running=False),
            "title": _("Connect %(tool)s") % {"tool": self.tool},
            "back_url": change_url(self.connection),
            "connection": self.connection,
            "entity": self.connection.entity,
            "tool": self.tool,
            "step": current,
            "steps": self.shown_steps(current),
            "number": self.steps.index(current) + 1,
            "total": len(self.steps),
            "before_url": self.url(before) if before is not None else "",
            "saved_at": last.at if last is not None else None,
            "seen": mine.at.isoformat() if mine is not None else "",
            "wizard_asks": self.asks,
            "readings_left": services.readings_left(self.connection),
        }


def place_of(page: ConnectionAdmin, request: HttpRequest, connection: Connection) -> dict[str, Any]:
    """How far the set-up of a connection is, for its page; empty for one that is finished."""
    if connection.status not in UNFINISHED:
        return {}
    wizard = Wizard(page, request, connection)
    first = wizard.first_open
    return {"title": first.title, "number": wizard.steps.index(first) + 1, "total": len(wizard.steps)}


def resume(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Go to the first open step; for a connection that is finished to its page."""
    connection = page.changing(request, pk)
    if connection.status not in UNFINISHED:
        return HttpResponseRedirect(change_url(connection))
    wizard = Wizard(page, request, connection)
    return HttpResponseRedirect(wizard.url(wizard.first_open))


def run_step(page: ConnectionAdmin, request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Show a step (GET), or save it or press another of its buttons (POST)."""
    connection = page.changing(request, pk)
    wizard = Wizard(page, request, connection)
    step = wizard.step(key)
    if connection.status == ConnectionStatus.DEACTIVATED:
        messages.warning(request, _("This connection is switched off. Switch it on again to go on with its set-up."))
        return HttpResponseRedirect(change_url(connection))
    if connection.status not in UNFINISHED:
        messages.info(request, _("The set-up is finished; change the settings on this page."))
        return HttpResponseRedirect(change_url(connection))
    if not wizard.may_open(step):
        first = wizard.first_open
        messages.warning(request, _("First finish: %(step)s.") % {"step": first.title})
        return HttpResponseRedirect(wizard.url(first))
    if request.method == "POST":
        answer = _posted(wizard, step)
        if answer is not None:
            return answer
    try:
        own = step.context(wizard)
    except (services.ConnectError, IntegrationError) as error:
        wizard.say(error)
        if (elsewhere := _no_longer_open(wizard, step)) is not None:
            return elsewhere
        own = {"failed": True}
    return TemplateResponse(request, step.template, {**wizard.frame(step), **own})


def _posted(wizard: Wizard, step: Step) -> HttpResponse | None:
    """What a posted form leads to; None: the page is shown again with it."""
    go = wizard.request.POST.get("go", "continue")
    try:
        if go not in ("continue", "stop"):
            answer = step.other(wizard, go)
            return answer if answer is not None else HttpResponseRedirect(wizard.url(step))
        if (answer := _repeated(wizard, step)) is not None:
            return answer
        _save(wizard, step)
    except Stay:
        return None
    except saved.SavedMeanwhile:
        wizard.reload()
        return _repeated(wizard, step) or HttpResponseRedirect(wizard.url(step))
    except (services.ConnectError, IntegrationError) as error:
        wizard.say(error)
        return _no_longer_open(wizard, step)
    wizard.reload()
    return _onward(wizard, step)


def _save(wizard: Wizard, step: Step) -> None:
    mark = saved.mark_of(step.choices(wizard))
    if step.asks_tool:
        step.save(wizard, mark)
    else:
        known = wizard.progress.steps.get(step.key)
        with saved.one_save(connection=wizard.connection, step=step.key, known=known):
            step.save(wizard, mark)
    step.after_save(wizard)


def _no_longer_open(wizard: Wizard, step: Step) -> HttpResponse | None:
    """Where to go when what was answered closed the step, as a lost sign-in does; None while it is open."""
    wizard.reload()
    if wizard.connection.status not in UNFINISHED:
        return HttpResponseRedirect(change_url(wizard.connection))
    return None if wizard.may_open(step) else HttpResponseRedirect(wizard.url(wizard.first_open))


def _onward(wizard: Wizard, step: Step) -> HttpResponse:
    if wizard.connection.status not in UNFINISHED:
        return HttpResponseRedirect(change_url(wizard.connection))
    if wizard.request.POST.get("go") == "stop":
        messages.success(
            wizard.request, _("Saved. Go on with the set-up whenever you like; it opens where you stopped.")
        )
        return HttpResponseRedirect(change_url(wizard.connection))
    following = wizard.after(step)
    return HttpResponseRedirect(wizard.url(following if wizard.may_open(following) else wizard.first_open))


def _repeated(wizard: Wizard, step: Step) -> HttpResponse | None:
    """The answer to a form whose step was saved meanwhile: by a second click, or in another window."""
    mine = wizard.progress.steps.get(step.key)
    if mine is None or wizard.request.POST.get("seen", "") == mine.at.isoformat():
        return None
    words = {"when": moment(mine.at), "who": mine.by}
    if mine.mark == saved.mark_of(step.choices(wizard)):
        messages.info(wizard.request, _("Already saved %(when)s.") % words)
        return _onward(wizard, step)
    messages.warning(
        wizard.request,
        _(
            "%(who)s saved this step %(when)s in another window. It shows what is saved now; your choices were not taken."
        )
        % words,
    )
    return HttpResponseRedirect(wizard.url(step))
