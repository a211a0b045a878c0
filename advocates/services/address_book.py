"""Many customers at once: who is known of those that a batch names, what changes about them, and who is new."""

from collections.abc import Collection, Sequence
from copy import copy
from uuid import UUID

from advocates import events as news
from advocates.models import Advocate
from advocates.selectors import identity
from advocates.services import details
from advocates.services.advocates import EmailTaken
from advocates.services.details import Details
from advocates.services.mappings import STAYS, AdvocateGone
from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.errors import DomainError
from loyalty.models import Business
from loyalty.services import accounts

WRITTEN = (
    *("external_id", "email", "name", "first_name", "last_name", "phone", "locale", "birthday"),
    *("accepts_marketing", "tags", "metadata", "updated_at"),
)


class AddressBook:
    """Those who have one of some ids or addresses, their accounts locked. `change` them, then `write`."""

    def __init__(self, business: Business, names: Sequence[str], emails: Sequence[str]) -> None:
        self._business = business
        # Addresses first: whoever joins in between, with both, is found by the id.
        addressed = identity.by_emails(business=business, emails=set(emails)) if emails else {}
        named = identity.by_external_ids(business=business, external_ids=set(names)) if names else {}
        ids = {person.pk for person in (*named.values(), *addressed.values())}
        locked = accounts.lock(business=business, account_ids=ids)
        self._people = Advocate.objects.for_business(business).in_bulk(locked)
        for pk, person in self._people.items():
            person.account = locked[pk]
        self._by_name: dict[str, UUID] = {name: person.pk for name, person in named.items()}
        self._by_email: dict[str, UUID] = {email: person.pk for email, person in addressed.items()}
        self._changed: dict[UUID, list[str]] = {}

    def find(self, external_id: str, email: str | None) -> Advocate | None:
        """Whoever has the id; else whoever has the address, and no id yet."""
        if external_id in self._by_name:
            return self._people[self._by_name[external_id]]
        holder = self._people.get(self._by_email.get((email or "").lower(), UUID(int=0)))
        return holder if holder is not None and holder.external_id is None else None

    def names(self) -> Collection[str]:
        """The ids that are somebody's."""
        return self._by_name.keys()

    def emails(self) -> Collection[str]:
        """The addresses that are somebody's, in small letters."""
        return self._by_email.keys()

    def change(self, person: Advocate, given: Details) -> Advocate | DomainError:
        """Set details, or say what is wrong with them."""
        if person.account.status in STAYS:
            return AdvocateGone()
        anew = copy(person)
        try:
            changed = details.apply(given, to=anew, today=clock.now(self._business).date())
        except DomainError as error:
            return error
        if "email" in changed and self._by_email.get((anew.email or "").lower(), anew.pk) != anew.pk:
            return EmailTaken()
        self._note(anew, changed)
        return anew

    def write(self) -> None:
        """Write what has changed: at most a statement for people, and one for what is told of it."""
        now = clock.now(self._business)
        people = [self._people[pk] for pk in self._changed]
        for person in people:
            person.updated_at = now
            if "external_id" in self._changed[person.pk]:  # they had none until now
                accounts.set_external_id(business=self._business, account_id=person.pk, external_id=person.external_id)
        if people:
            Advocate.objects.for_business(self._business).bulk_update(people, WRITTEN)
            events.record([news.updated(person, self._changed[person.pk]) for person in people], now=now)

    def _note(self, person: Advocate, changed: Sequence[str]) -> None:
        before, self._people[person.pk] = self._people[person.pk], person
        if changed:
            noted = self._changed.setdefault(person.pk, [])
            noted += [name for name in changed if name not in noted]
        if "email" in changed and before.email:
            self._by_email.pop(before.email.lower(), None)
        if "email" in changed and person.email:
            self._by_email[person.email.lower()] = person.pk
        if "external_id" in changed and person.external_id:
            self._by_name[person.external_id] = person.pk
