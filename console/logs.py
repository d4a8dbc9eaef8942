"""How daemons log: one line an event on stderr, with its time in UTC."""

import logging
import sys
from typing import Annotated

import structlog
import typer

JsonLogs = Annotated[bool, typer.Option("--json", help="Log JSON, one object a line.")]


def log_to_stderr(*, as_json: bool) -> None:
    """Colours on a terminal only."""
    renderer: structlog.typing.Processor
    if as_json:
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
