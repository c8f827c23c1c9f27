"""The least that a handler with these two libraries can cost: their import."""

import oss2  # noqa: F401
import requests  # noqa: F401


def handler(event, context):
    """Do nothing."""
    return '{"outcome": "nothing"}'
