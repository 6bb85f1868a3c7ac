"""Old records go: exchanges after 30 days, runs, notifications and resolved issues after 90, used sign-in states after a day."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from ..models import UNFINISHED, Exchange, Issue, Notification, SignInAttempt, SyncRun

EXCHANGE_DAYS = 30
RUN_DAYS = 90


def prune() -> int:
    """Delete what is older than it is kept; returns the number of rows."""
    now = timezone.now()
    deleted = 0
    deleted += Exchange.objects.filter(at__lt=now - timedelta(days=EXCHANGE_DAYS)).delete()[0]
    deleted += (
        SyncRun.objects.filter(created_at__lt=now - timedelta(days=RUN_DAYS)).exclude(state__in=UNFINISHED).delete()[0]
    )
    deleted += Issue.objects.filter(resolved_at__lt=now - timedelta(days=RUN_DAYS)).delete()[0]
    deleted += Notification.objects.filter(created_at__lt=now - timedelta(days=RUN_DAYS)).delete()[0]
    deleted += SignInAttempt.objects.filter(created_at__lt=now - timedelta(days=1)).delete()[0]
    return deleted
