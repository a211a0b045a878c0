"""Every place in which a word may have been left: all tables, Redis, mails, and the texts that operations take."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.core import mail
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from msgspec import inspect

from loyalty.api import types
from loyalty.kernel import redis

KEY = inspect.type_info(types.Key).pattern  # type: ignore[attr-defined]  # what a key is made of is no text


def tables() -> dict[str, str]:
    """Every table of the database as text, as a dump has it."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (name,) in cursor.fetchall():
            with cursor.cursor.copy(f'COPY "{name}" TO STDOUT') as copy:
                found[name] = b"".join(bytes(part) for part in copy).decode()
    return found


def in_redis() -> str:
    """Every key with its value."""
    client: Any = redis.client()
    readers = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }
    return "\n".join(f"{key!r} {readers[client.type(key)](key)!r}" for key in client.keys("*"))


def in_mails() -> str:
    return "\n".join(str(letter.message()) for letter in mail.outbox)


def of(word: str, places: dict[str, str]) -> list[str]:
    """The places that hold the word, in any case, as text or as the hex of bytes."""
    spelled = (word.lower(), word.encode().hex())
    return [name for name, text in places.items() if any(each in text.lower() for each in spelled)]


def operations() -> Iterator[tuple[str, Any]]:
    """(method and path, declaration) of everything that the APIs offer."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in patterns:
            here = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, here)
            else:
                yield here, pattern

    for path, pattern in walk(get_resolver().url_patterns, ""):
        view = getattr(pattern.callback, "view_class", None)
        for method in ("get", "post", "put", "patch", "delete"):
            declared = getattr(getattr(view, method, None), "operation", None)
            if declared:
                yield f"{method.upper()} {path}", declared


def texts_of(body: Any) -> set[str]:
    """The fields of a body that take words of the caller's own: `name`, `tasks.title`, `metadata`."""
    return set(_texts(inspect.type_info(body), ()))


def _texts(kind: Any, path: tuple[str, ...]) -> Iterator[str]:
    match kind:
        case inspect.Metadata(type=inner):
            yield from _texts(inner, path)
        case inspect.StructType(fields=fields):
            yield from chain.from_iterable(_texts(field.type, (*path, field.encode_name)) for field in fields)
        case inspect.UnionType(types=kinds):
            yield from chain.from_iterable(_texts(each, path) for each in kinds)
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            yield from _texts(item, path)
        case inspect.StrType(pattern=pattern) if pattern != KEY:
            yield ".".join(path)
        case inspect.DictType() | inspect.AnyType() | inspect.RawType():
            yield ".".join(path)
