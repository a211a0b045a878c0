"""The frame around every page of the dashboard: whose it is, the switch between businesses, the navigation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from loyalty.admin import links, seats
from loyalty.admin.base import is_operator
from loyalty.models import Business

Item = dict[str, Any]

Pages = Sequence[tuple[str, str, str]]  # model, title, icon

GROUPS: Mapping[str, Pages] = {
    "People": (
        ("advocates.Advocate", "Advocates", "group"),
        ("loyalty.Segment", "Segments and memberships", "groups"),
        ("loyalty.LedgerEntry", "Ledger", "menu_book"),
        ("loyalty.Action", "Actions", "directions_run"),
        ("loyalty.HoldingChange", "Item changes", "swap_vert"),
        ("loyalty.Batch", "Batches", "stacks"),
        ("advocates.Import", "Imports", "upload_file"),
        ("loyalty.Merge", "Merges", "merge"),
    ),
    "Earning": (
        ("loyalty.EarnRule", "Earn rules", "rule"),
        ("loyalty.StampCard", "Stamp cards", "approval"),
        ("loyalty.HoldProgramme", "Hold to Earn", "savings"),
        ("loyalty.TapProgramme", "Tap to Earn", "touch_app"),
        ("loyalty.Quest", "Quests", "flag"),
        ("loyalty.Submission", "Submissions", "fact_check"),
        ("loyalty.EventType", "Event types", "sensors"),
        ("loyalty.MilestoneSet", "Milestone sets", "stairs"),
        ("loyalty.Metric", "Metrics", "counter_1"),
        ("loyalty.InventorySet", "Inventory sets", "collections_bookmark"),
        ("loyalty.InventoryItem", "Inventory items", "military_tech"),
    ),
    "Shop": (
        ("advocates.Order", "Orders", "shopping_bag"),
        ("advocates.Product", "Products", "sell"),
        ("advocates.Collection", "Collections", "category"),
    ),
    "Spending": (
        ("rewards.Reward", "Rewards", "redeem"),
        ("rewards.Redemption", "Redemptions", "receipt_long"),
        ("rewards.CodePool", "Code pools", "confirmation_number"),
    ),
    "Gift cards": (
        ("rewards.GiftOrder", "Orders", "shopping_bag"),
        ("rewards.GiftCard", "Cards", "card_giftcard"),
        ("rewards.GiftUpload", "Uploads", "upload_file"),
        ("rewards.GiftProduct", "Products", "category"),
        ("rewards.ShippingMethod", "Shipping", "local_shipping"),
        ("rewards.GiftTemplate", "Templates", "drafts"),
        ("rewards.GiftPolicy", "Card policy", "notifications"),
        ("rewards.FundingRequest", "Deposit", "account_balance"),
        ("rewards.GiftAccount", "Accounts", "vpn_key"),
    ),
    "Voices": (
        ("advocates.Testimonial", "Testimonials", "reviews"),
        ("advocates.Idea", "Ideas", "lightbulb"),
        ("advocates.Board", "Feedback boards", "dashboard_customize"),
        ("advocates.Survey", "Surveys", "ballot"),
    ),
    "Referrals": (
        ("referrals.Conversion", "Referred orders", "handshake"),
        ("referrals.ReferralCode", "Referral codes", "share"),
        ("referrals.ReferralProgramme", "Referral programme", "campaign"),
    ),
    "Connections": (
        ("loyalty.ApiKey", "API keys", "key"),
        ("webhooks.Endpoint", "Webhooks", "webhook"),
        ("webhooks.Delivery", "Deliveries", "outbox"),
        ("loyalty.Event", "Events", "bolt"),
        ("advocates.SsoSecret", "SSO secrets", "passkey"),
        ("advocates.SsoMapping", "SSO mappings", "link"),
    ),
}
BUSINESS: Pages = (
    ("loyalty.ProgrammeVersion", "Programme versions", "history"),
    ("loyalty.Simulation", "Simulations", "science"),
    ("loyalty.Membership", "Team", "badge"),
)
INSTALLATION: Pages = (
    ("loyalty.Business", "Businesses", "storefront"),
    ("loyalty.User", "Users", "manage_accounts"),
    ("loyalty.Plan", "Plans", "sell"),
    ("loyalty.RedeliveredTask", "Set-aside tasks", "dangerous"),
)


def header(request: HttpRequest) -> str:
    business = seats.business_of(request)
    return business.name if business else "Laurel"


def subheader(request: HttpRequest) -> str:
    if is_operator(request):
        return "Operator of this installation"
    seat = seats.seat_of(request)
    return seat.role.label if seat else ""


def mode(request: HttpRequest) -> list[str] | None:
    """The label on every page of a sandbox, so that nobody takes it for the real thing."""
    business = seats.business_of(request)
    if business and business.status == Business.Status.SUSPENDED:
        return ["Suspended", "danger"]
    return ["Sandbox", "warning"] if business and business.is_sandbox else None


def businesses(request: HttpRequest) -> list[Item]:
    """What the switch offers. With one business there is nothing to switch."""
    current = seats.business_of(request)
    choices = [seat.business for seat in seats.seats_of(request)]
    if len(choices) < 2:
        return []
    return [
        {
            "title": business.name,
            "link": "",
            "icon": "science" if business.is_sandbox else "storefront",
            "attrs": {"business": str(business.pk), "is_current": business == current},
        }
        for business in choices
    ]


def navigation(request: HttpRequest) -> list[Item]:
    groups = [
        {"title": "", "items": [_item(request, "Overview", "space_dashboard", reverse("admin:index"))]},
        *({"title": title, "items": list(_pages(request, pages))} for title, pages in GROUPS.items()),
        {"title": "Business", "items": list(_own_business(request))},
    ]
    if is_operator(request):
        groups.append({"title": "Installation", "items": list(_pages(request, INSTALLATION))})
    return [group for group in groups if group["items"]]


def _pages(request: HttpRequest, pages: Pages) -> Iterator[Item]:
    for label, title, icon in pages:
        model = apps.get_model(label)
        if admin.site.get_model_admin(model).has_module_permission(request):
            yield _item(request, title, icon, links.list_url(model))


def _own_business(request: HttpRequest) -> Iterator[Item]:
    business = seats.business_of(request)
    if business is not None:
        yield _item(request, "Settings", "settings", links.url_of(business))
    yield from _pages(request, BUSINESS)


def _item(request: HttpRequest, title: str, icon: str, link: str) -> Item:
    is_active = request.path == link if link == reverse("admin:index") else request.path.startswith(link)
    return {"title": title, "icon": icon, "link": link, "active": is_active}
