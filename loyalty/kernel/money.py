"""Money: integers in minor units, with an ISO 4217 code beside them. Decimal strings outside."""

from decimal import Decimal

from babel.numbers import is_currency

from loyalty.kernel.errors import Invalid

DIGITS = {"BHD": 3, "CLP": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3}
DIGITS |= dict.fromkeys(("BIF", "DJF", "GNF", "KMF", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0)
DIGITS |= {"TND": 3}
MAX_MINOR = 10**15


def money(value: str | int | Decimal, currency: str, *, field: str) -> int:
    """An amount in minor units: "12.50" EUR is 1250.

    :raises Invalid: if it is no number, negative, too large, or finer than the currency
    """
    try:
        scaled = Decimal(value).scaleb(digits_of(currency))
        minor = int(scaled)
    except (ArithmeticError, ValueError) as error:
        raise Invalid(f"{field} is not an amount of money, such as 12.50.", field=field) from error
    if minor != scaled:
        raise Invalid(f"{currency} has {digits_of(currency)} decimal places; {field} has more.", field=field)
    if not 0 <= minor <= MAX_MINOR:
        raise Invalid(f"{field} is out of range.", field=field)
    return minor


def currency_code(text: str, *, field: str = "currency") -> str:
    """:raises Invalid: if no country has, or had, a currency of this code"""
    if not is_currency(text):
        raise Invalid(f"{field} is no code of a currency, such as EUR.", field=field)
    return text


def money_text(minor: int, currency: str) -> str:
    """Minor units as a decimal string: 1250 EUR is "12.50"."""
    digits = digits_of(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def money_number(minor: int, currency: str) -> float:
    """Minor units as a JSON number that reads back exactly, as far as `MAX_MINOR` goes."""
    return float(money_text(minor, currency))


def digits_of(currency: str) -> int:
    return DIGITS.get(currency, 2)
