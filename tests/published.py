"""What was published, beside what the schema of its topic says."""

import msgspec

from loyalty.models import EventBody
from webhooks.services.payloads import PAYLOADS


def complaints() -> list[str]:
    """Which published bodies are not as their topic promises, and why."""
    published = EventBody.objects.filter(event__topic__in=PAYLOADS, event__position__isnull=False)
    bodies = published.values_list("event__topic", "body")
    return [problem for topic, body in bodies if (problem := _complaint(topic, bytes(body)))]


def _complaint(topic: str, body: bytes) -> str | None:
    data = msgspec.json.decode(body)["data"]
    try:
        msgspec.convert(data, PAYLOADS[topic])
    except msgspec.ValidationError as error:
        return f"{topic}: {error}; in {data}"
    return None
