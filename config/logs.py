"""How every process logs: a line of JSON each, on the standard output."""

import logging

import orjson
import structlog


def configure() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,  # without the values of variables, among which are secrets
            structlog.processors.JSONRenderer(serializer=orjson.dumps, default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # The descriptor itself: whoever replaces sys.stdout, and closes the replacement, breaks no logger.
        logger_factory=structlog.BytesLoggerFactory(open(1, "wb", closefd=False)),  # noqa: SIM115  # it lives as long as we do
        cache_logger_on_first_use=True,
    )
