"""Errors of MediaWiki's API, which come with the status 200.

API: https://www.mediawiki.org/wiki/API:Errors_and_warnings
"""

from typing import NoReturn

import msgspec

from loaders.core.errors import Problem
from loaders.core.http.faults import TryAgain

BUSY = {"maxlag", "ratelimited", "readonly"}  # and internal_api_error_...
MAXLAG = "5"  # seconds; a service whose replicas lag more asks to try again later


class ApiError(msgspec.Struct):
    """The error of a response. id: the entity that it is about."""

    code: str = "unknown"
    info: str = ""
    id: str | None = None


def raise_error(error: ApiError, host: str) -> NoReturn:
    """Errors: TryAgain if the service is busy, Problem for other errors."""
    if error.code in BUSY or error.code.startswith("internal_api_error"):
        raise TryAgain(f"{host} is busy ({error.code})")
    raise Problem(f"{host}: {error.code}: {' '.join(error.info.split())}")
