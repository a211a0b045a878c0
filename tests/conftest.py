from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.core.signals import setting_changed
from django.test.client import ClientHandler

from advocates.models import Advocate
from advocates.services import advocates
from loyalty.api import authentication
from loyalty.kernel import clock, redis
from loyalty.kernel.database.base import DatabaseOperations
from loyalty.models import Business
from loyalty.services import ledger, tokens, verification
from tests import cast, published


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """After a transactional test, delete what little there is: truncating a hundred tables takes twenty times as long,
    and the ledger lets nobody do it. A replica fires no triggers, and for this the suite may call itself one.
    """

    def few_rows(ops: DatabaseOperations, _style: object, tables: Iterable[str], **_: bool) -> list[str]:
        return [
            "SET LOCAL session_replication_role = replica",
            *(f"DELETE FROM {ops.quote_name(one)}" for one in tables),
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", few_rows)
        yield


@pytest.fixture(scope="session", autouse=True)
def _middleware_is_loaded_once() -> Iterator[None]:
    """All test clients share it, as the requests to a server do: each would read all static files first. With other
    settings it is another one.
    """
    load, loaded = ClientHandler.load_middleware, dict[str, Any]()

    def reuse(handler: ClientHandler, *, is_async: bool = False) -> None:
        if not loaded:
            load(handler, is_async=is_async)
            loaded.update({name: value for name, value in vars(handler).items() if "middleware" in name})
        vars(handler).update(loaded)

    def forget(**_: Any) -> None:
        loaded.clear()

    setting_changed.connect(forget)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientHandler, "load_middleware", reuse)
        yield
    setting_changed.disconnect(forget)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """No key, token or count outlives its test."""
    yield
    authentication.forget()
    tokens.forget()
    redis.client().flushdb()


@pytest.fixture(autouse=True)
def _books_balance(request: pytest.FixtureRequest) -> Iterator[None]:
    """After every test with a database the invariants hold, and what was published is as the schema says, unless the
    test broke them on purpose.
    """
    uses_database = {"db", "transactional_db"} & set(request.fixturenames) or request.node.get_closest_marker(
        "django_db"
    )
    if uses_database:
        request.getfixturevalue("transactional_db" if _is_transactional(request) else "db")
    yield
    if uses_database and not request.node.get_closest_marker("breaks_the_books"):
        assert verification.verify() == []
        assert published.complaints() == []


def _is_transactional(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    return "transactional_db" in request.fixturenames or bool(marker and marker.kwargs.get("transaction"))


@pytest.fixture
def at_one_moment() -> Iterator[None]:
    """However slow the machine, and whenever it runs, no minute and no day ends during the test."""
    with clock.moved_to(clock.wall()):
        yield


@pytest.fixture
def acme(db: None) -> Business:
    return cast.open_acme()


@pytest.fixture
def rival(db: None) -> Business:
    return cast.open_acme("rival", "Rival Tea")


@pytest.fixture
def api(acme: Business) -> cast.ApiClient:
    return cast.client_of(acme)


@pytest.fixture
def sandbox_api(acme: Business) -> cast.ApiClient:
    return cast.client_of(acme.sandbox)


@pytest.fixture
def rival_api(rival: Business) -> cast.ApiClient:
    return cast.client_of(rival)


@pytest.fixture
def readonly_api(acme: Business) -> cast.ApiClient:
    return cast.client_of(acme, scopes=["read"])


@pytest.fixture
def anonymous_api(db: None) -> cast.ApiClient:
    return cast.ApiClient()


@pytest.fixture
def integration_api(acme: Business) -> cast.ApiClient:
    return cast.integration_client_of(acme)


@pytest.fixture
def ada(acme: Business) -> Advocate:
    return advocates.create(business=acme, email="ada@example.com", name="Ada Lovelace", external_id="ada-1")


@pytest.fixture
def bob(acme: Business) -> Advocate:
    return advocates.create(business=acme, email="bob@example.com", name="Bob Ross", external_id="bob-1")


@pytest.fixture
def eve(rival: Business) -> Advocate:
    return advocates.create(business=rival, email="eve@example.com", name="Eve Moneypenny", external_id="eve-1")


@pytest.fixture
def give() -> Callable[..., ledger.Posting]:
    """Give somebody points: `give(ada, 500)`."""

    def award(advocate: Advocate, amount: int, **rest: Any) -> ledger.Posting:
        return ledger.award(business=advocate.business, account_id=advocate.pk, amount=amount, **rest)

    return award
