"""Every failure that a caller may meet: a stable code, its HTTP status, and a message that says what to do."""

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """The registry of error codes. Clients switch on the code; people read the message."""

    status: int
    is_refusal: bool

    def __new__(cls, value: str, status: int, is_refusal: bool = False) -> "Code":
        code = str.__new__(cls, value)
        code._value_ = value
        code.status = status
        code.is_refusal = is_refusal  # the business said no: an idempotent repeat hears the same no
        return code

    VALIDATION_ERROR = "VALIDATION_ERROR", 400
    INSUFFICIENT_POINTS = "INSUFFICIENT_POINTS", 400, True
    OUT_OF_STOCK = "OUT_OF_STOCK", 400, True
    NOT_ELIGIBLE = "NOT_ELIGIBLE", 400, True
    LIMIT_REACHED = "LIMIT_REACHED", 400, True
    REWARD_INACTIVE = "REWARD_INACTIVE", 400, True
    UNAUTHENTICATED = "UNAUTHENTICATED", 401
    FORBIDDEN = "FORBIDDEN", 403
    IP_NOT_ALLOWED = "IP_NOT_ALLOWED", 403
    HTTPS_REQUIRED = "HTTPS_REQUIRED", 403
    NOT_FOUND = "NOT_FOUND", 404
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED", 405
    CONFLICT = "CONFLICT", 409
    DUPLICATE_PO_NUMBER = "DUPLICATE_PO_NUMBER", 409
    PRECONDITION_FAILED = "PRECONDITION_FAILED", 412
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE", 413
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE", 415
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH", 422
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS", 422, True
    RATE_LIMITED = "RATE_LIMITED", 429
    INTERNAL = "INTERNAL", 500
    UNAVAILABLE = "UNAVAILABLE", 503


class DomainError(Exception):
    """An anticipated failure. Subclasses stand beside the function that raises them and set `code`.

    :param message: one sentence for a person, saying what to do
    :param field: the offending field in the caller's spelling, dotted for nested ones
    :param retry_after: seconds after which the same call may succeed
    """

    code = Code.VALIDATION_ERROR

    facts: Mapping[str, str] = {}  # more than the message says, for surfaces that have a place for it
    is_replay = False  # set when an idempotent repeat hears the first answer again

    def __init__(self, message: str, *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after = retry_after


class Invalid(DomainError):
    """The caller sent something that can never be accepted."""


class NotFound(DomainError):
    """What was named does not exist, or belongs to another business: the caller cannot tell which."""

    code = Code.NOT_FOUND

    def __init__(self, noun: str, *, field: str | None = None) -> None:
        super().__init__(f"There is no such {noun}. Check the id.", field=field)


class Conflict(DomainError):
    """The thing exists already, or is not in a state that allows this."""

    code = Code.CONFLICT
