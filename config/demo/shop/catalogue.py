"""What the shop sells, and who its customers are. Money is in cents."""

from dataclasses import dataclass

CURRENCY = "EUR"
POINTS_PER_EURO = 10
SHIPPING = 390
FREE_SHIPPING_FROM = 4_000


@dataclass(frozen=True)
class Product:
    """`art` names its picture in `products.svg`."""

    sku: str
    name: str
    note: str
    price: int
    art: str


@dataclass(frozen=True)
class Customer:
    """Somebody with an account at the shop. Laurel knows them by `id`."""

    id: str
    name: str
    email: str


PRODUCTS = {
    product.sku: product
    for product in (
        Product("ethiopia", "Ethiopia Guji", "Whole beans, 250 g. Jasmine, peach, a long finish.", 1_290, "beans"),
        Product("house", "House Espresso", "Whole beans, 1 kg. Cocoa and hazelnut, every day.", 2_650, "bag"),
        Product("coldbrew", "Cold Brew", "Six bottles of 330 ml, slow for eighteen hours.", 1_980, "bottle"),
        Product("dripper", "Stoneware Dripper", "For one or two cups, made in Lusatia.", 3_200, "dripper"),
        Product("mug", "Acme Mug", "300 ml, thick walls, a handle for cold mornings.", 1_400, "mug"),
        Product("filters", "Paper Filters", "A hundred, unbleached, size 02.", 650, "filters"),
    )
}

CUSTOMERS = {
    customer.id: customer
    for customer in (
        Customer("customer-1001", "Lena Vogt", "lena.vogt@post.example"),
        Customer("customer-1002", "Tomas Rivera", "tomas.rivera@mail.example"),
        Customer("customer-1003", "Mira Okafor", "mira.okafor@inbox.example"),
    )
}


def euros(cents: int) -> str:
    """Money for people."""
    return f"€{cents / 100:,.2f}"
