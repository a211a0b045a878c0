"""Opening businesses with their sandbox twins, and the sandbox's clock."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from loyalty.kernel import clock, jobs
from loyalty.kernel.errors import Conflict, DomainError, Invalid
from loyalty.models import Business, Metric, Milestone, MilestoneSet, Plan
from loyalty.services import hold_programmes

# Calls a minute and a day.
PLANS = {
    "starter": ("Starter", 30, 1_000),
    "growth": ("Growth", 60, 10_000),
    "professional": ("Professional", 120, 100_000),
    "enterprise": ("Enterprise", 600_000, 100_000_000),
}
STARTER_TIERS = [("bronze", "Bronze", 0), ("silver", "Silver", 1_000), ("gold", "Gold", 5_000)]
SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?")
FARTHEST = timedelta(days=3650)

_followers: list[str] = []


def follow_clock(*task_names: str) -> None:
    """Nudge the tasks whenever a test clock is moved: they do what falls due by a business's own time."""
    _followers.extend(task_names)


class SlugTaken(Conflict):
    def __init__(self, slug: str) -> None:
        super().__init__(f"There is a business with the slug {slug!r} already.", field="slug")


class NotASandbox(DomainError):
    def __init__(self) -> None:
        super().__init__("Only a sandbox has a test clock. Use a test key.")


def ensure_plans() -> None:
    """The four plans exist; what an operator changed about them stays."""
    for key, (name, minute, day) in PLANS.items():
        Plan.objects.get_or_create(key=key, defaults={"name": name, "calls_per_minute": minute, "calls_per_day": day})


@transaction.atomic
def open_business(
    *,
    name: str,
    slug: str,
    plan: str,
    timezone: str = "UTC",
    currency: str = "EUR",
    ip_allowlist: Sequence[str] = (),
    allowed_origins: Sequence[str] = (),
    contact_email: str = "",
) -> Business:
    """Open a business that counts points, with Hold to Earn to switch on, and its sandbox twin.

    :raises SlugTaken: if the slug, or its sandbox's, is in use
    :raises Invalid: if there is no such plan, or the slug is none
    """
    if not Plan.objects.filter(pk=plan).exists():
        raise Invalid(f"There is no plan {plan!r}. Use one of: {', '.join(PLANS)}.", field="plan")
    if not SLUG.fullmatch(slug):
        raise Invalid("A slug has a-z, 0-9 and inner hyphens, at most 50 characters.", field="slug")
    business = Business(
        name=name,
        slug=slug,
        plan_id=plan,
        timezone=timezone,
        currency=currency,
        ip_allowlist=list(ip_allowlist),
        allowed_origins=list(allowed_origins),
        contact_email=contact_email,
        created_at=clock.wall(),
    )
    _save(business)
    sandbox = Business(
        name=f"{name} (sandbox)",
        slug=f"{slug}-sandbox",
        plan_id=plan,
        timezone=timezone,
        currency=currency,
        ip_allowlist=list(ip_allowlist),
        allowed_origins=list(allowed_origins),
        live=business,
        contact_email=contact_email,
        created_at=clock.wall(),
    )
    _save(sandbox)
    for each in (business, sandbox):
        points = Metric.objects.create(business=each, key="points", title="Points")
        hold_programmes.add_defaults(business=each, points=points)
    return business


@transaction.atomic
def load_starter_tiers(*, business: Business) -> None:
    """Three tiers on lifetime points, for a programme that has none."""
    points = Metric.objects.for_business(business).get(key="points")
    ladder = MilestoneSet.objects.create(business=business, key="tiers", title="Tiers", metric=points, is_tier=True)
    for key, title, threshold in STARTER_TIERS:
        Milestone.objects.create(business=business, set=ladder, key=key, title=title, threshold=threshold)


@transaction.atomic
def move_clock(*, business: Business, to: datetime) -> datetime:
    """Move a sandbox's time forward; it keeps ticking from there. Answers the new time.

    Whatever is due by then is done at once.

    :raises NotASandbox: for a live business
    :raises Invalid: if `to` lies in the sandbox's past, or more than ten years ahead
    """
    if not business.is_sandbox:
        raise NotASandbox
    locked = Business.objects.select_for_update().get(pk=business.pk)
    offset = to - clock.wall()
    if offset < locked.clock_offset:
        raise Invalid("The test clock only moves forward.", field="now")
    if offset > FARTHEST:
        raise Invalid("The test clock moves at most ten years ahead.", field="now")
    locked.clock_offset = business.clock_offset = offset
    locked.save(update_fields=["clock_offset"])
    for name in _followers:
        jobs.wake(name)
    return to


def _save(business: Business) -> None:
    try:
        with transaction.atomic():
            business.save(force_insert=True)
    except IntegrityError as error:
        if "slug" in str(error):
            raise SlugTaken(business.slug) from error
        raise
