"""Names inside and outside: `created_at` is `createdAt` on the wire."""


def camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)
