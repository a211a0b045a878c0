"""Who an id or an address means: also the ids that were mapped to a person, and those of merged advocates."""

from collections.abc import Collection, Iterable
from uuid import UUID

from advocates.models import Advocate, SsoMapping
from advocates.models.advocates import AdvocateQuerySet
from loyalty.kernel import database
from loyalty.models import Account, Business
from loyalty.selectors import merges


def by_external_id(*, business: Business, external_id: str) -> Advocate | None:
    """The person whom the merchant means by this id."""
    people = _people(business)
    found = people.filter(external_id=external_id).first()
    if found is None:
        mapped = SsoMapping.objects.for_business(business).filter(external_customer_id=external_id)
        found = people.filter(pk__in=mapped.values("advocate_id")).first()
    return _at_home(business, found)


NAMED = """
    SELECT named.name, a.id, a.status FROM (
        SELECT external_customer_id AS name, advocate_id AS id FROM advocates_ssomapping
        WHERE business_id = %(business)s AND external_customer_id {asked}
        UNION ALL
        SELECT external_id, id FROM advocates_advocate WHERE business_id = %(business)s AND external_id {asked}
    ) named JOIN loyalty_account a ON a.id = named.id
"""
ONE = NAMED.format(asked="= %(names)s")  # keeps its plan, which depends on how many are asked for
SOME = NAMED.format(asked="= ANY (%(names)s)")


def id_by_external_id(*, business: Business, external_id: str) -> UUID | None:
    """The account of `by_external_id`, without models, which would cost an event more than all else that it does."""
    return _ids(ONE, business, external_id).get(external_id)


def ids_by_external_id(*, business: Business, external_ids: Iterable[str]) -> dict[str | None, UUID]:
    """Those whom the merchant means by these ids, as `by_external_id` finds one: two queries at most."""
    names = list(external_ids)
    return _ids(SOME, business, names) if names else {}


def _ids(statement: str, business: Business, names: str | list[str]) -> dict[str | None, UUID]:
    cursor = database.prepared_cursor()
    cursor.execute(statement, {"business": business.pk, "names": names})
    people = {name: (pk, status) for name, pk, status in cursor.fetchall()}
    merged = [pk for pk, status in people.values() if status == Account.Status.MERGED]
    homes = merges.homes_of(merged) if merged else {}
    return {name: homes.get(pk, pk) for name, (pk, _) in people.items()}


def by_external_ids(*, business: Business, external_ids: Collection[str]) -> dict[str, Advocate]:
    """Those whom the merchant means by these ids: one query, and two more if some are not anybody's own."""
    found: dict[str, Advocate] = {}
    for person in _people(business).filter(external_id__in=external_ids):
        found[str(person.external_id)] = person
    missing = [name for name in external_ids if name not in found]
    if missing:
        mapped = SsoMapping.objects.for_business(business).filter(external_customer_id__in=missing)
        for mapping in mapped.select_related("advocate__account"):
            found[mapping.external_customer_id] = mapping.advocate
    return _all_at_home(business, found)


def by_emails(*, business: Business, emails: Collection[str]) -> dict[str, Advocate]:
    """Those with these addresses, by the address in small letters: one query."""
    return _all_at_home(business, {str(each.email).lower(): each for each in _people(business).with_emails(emails)})


def by_email(*, business: Business, email: str) -> Advocate | None:
    """The person with this address, in any case."""
    return _at_home(business, _people(business).with_email(email).first())


def by_card(*, business: Business, hashes: Collection[bytes]) -> Advocate | None:
    """The person whose loyalty card has one of these keyed hashes."""
    return _at_home(business, _people(business).filter(card_hash__in=hashes).first())


def _people(business: Business) -> AdvocateQuerySet:
    return Advocate.objects.for_business(business).select_related("account")


def _at_home(business: Business, found: Advocate | None) -> Advocate | None:
    if found is None or found.account.status != Account.Status.MERGED:
        return found
    return _people(business).get(pk=merges.home_of(found.pk))


def _all_at_home(business: Business, found: dict[str, Advocate]) -> dict[str, Advocate]:
    merged = [person.pk for person in found.values() if person.account.status == Account.Status.MERGED]
    if not merged:
        return found
    homes = merges.homes_of(merged)
    people = _people(business).in_bulk(set(homes.values()))
    return {name: people[homes[person.pk]] if person.pk in homes else person for name, person in found.items()}
