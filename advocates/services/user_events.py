"""Events as a merchant's backend tells them: of a user by its own id, and each under an id that counts once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from advocates.selectors import identity
from advocates.services import advocates, joining
from loyalty.kernel import tries
from loyalty.kernel.errors import Conflict, DomainError, NotFound
from loyalty.models import Batch, Business
from loyalty.services import actions, event_batches
from loyalty.services.ledger import AccountNotActive
from loyalty.services.reports import Origin, Report, Taken, Word


class ReceivedBefore(Conflict):
    def __init__(self) -> None:
        super().__init__("An event with this id was received before. It counts once.", field="id")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEvent(Word):
    """What a user did. `user` and `event_id` are the merchant's own ids."""

    user: str
    origin: Origin = "server"

    def of(self, account_id: UUID) -> Report:
        return Report(
            account_id=account_id, name=self.name, data=self.data, origin=self.origin, event_id=self.event_id
        )


@dataclass(frozen=True, slots=True)
class Done:
    """A batch, and what came of each event."""

    batch: Batch
    results: Sequence[Taken | DomainError]


def take(event: UserEvent, *, business: Business) -> Taken:
    """Take in one event. An unknown user joins by it, if the programme's policy says so and it is not refused.

    :raises NotFound: if the user is unknown, and must not join
    :raises ReceivedBefore: if there was one with this id
    :raises AccountNotActive, Invalid: as `actions.take`
    """
    taken = actions.take_named(event, external_id=event.user, business=business)
    # Who was merged just now is found as whom they are by now.
    return taken or tries.again(lambda: _take(event, business), on=AccountNotActive, most=tries.FEW)


def _take(event: UserEvent, business: Business) -> Taken:
    account_id = identity.id_by_external_id(business=business, external_id=event.user)
    if account_id is not None:
        return _first(actions.take_heard(event.of(account_id), business=business))
    if not _may_join(business):
        raise _unknown()
    with transaction.atomic():
        user = advocates.find_or_create_by_external_id(business=business, external_id=event.user)
        return _first(actions.take(event.of(user.pk), business=business))


def take_many(*, business: Business, events: Sequence[UserEvent | DomainError], author: str = "") -> Done:
    """Take in every event, in the order sent, each on its own; unknown users join before, as in `take`."""
    named = {event.user for event in events if isinstance(event, UserEvent)}
    # Whoever joined in between is found when looking again.
    known = tries.again(lambda: _known(business, named), on=IntegrityError)
    reports = [_report(event, known) for event in events]
    done = event_batches.take(business=business, reports=reports, author=author)
    return Done(done.batch, [_refused_if_repeated(result) for result in done.results])


def _known(business: Business, names: Collection[str]) -> dict[str | None, UUID]:
    known = identity.ids_by_external_id(business=business, external_ids=names)
    unknown = names - known.keys()
    if not unknown or not _may_join(business):
        return known
    return known | joining.join_named(business=business, external_ids=unknown)


def _report(event: UserEvent | DomainError, known: dict[str | None, UUID]) -> Report | DomainError:
    if isinstance(event, DomainError):
        return event
    account_id = known.get(event.user)
    return _unknown() if account_id is None else event.of(account_id)


def _may_join(business: Business) -> bool:
    """As the policy is now: a caller's business is remembered for some seconds."""
    return Business.objects.filter(pk=business.pk, users_on_first_event=True).exists()


def _unknown() -> NotFound:
    return NotFound("user", field="userId")


def _first(taken: Taken) -> Taken:
    if taken.is_repeat:
        raise ReceivedBefore
    return taken


def _refused_if_repeated(result: Taken | DomainError) -> Taken | DomainError:
    return ReceivedBefore() if isinstance(result, Taken) and result.is_repeat else result
