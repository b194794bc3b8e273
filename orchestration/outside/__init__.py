"""What lies outside the database: addresses that may be called, HTTP, Slack, and documents. No transaction is open meanwhile."""

from orchestration.outside.addresses import Address, address, is_origin
from orchestration.outside.capture import captured, instead
from orchestration.outside.http import call, wait_wanted
from orchestration.outside.slack import post

__all__ = ["Address", "address", "call", "captured", "instead", "is_origin", "post", "wait_wanted"]
