"""The Gift Card API on one screen: `/v1/`, tokens of gift accounts."""

from django.urls import path

from rewards.api import giftcards

urlpatterns = [
    path("Tokens", giftcards.Tokens.as_view()),
    path("Products", giftcards.Products.as_view()),
    path("Products/<str:product_key>", giftcards.OneProduct.as_view()),
    path("ShippingMethods", giftcards.ShippingMethods.as_view()),
    path("Balance", giftcards.Balance.as_view()),
    path("Orders", giftcards.Orders.as_view()),
    path("Orders/<uuid:order_id>", giftcards.OneOrder.as_view()),
    path("Orders/<uuid:order_id>/Cancel", giftcards.Cancel.as_view()),
    path("Orders/<uuid:order_id>/Cards/<uuid:card_id>/Resend", giftcards.Resend.as_view()),
    path("Cards/Balance", giftcards.CardBalance.as_view()),
    path("Cards/Redeem", giftcards.CardRedeem.as_view()),
]
