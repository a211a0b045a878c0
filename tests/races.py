"""Many at once: threads with connections of their own, released together."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

BLOCKED = """
    SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.granted AND a.datname = current_database()
"""


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work(0)` … `work(count - 1)` answered or raised, all started at the same moment."""
    gate = threading.Barrier(count)

    def run(number: int) -> Any:
        try:
            connection.ensure_connection()
            gate.wait()
            return work(number)
        except Exception as error:  # noqa: BLE001  # what it raised is the result
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def just_after(patch: pytest.MonkeyPatch, where: object, name: str, happens: Callable[[], Any]) -> None:
    """Let something happen once, just after a function of `where` was called: what it has found is of before then."""
    call, happen = getattr(where, name), _once(happens)

    def called(*given: Any, **named: Any) -> Any:
        found = call(*given, **named)
        happen()
        return found

    patch.setattr(where, name, called)


def just_before(patch: pytest.MonkeyPatch, where: object, name: str, happens: Callable[[], Any]) -> None:
    """Let something happen once, just before a function of `where` is called."""
    call, happen = getattr(where, name), _once(happens)

    def called(*given: Any, **named: Any) -> Any:
        happen()
        return call(*given, **named)

    patch.setattr(where, name, called)


def _once(happens: Callable[[], Any]) -> Callable[[], None]:
    waiting = [happens]

    def happen() -> None:
        if waiting:
            happening = waiting.pop()
            assert errors(at_once(1, lambda _: happening())) == []

    return happen


@contextmanager
def beside(patch: pytest.MonkeyPatch, where: object, name: str, happens: Callable[[], Any]) -> Iterator[list[Any]]:
    """As `just_after`, but it may have to wait for whoever called. What it answered or raised is there at the end."""
    call, begun = getattr(where, name), list[Future[None]]()
    results: list[Any] = []

    def called(*given: Any, **named: Any) -> Any:
        found = call(*given, **named)
        if not begun:
            begun.append(pool.submit(lambda: results.extend(at_once(1, lambda _: happens()))))
            wait(begun, timeout=0.5)
        return found

    with ThreadPoolExecutor(1) as pool:
        patch.setattr(where, name, called)
        yield results


@contextmanager
def rewritten(function: str, rewrite: Callable[[str], str]) -> Iterator[None]:
    """Let a function of the database be another one for a while: how a control does without its lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [function])
        (before,) = cursor.fetchone()
        other = rewrite(before)
        assert other != before
        cursor.execute(other)
        try:
            yield
        finally:
            cursor.execute(before)


def losing_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, but the first time the database ends it for the sake of others."""
    calls: list[None] = []

    def called(*given: Any, **named: Any) -> Any:
        calls.append(None)
        if len(calls) == 1:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$")
        return function(*given, **named)

    return called


def blocked() -> int:
    """How many connections to the test's database wait for a lock just now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction would go on seeing what it saw first
        cursor.execute(BLOCKED)
        return int(cursor.fetchone()[0])


def errors(results: list[Any]) -> list[Exception]:
    return [result for result in results if isinstance(result, Exception)]
