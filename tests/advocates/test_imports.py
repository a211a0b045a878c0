"""Bringing people from elsewhere by a CSV file: checked first, done once, undone as a whole."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.models import Advocate, Import, ImportPart
from advocates.models.imports import totals
from advocates.selectors import identity
from advocates.services import advocates, csv_files, imports
from loyalty.kernel import clock
from loyalty.models import Account, Event, Metric
from loyalty.models.ledger import Balance, LedgerEntry, Lot
from loyalty.services import accounts, earn_rules, erasure, ledger, verification
from loyalty.services.earn_terms import Earn, Terms
from tests import races
from tests.statements import count as statements_of

pytestmark = pytest.mark.django_db


def received(business, text, **options):
    given = {"kind": "customers", "title": "people.csv"} | options
    return imports.receive(business=business, lines=io.StringIO(text), **given)


def settled(found):
    while imports.advance(business=found.business, import_id=found.pk):
        pass
    found.refresh_from_db()
    return found


def checked(business, text, **options):
    return settled(received(business, text, **options))


def done(business, text, **options):
    found = checked(business, text, **options)
    imports.start(business=business, import_id=found.pk)
    return settled(found)


def undone(found):
    imports.undo(business=found.business, import_id=found.pk)
    return settled(found)


def problems(found):
    parts = ImportPart.objects.for_business(found.business).filter(whole=found).order_by("number")
    return [(each["line"], each["column"], each["code"]) for part in parts for each in part.problems]


def points(business):
    rows = Balance.objects.for_business(business).filter(metric__key="points")
    return dict(rows.values_list("account__external_id", "amount"))


class TestRefusesAFile:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "names no column"),
            ("\n\n", "names no column"),
            ("email\n", "no rows"),
            ("email,points,shoe size\na@b.example,1,43\n", "There is no column shoe size"),
            ("points\n1\n", "A column externalId or email is missing"),
            ("email,Email\na@b.example,b@c.example\n", "Two columns are email"),
            ('email\n"a@b.example\n', "no CSV file"),
        ],
    )
    def test_that_is_none_and_keeps_nothing(self, acme, text, said):
        with pytest.raises(csv_files.BadFile, match=said):
            received(acme, text)

    def test_that_is_not_utf_8(self, acme):
        lines = io.TextIOWrapper(io.BytesIO(b"email\nj\xfcrgen@example.com\n"), encoding="utf-8")

        with pytest.raises(csv_files.BadFile, match="UTF-8"):
            imports.receive(business=acme, kind="customers", lines=lines, title="people.csv")

    def test_that_is_too_long(self, acme, monkeypatch):
        monkeypatch.setattr(imports, "MOST_ROWS", 2)

        with pytest.raises(csv_files.BadFile, match="Split the file"):
            received(acme, "email\na@b.example\nb@b.example\nc@b.example\n")

    def test_that_was_imported_before_until_that_is_undone(self, acme):
        text = "externalId,points\nc-1,100\n"
        first = done(acme, text)

        with pytest.raises(imports.ImportedBefore):
            received(acme, text)
        undone(first)
        done(acme, text)

        assert points(acme)["c-1"] == 100


class TestRefusesALine:
    @pytest.mark.parametrize(
        ("cells", "column", "code"),
        [
            ("c-1,nonsense,,,,", "email", "VALIDATION_ERROR"),
            ("a/b,,,,,", "externalId", "VALIDATION_ERROR"),
            (",,5,,,", None, "VALIDATION_ERROR"),
            ("c-1", None, "VALIDATION_ERROR"),
            ("c-1,,twelve,,,", "points", "VALIDATION_ERROR"),
            ("c-1,,-12,,,", "points", "VALIDATION_ERROR"),
            ("c-1,,1.5,,,", "points", "VALIDATION_ERROR"),
            ('c-1,,"1,25",,,', "points", "VALIDATION_ERROR"),
            ("c-1,,10,5,,", "lifetimePoints", "VALIDATION_ERROR"),
            ("c-1,,10,,2099-01-01,", "earnedAt", "VALIDATION_ERROR"),
            ("c-1,,10,,yesterday,", "earnedAt", "VALIDATION_ERROR"),
            ("c-1,,10,,,2020-01-01", "expiresAt", "VALIDATION_ERROR"),
            (f"c-1,{'x' * 1001},,,,", "email", "VALIDATION_ERROR"),
            ("c-1,taken@example.com,,,,", "email", "CONFLICT"),
        ],
    )
    def test_that_makes_no_sense_and_takes_the_others(self, acme, cells, column, code):
        advocates.create(business=acme, external_id="other", email="taken@example.com")
        text = f"externalId,email,points,lifetimePoints,earnedAt,expiresAt\n{cells}\nc-2,,7,,,\n"

        found = done(acme, text)

        assert problems(found) == [(2, column, code)]
        assert points(acme)["c-2"] == 7
        assert not Advocate.objects.for_business(acme).filter(external_id="c-1").exists()

    def test_whose_points_go_beyond_what_a_balance_holds(self, acme):
        found = done(acme, "externalId,points\nc-1,9007199254740992\n")

        assert [code for _, _, code in problems(found)] == ["LIMIT_REACHED"]


class TestCheck:
    TEXT = "externalId,email,points\nc-1,a@example.com,100\nc-2,,50\nknown,,25\nc-2,,5\nc-4,nonsense,1\n"

    def test_says_what_would_happen_and_leaves_nothing(self, acme):
        advocates.create(business=acme, external_id="known")
        before = (Account.objects.count(), LedgerEntry.objects.count(), Event.objects.count())

        found = checked(acme, self.TEXT)

        assert found.state == Import.State.CHECKED
        sums = totals(found)
        assert [sums[name] for name in ("size", "new", "known", "refused", "points")] == [5, 2, 2, 1, 180]
        assert (Account.objects.count(), LedgerEntry.objects.count(), Event.objects.count()) == before

    def test_says_what_then_happens(self, acme, monkeypatch):
        monkeypatch.setattr(imports, "PART", 2)  # the second line of c-2 lies in another part
        advocates.create(business=acme, external_id="known")
        found = checked(acme, self.TEXT)
        promised = totals(found)

        imports.start(business=acme, import_id=found.pk)
        settled(found)

        assert totals(found) == promised
        assert points(acme) == {"c-1": 100, "c-2": 55, "known": 25}

    def test_foresees_whom_the_import_refuses(self, acme):
        Metric.objects.for_business(acme).filter(key="points").update(maximum=100, default_value=10)
        blocked = advocates.create(business=acme, external_id="blocked")
        accounts.set_blocked(business=acme, account_id=blocked.pk, blocked=True)
        advocates.create(business=acme, external_id="known")
        text = "externalId,points\nblocked,5\nnew,91\nc-2,90\nknown,60\nknown,60\n"

        found = checked(acme, text)
        foreseen = (totals(found), problems(found))
        imports.start(business=acme, import_id=found.pk)
        settled(found)

        assert foreseen == (totals(found), problems(found))
        assert [code for _, _, code in problems(found)] == ["CONFLICT", "LIMIT_REACHED", "LIMIT_REACHED"]

    def test_is_needed_before(self, acme):
        found = received(acme, "email\na@example.com\n")

        with pytest.raises(imports.WrongState):
            imports.start(business=acme, import_id=found.pk)


class TestImport:
    def test_lets_people_join_with_what_they_had(self, acme):
        done(
            acme,
            "\ufeffexternalId;email;firstName;lastName;birthday;createdAt;points;lifetimePoints\r\n"
            'c-1;Ada@Example.com;Ada;"Love;lace";1990-12-10;2020-05-01;"1,250";2000\r\n'
            "c-2;;;;2/29;;0;\r\n",
        )

        ada = identity.by_external_id(business=acme, external_id="c-1")
        bob = identity.by_external_id(business=acme, external_id="c-2")
        assert (ada.email, ada.last_name, ada.birthday.year) == ("Ada@Example.com", "Love;lace", 1990)
        assert (bob.birthday.month, bob.birthday.day) == (2, 29)
        assert points(acme) == {"c-1": 1250, "c-2": 0}

    @pytest.mark.parametrize(
        ("cells", "name"),
        [("Ada,Lovelace,", "Ada Lovelace"), (",Lovelace,", "Lovelace"), ("Ada,Lovelace,Countess", "Countess")],
    )
    def test_shows_and_finds_people_by_the_parts_of_their_name(self, acme, cells, name):
        done(acme, f"externalId,firstName,lastName,name\nc-1,{cells}\n")

        assert identity.by_external_id(business=acme, external_id="c-1").name == name

    @pytest.mark.parametrize("cell", ["5/31", "05-31", "1004-05-31"])
    def test_knows_birthdays_without_a_year(self, acme, cell):
        done(acme, f"externalId,birthday\nc-1,{cell}\n")

        assert identity.by_external_id(business=acme, external_id="c-1").birthday.isoformat() == "1904-05-31"

    def test_counts_for_a_lifetime_what_was_spent_elsewhere(self, acme):
        done(acme, "externalId,points,lifetimePoints,createdAt\nc-1,250,5200,2020-05-01\n")

        ada = identity.by_external_id(business=acme, external_id="c-1")
        balance = Balance.objects.get(account_id=ada.pk)
        assert (balance.amount, balance.lifetime_earned) == (250, 5200)
        moved = LedgerEntry.objects.order_by("sequence").values_list("type", "amount", "balance_after")
        assert list(moved) == [("earn", 4950, 4950), ("adjust", -4950, 0), ("earn", 250, 250)]
        assert verification.verify() == []
        assert ada.account.tier.key == "gold"
        assert ada.created_at == datetime(2020, 5, 1, tzinfo=UTC)

    def test_keeps_when_points_were_earned_and_end(self, acme):
        acme.timezone = "Europe/Berlin"
        acme.save()
        metric = Metric.objects.for_business(acme).get(key="points")
        metric.expiry_basis, metric.expiry_months = "lot", 12
        metric.save()

        with clock.moved_to(datetime(2026, 5, 1, 12, tzinfo=UTC)):
            done(acme, "externalId,points,earnedAt,expiresAt\nc-1,100,2026-01-31,\nc-1,50,,2099-05-31\n")

        first, second = Lot.objects.order_by("expires_at")
        assert first.expires_at == datetime(2027, 1, 31, 23, tzinfo=UTC)
        assert second.expires_at == datetime(2099, 5, 31, 22, tzinfo=UTC)
        entry = LedgerEntry.objects.get(pk=first.entry_id)
        assert entry.reason["earnedAt"].startswith("2026-01-31")

    def test_leaves_known_people_as_they_are_and_gives_them_their_points(self, acme):
        advocates.create(business=acme, external_id="c-1", name="Ada")
        by_address = advocates.create(business=acme, email="bob@example.com", name="Bob")

        done(acme, "externalId,email,name,points\nc-1,,Changed,10\nc-2,BOB@example.com,Changed,20\n")

        people = Advocate.objects.for_business(acme)
        assert sorted(people.values_list("name", flat=True)) == ["Ada", "Bob"]
        assert Balance.objects.get(account_id=by_address.pk).amount == 20

    @pytest.mark.parametrize(("asked", "paid"), [(False, 0), (True, 30)])
    def test_pays_for_joining_only_if_asked(self, acme, asked, paid):
        earn_rules.create(business=acme, title="Welcome", terms=Terms(trigger="signup", earn=Earn(points=30)))

        done(acme, "externalId\nc-1\n", pays=asked)

        assert points(acme).get("c-1", 0) == paid

    def test_is_told_as_an_import(self, acme):
        done(acme, "externalId,points\nc-1,10\n")

        joined, earned = Event.objects.for_business(acme).order_by("sequence")
        assert (joined.topic, earned.topic, earned.facts["action"]) == ("customers/joined", "points/earned", "import")
        assert LedgerEntry.objects.get().source_type == "import"  # of which nobody shares

    def test_forgets_the_rows_when_they_are_done(self, acme):
        done(acme, "email,points\nada@example.com,10\n")

        assert ImportPart.objects.get().rows == []

    def test_costs_as_many_statements_for_many_as_for_few(self, acme):
        def statements(rows):
            found = checked(acme, "externalId,points\n" + "".join(f"{rows}-{n},5\n" for n in range(rows)))
            imports.start(business=acme, import_id=found.pk)
            with CaptureQueriesContext(connection) as queries:
                settled(found)
            return statements_of(queries)

        assert statements(100) == statements(2)


class TestUndo:
    def test_takes_everything_back(self, acme):
        known = advocates.create(business=acme, external_id="known")
        found = done(acme, "externalId,points,lifetimePoints\nknown,10,\nc-1,20,200\n")

        undone(found)

        assert found.state == Import.State.UNDONE
        assert totals(found)["stayed"] == 0
        assert Balance.objects.get(account_id=known.pk).amount == 0
        assert identity.by_external_id(business=acme, external_id="c-1") is None

    def test_keeps_who_has_done_something_since_and_what_is_spent(self, acme):
        found = done(acme, "externalId,points\nc-1,20\nc-2,30\n")
        busy = identity.by_external_id(business=acme, external_id="c-1")
        ledger.spend(business=acme, account_id=busy.pk, amount=15)

        undone(found)

        assert totals(found)["stayed"] == 2  # the person, and the points
        assert points(acme)["c-1"] == 5
        assert identity.by_external_id(business=acme, external_id="c-2") is None

    def test_is_refused_before_anything_was_done(self, acme):
        found = checked(acme, "externalId\nc-1\n")

        with pytest.raises(imports.WrongState):
            imports.undo(business=acme, import_id=found.pk)


class TestTenancy:
    def test_nobody_starts_or_undoes_another_business_s(self, acme, rival):
        found = done(acme, "externalId\nc-1\n")

        for act in (imports.start, imports.undo, imports.advance):
            with pytest.raises(imports.NotFound):
                act(business=rival, import_id=found.pk)

    def test_the_same_ids_elsewhere_are_other_people(self, acme, rival):
        text = "externalId,email\nc-1,ada@example.com\n"

        assert totals(done(acme, text))["new"] == totals(done(rival, text))["new"] == 1


class TestForgetting:
    def test_erases_a_person_out_of_rows_that_wait(self, acme):
        ada = advocates.create(business=acme, external_id="c-1", email="ada@example.com")
        found = checked(acme, "externalId,email,name\nc-1,,Ada\n,ADA@example.com,Ada\nc-2,,Bob\n")

        erasure.erase(business=acme, account_id=ada.pk)

        (kept,) = ImportPart.objects.get(whole=found).rows
        assert kept[-1] == "Bob"

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("is_started", [False, True])
    def test_erases_a_person_out_of_rows_that_are_just_being_brought(self, acme, monkeypatch, is_started):
        ada = advocates.create(business=acme, external_id="c-1", email="ada@example.com")
        found = received(acme, "externalId,email\nc-1,ada@example.com\nc-2,bob@example.com\n")
        if is_started:
            settled(found)
            imports.start(business=acme, import_id=found.pk)
        races.just_after(monkeypatch, imports, "_sound", lambda: erasure.erase(business=acme, account_id=ada.pk))

        settled(found)

        assert "ada" not in str(ImportPart.objects.get().rows)
        assert not Advocate.objects.filter(external_id="c-1").exists()
        assert Advocate.objects.filter(external_id="c-2").exists() == is_started

    def test_drops_what_was_checked_and_never_done(self, acme):
        found = checked(acme, "externalId\nc-1\n")
        other = checked(acme, "externalId\nc-2\n")
        Import.objects.filter(pk=found.pk).update(created_at=clock.wall() - timedelta(days=8))

        imports.work_off()

        assert list(Import.objects.for_business(acme)) == [other]


class TestTwoAtOnce:
    """Two workers, or a worker and a shell, on one import."""

    TEXT = "externalId,points\n" + "c-1,5\n" * 12

    def run(self, acme, monkeypatch):
        monkeypatch.setattr(imports, "PART", 2)
        advocates.create(business=acme, external_id="c-1")
        found = checked(acme, self.TEXT)
        imports.start(business=acme, import_id=found.pk)
        results = races.at_once(4, lambda _: settled(Import.objects.get(pk=found.pk)))
        assert races.errors(results) == []
        return sum(points(acme).values())

    @pytest.mark.django_db(transaction=True)
    def test_bring_each_line_once(self, acme, monkeypatch):
        assert self.run(acme, monkeypatch) == 60

    @pytest.mark.django_db(transaction=True)
    def test_without_the_lock_bring_some_twice(self, acme, monkeypatch):
        monkeypatch.setattr(imports, "_locked", lambda business, pk: Import.objects.for_business(business).get(pk=pk))
        monkeypatch.setattr(imports, "_check_nobody_is_forgotten", lambda part, rows: None)

        assert self.run(acme, monkeypatch) > 60


class TestWork:
    def test_of_one_business_goes_on_though_another_s_fails(self, acme, rival, monkeypatch):
        broken, fine = received(acme, "externalId\nc-1\n"), received(rival, "externalId\nc-1\n")
        real = imports.advance

        def advance(*, business, import_id):
            if import_id == broken.pk:
                raise RuntimeError("a fault of ours")
            return real(business=business, import_id=import_id)

        monkeypatch.setattr(imports, "advance", advance)
        imports.work_off()

        assert [settled.state for settled in Import.objects.order_by("created_at")] == ["checking", "checked"]
        assert fine.business == rival

    def test_is_handed_on_before_it_takes_long(self, acme, monkeypatch):
        monkeypatch.setattr(imports, "PART", 1)
        monkeypatch.setattr(imports, "ROUNDS", 2)
        woken = []
        monkeypatch.setattr(imports.jobs, "wake", woken.append)
        found = received(acme, "externalId\nc-1\nc-2\nc-3\n")

        imports.work_off()

        assert totals(found)["settled"] == 2
        assert woken.count(imports.WORK) == 2  # when it came, and for the rest


class TestKilled:
    def test_goes_on_where_it_was(self, acme, monkeypatch):
        monkeypatch.setattr(imports, "PART", 2)
        found = checked(acme, "externalId,points\n" + "".join(f"c-{n},5\n" for n in range(7)))
        imports.start(business=acme, import_id=found.pk)
        imports.advance(business=acme, import_id=found.pk)

        imports.work_off()

        found.refresh_from_db()
        assert found.state == Import.State.DONE
        assert list(points(acme).values()) == [5] * 7
