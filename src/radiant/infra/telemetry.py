"""Logs: structlog, one wide event a request or job. Colours on a terminal, JSON lines elsewhere."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import structlog

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}

# Told of every exception that is logged with its traceback: it, the facts beside it, the level. They raise nothing and
# wait for nothing.
watchers: list[Callable[[BaseException, dict[str, Any], str], None]] = []


def tell_watchers(_logger: Any, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A processor that shows exceptions to the watchers before they become text."""
    if watchers and (given := event.get("exc_info")):
        error = given[1] if isinstance(given, tuple) else given  # pyright: ignore[reportUnknownVariableType]
        error = error if isinstance(error, BaseException) else sys.exc_info()[1]
        if error is not None:
            facts = dict(event)
            for watcher in watchers:
                watcher(error, facts, method)
    return event


def configure_logging(level: str, *, process: str) -> None:
    """Set up structlog for this process. Called once by a root."""
    human = sys.stderr.isatty()
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        tell_watchers,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if human else "iso", utc=not human),
    ]
    if human:
        processors.append(structlog.dev.ConsoleRenderer())
    else:
        processors += [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(default=str)]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
