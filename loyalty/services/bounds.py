"""What bounds the rules that pay: each person's limits, the budgets of all, the room that somebody has left.

Read by the set when first asked for, kept in step with what is paid, and written together. Budgets are locked last of
all, by the ids of their rules; whoever judges many events holds at once all that these may need.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from loyalty.kernel import database, ids, periods
from loyalty.models import Business, EarnRuleBudget
from loyalty.selectors import ledger as books
from loyalty.services import earn_rules
from loyalty.services.compiled import Rule
from loyalty.services.ledger import POINTS
from loyalty.services.progress import Moment

Use = tuple[UUID, UUID, str]  # account, rule, period


class Bounds:
    """For the accounts of `moments`, which are locked, and for `rules`; now, and on other `days`."""

    def __init__(
        self,
        business: Business,
        moments: Sequence[Moment],
        rules: Sequence[Rule],
        days: Collection[datetime] = (),
    ) -> None:
        self._business = business
        self._moments = {moment.person.pk: moment for moment in moments}
        self._days = days
        self._limited = [rule for rule in rules if rule.terms.limit.times]
        self._used_by: set[UUID] = set()  # whose uses have been read
        self._uses: dict[Use, int] = {}
        self._cooling = [rule.metric for rule in rules if rule.cooldown]
        self._rooms: dict[UUID, int] = {}
        self._last_paid: dict[tuple[UUID, str], datetime] | None = None  # account, metric
        self._budgets: dict[UUID, EarnRuleBudget] = {}
        self._more_uses: set[Use] = set()
        self._more_spent: set[UUID] = set()
        self._used_up: set[UUID] = set()

    def times(self, moment: Moment, rule: Rule) -> int:
        """How often the rule has paid this person in the period."""
        self._read_uses(moment.person.pk)
        return self._uses.get(use_of(moment, rule), 0)

    def room(self, moment: Moment) -> int:
        """How many points more this person can hold."""
        room = self._rooms.get(moment.person.pk)
        if room is None:
            missing = self._moments.keys() - self._rooms.keys()
            self._rooms |= books.rooms(business=self._business, account_ids=missing)
            room = self._rooms[moment.person.pk]
        return room

    def last_paid(self, moment: Moment, rule: Rule) -> datetime | None:
        """When this person has got the metric of a rule with a cooldown for the last time."""
        if self._last_paid is None:
            self._last_paid = books.last_earned(
                business=self._business, account_ids=self._moments, metrics=self._cooling
            )
        return self._last_paid.get((moment.person.pk, rule.metric))

    def left(self, rule: Rule) -> int:
        """What is left of the rule's budget, which `hold` has locked."""
        return (rule.terms.budget or 0) - self._budgets[rule.rule_id].spent

    def hold(self, rules: Iterable[Rule]) -> None:
        """Lock the budgets of rules that have one, until the commit."""
        wanted = {rule.rule_id for rule in rules if rule.terms.budget} - self._budgets.keys()
        if wanted:
            rows = EarnRuleBudget.objects.for_business(self._business).filter(rule__in=wanted)
            locked = rows.order_by("rule_id").select_for_update(no_key=True)
            self._budgets |= {row.rule_id: row for row in locked}

    def take(self, moment: Moment, rule: Rule, points: int) -> None:
        """Note that the rule pays this person so much."""
        if rule.terms.limit.times:
            use = use_of(moment, rule)
            self._uses[use] = self.times(moment, rule) + 1
            self._more_uses.add(use)
        if rule.terms.budget:
            self._budgets[rule.rule_id].spent += points
            self._more_spent.add(rule.rule_id)
        if rule.metric == POINTS:
            self._rooms[moment.person.pk] = self.room(moment) - points
        if self._last_paid is not None:
            self._last_paid[moment.person.pk, rule.metric] = moment.at

    def spent(self, rules: Iterable[Rule]) -> set[UUID]:
        """Those of the rules whose budget has nothing left. `write` pauses them."""
        found = {rule.rule_id for rule in rules if rule.terms.budget and self.left(rule) <= 0}
        self._used_up |= found
        return found

    def write(self) -> None:
        """Write down what was taken: at most a statement for uses, and one for budgets."""
        if self._more_uses:
            _write_uses(self._business, [(*use, self._uses[use]) for use in self._more_uses])
        if self._more_spent:
            spent = [self._budgets[rule_id] for rule_id in sorted(self._more_spent)]
            EarnRuleBudget.objects.for_business(self._business).bulk_update(spent, ["spent"])
        if self._used_up:
            earn_rules.pause_spent(self._used_up, business=self._business)
        self._more_uses, self._more_spent, self._used_up = set(), set(), set()

    def forget(self, account_id: UUID) -> None:
        """Read anew what is known of a person, and of budgets: somebody else has changed it."""
        self._used_by.discard(account_id)
        self._uses = {use: times for use, times in self._uses.items() if use[0] != account_id}
        self._rooms.pop(account_id, None)
        self._last_paid = None
        self._budgets = {}
        self._more_uses, self._more_spent, self._used_up = set(), set(), set()

    def _read_uses(self, account_id: UUID) -> None:
        if account_id in self._used_by:
            return
        missing = self._moments.keys() - self._used_by
        moments = [self._moments[each] for each in missing]
        rules = [rule.rule_id for rule in self._limited]
        days = {moment.at for moment in moments}.union(self._days)
        named = {_period_of(rule, at=day, zone=self._business.timezone) for day in days for rule in self._limited}
        cursor = database.prepared_cursor()
        cursor.execute(READ, [self._business.pk, list(missing), rules, list(named)])
        self._uses |= {(whose, rule_id, period): times for whose, rule_id, period, times in cursor.fetchall()}
        self._used_by |= missing


def use_of(moment: Moment, rule: Rule) -> Use:
    return (moment.person.pk, rule.rule_id, _period_of(rule, at=moment.at, zone=moment.business.timezone))


def _period_of(rule: Rule, *, at: datetime, zone: str) -> str:
    return periods.period_of(rule.terms.limit.period or "none", at=at, zone=zone)


READ = """
    SELECT account_id, rule_id, period, times FROM loyalty_earnruleuse
    WHERE business_id = %s AND account_id = ANY (%s) AND rule_id = ANY (%s) AND period = ANY (%s)
"""
WRITE = """
    INSERT INTO loyalty_earnruleuse (id, business_id, account_id, rule_id, period, times)
    SELECT id, %s::uuid, account_id, rule_id, period, times
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::integer[])
        AS t(id, account_id, rule_id, period, times)
    ON CONFLICT (business_id, account_id, rule_id, period) DO UPDATE SET times = excluded.times
"""


def _write_uses(business: Business, uses: Collection[tuple[UUID, UUID, str, int]]) -> None:
    rows = [(ids.new_id(), *use) for use in uses]
    database.prepared_cursor().execute(WRITE, [business.pk, *map(list, zip(*rows, strict=True))])
