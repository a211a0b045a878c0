"""What can be ordered as a gift card, the codes of what others issued, and the ways to ship."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold import widgets

from loyalty.admin import buttons, look
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import LinesField, ServiceForm, UrlField
from loyalty.kernel.money import money, money_text
from rewards.admin import gift_product_texts, pools
from rewards.admin.reward_form import Money
from rewards.models import GiftProduct, ShippingMethod
from rewards.services import gift_products, gift_remotes, gift_texts
from rewards.services.kinds.providers import PROVIDERS

AMOUNTS = ("min_value", "max_value", "fee")


class ProductForm(ServiceForm):
    provider = forms.ChoiceField(
        label="Codes",
        choices=[(name, provider.TITLE) for name, provider in PROVIDERS.items()],
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="Where they come from. Our own stored value is redeemed part by part through the API.",
    )
    denominations = LinesField(required=False, help_text="One value a line, as in 25 or 12.50. Empty: any value.")
    min_value = Money(label="From", help_text="Without denominations: the smallest value.")
    max_value = Money(label="To", help_text="Without denominations: the largest value.")
    delivery_types = forms.MultipleChoiceField(
        choices=GiftProduct.Delivery.choices, widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget
    )
    remote_url = UrlField(
        label="Address",
        required=False,
        max_length=2048,
        widget=widgets.UnfoldAdminURLInputWidget,
    )
    remote_sku = forms.CharField(
        label="Article", required=False, max_length=100, widget=widgets.UnfoldAdminTextInputWidget
    )
    remote_token = forms.CharField(
        label="Token",
        required=False,
        max_length=1000,
        widget=widgets.UnfoldAdminPasswordWidget,
        help_text="Kept encrypted, and never shown again. Left empty, the last one stays.",
    )
    fee = Money(help_text="Added to the value of each card.")
    discount = Money(label="Discount in per cent", help_text="Taken off the value of each card.")
    faceplates = LinesField(required=False, help_text="Addresses of pictures, one a line; the first one is shown.")
    cultures = LinesField(
        label="Languages",
        required=False,
        help_text="One a line, as in en or de-AT; the first is what the texts here are in. "
        "Save, and there is a place for what the product says in each of the others.",
    )
    renamed = {"delivery_types": "delivery_types"}

    class Meta:
        model = GiftProduct
        fields = (
            "name", "key", "type", "currency", "short_description", "long_description", "terms", "disclaimer",
            "redemption_note",
        )  # fmt: skip
        labels = {"key": "Id"}
        help_texts = {
            "key": "What orders name it by, as in STORE-CARD.",
            "redemption_note": "How to use it, on the page of the card.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product = self.instance
        if product._state.adding:
            self.fields["currency"].initial = self.business.currency
            return
        shown = {
            "provider": product.provider,
            "denominations": [money_text(minor, product.currency) for minor in product.denominations_minor],
            "delivery_types": product.delivery_types,
            "fee": money_text(product.fee_minor, product.currency),
            "discount": money_text(product.discount_bp, "EUR"),
            "faceplates": product.faceplates,
            "cultures": product.cultures,
        }
        remote = gift_remotes.remote_of(product)
        if remote is not None:
            shown |= {"remote_url": remote.url, "remote_sku": remote.sku}
        for name, minor in (("min_value", product.min_minor), ("max_value", product.max_minor)):
            shown[name] = None if minor is None else money_text(minor, product.currency)
        self.initial.update(shown)

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def write(self) -> GiftProduct:
        given, product = self.cleaned_data, self.instance
        for name in ("provider", "delivery_types", "faceplates"):
            setattr(product, name, given[name])
        gift_texts.put(product, cultures=given["cultures"], translations=gift_product_texts.said_in(given))
        minors = {name: self._minor(name) for name in AMOUNTS}
        product.min_minor, product.max_minor = minors["min_value"], minors["max_value"]
        product.fee_minor = minors["fee"] or 0
        product.discount_bp = money(given["discount"] or 0, "EUR", field="discount")
        product.denominations_minor = [
            money(text, product.currency, field="denominations") for text in given["denominations"]
        ]
        if PROVIDERS[product.provider].IS_REMOTE:
            url, sku, token = (given[f"remote_{name}"] for name in ("url", "sku", "token"))
            gift_remotes.put(product, url=url, sku=sku, token=token)
        return gift_products.check(product)

    def _minor(self, name: str) -> int | None:
        said = self.cleaned_data[name]
        return None if said is None else money(said, self.instance.currency, field=name)


class StockForm(pools.UploadForm):
    value = Money(help_text="What each of these codes is worth.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"].required = True


def values(product: GiftProduct) -> str:
    """Which values there are, for people."""
    if product.denominations_minor:
        return ", ".join(money_text(minor, product.currency) for minor in product.denominations_minor)
    return " – ".join(money_text(minor or 0, product.currency) for minor in (product.min_minor, product.max_minor))


def state(row: GiftProduct | ShippingMethod) -> object:
    return look.state("Archived") if row.archived_at else look.state("Active", "success")


@admin.register(GiftProduct)
class GiftProductAdmin(ServiceAdmin):
    form = ProductForm
    list_display = (
        "name",
        look.column("Id", lambda row: look.code(row.key), order="key"),
        look.column("Type", lambda row: row.type),
        look.column("Values", values),
        look.column("Currency", lambda row: row.currency),
        look.column("State", state, order="archived_at"),
    )
    view_fields = ("name", "key", "type", "short_description", "terms")
    when_empty = "What your systems can send: cards of your own, or codes that somebody else issued."
    search_fields = ("name", "key")
    list_filter = ("type",)
    ordering = ("key",)
    actions_detail = ("upload", "archive", "restore")
    fieldsets = (
        (None, {"fields": ("name", "key", "type", "provider", "short_description", "long_description")}),
        ("Remote provider", {"fields": ("remote_url", "remote_sku", "remote_token")}),
        ("Value", {"fields": ("currency", "denominations", "min_value", "max_value", "fee", "discount")}),
        ("Delivery", {"fields": ("delivery_types", "faceplates", "cultures")}),
        ("On the page of the card", {"fields": ("redemption_note", "terms", "disclaimer")}),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=gift_product_texts.form_for(self.form, obj), **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        groups = super().get_fieldsets(request, obj)
        if obj is None or not self.has_change_permission(request, obj):
            return groups
        return (*groups, *gift_product_texts.groups_of(obj))

    def get_readonly_fields(self, request: HttpRequest, obj: GiftProduct | None = None) -> tuple[str, ...]:
        return ("key", "currency") if obj else ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("business")

    def offers(self, request: HttpRequest, button: str, product: GiftProduct) -> bool:
        if button == "upload":
            return product.provider == "vault"
        return button == "restore" if product.archived_at else button != "restore"

    @buttons.button("Upload codes", icon="upload_file")
    def upload(self, request: HttpRequest, product: GiftProduct) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            value = money(answer["value"], product.currency, field="value")
            pool = gift_products.stock(business=product.business, product_id=product.pk, value_minor=value)
            return pools.add(pool, answer["file"])

        return buttons.ask(
            self,
            request,
            product,
            title=f"Upload codes of {product.name}",
            text="They rest encrypted, and each goes onto one card. The pool of this value shows how many are left.",
            submit="Add them",
            form=StockForm,
            act=act,
        )

    @buttons.button("Archive", icon="archive")
    def archive(self, request: HttpRequest, product: GiftProduct) -> HttpResponse:
        return self._archive(request, product, is_archived=True, title=f"Archive {product.name}?")

    @buttons.button("Bring back", icon="unarchive")
    def restore(self, request: HttpRequest, product: GiftProduct) -> HttpResponse:
        return self._archive(request, product, is_archived=False, title=f"Bring {product.name} back?")

    def _archive(self, request: HttpRequest, product: GiftProduct, *, is_archived: bool, title: str) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            gift_products.archive(product=product, is_archived=is_archived)
            return "Archived: nobody can order it." if is_archived else "It can be ordered again."

        return buttons.ask(self, request, product, title=title, submit="Do it", act=act)


class ShippingForm(ServiceForm):
    countries = LinesField(required=False, help_text="Two letters a line, as in DE. Empty: everywhere.")

    class Meta:
        model = ShippingMethod
        fields = ("name", "key", "carrier", "countries")
        labels = {"key": "Id"}

    def write(self) -> ShippingMethod:
        return gift_products.check_shipping(self.instance)


@admin.register(ShippingMethod)
class ShippingMethodAdmin(ServiceAdmin):
    form = ShippingForm
    list_display = (
        "name",
        look.column("Id", lambda row: look.code(row.key), order="key"),
        look.column("Carrier", lambda row: row.carrier or look.NOTHING),
        look.column("Countries", lambda row: ", ".join(row.countries) or "Everywhere"),
        look.column("State", state, order="archived_at"),
    )
    view_fields = ("name", "key", "carrier", "countries")
    when_empty = "How gift cards on paper travel."
    search_fields = ("name", "key")
    ordering = ("key",)
    fields = ("name", "key", "carrier", "countries")

    def get_readonly_fields(self, request: HttpRequest, obj: ShippingMethod | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()
