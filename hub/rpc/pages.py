"""Lists in pages: a token is the key of the last item given, and the next page begins beyond it."""

import base64
import binascii
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar

import msgspec

from hub.ibc.identifiers import ClientId
from hub.quantities import Address, Amount, Gas, Seconds
from hub.rpc.errors import InvalidArgument, InvalidPageToken
from hub.rpc.wire import refuse_unknown_fields
from hub.services.bindings import Binding
from hub.services.payload import InputEncoding

T = TypeVar("T")

DEFAULT_PAGE = 100
MAX_PAGE = 1_000
MAX_NAME_BYTES = 255
"""Of any name in a key (hub/state/collections.py)."""


def page(request: Any, items: Iterator[T], key: Callable[[T], bytes], most: int = MAX_PAGE) -> tuple[list[T], str]:
    """One page, and the token of the next: the last item's key, for the next page begins beyond it.

    ``most``: of items so large that more would not fit an answer; whoever asks for more gets so many.
    """
    if request.page_size > MAX_PAGE:
        raise InvalidArgument("page_size", f"it is at most {MAX_PAGE}")
    size = min(request.page_size or DEFAULT_PAGE, most)
    found = list(islice(items, size + 1))
    if len(found) <= size:
        return found, ""
    return found[:size], base64.urlsafe_b64encode(key(found[size - 1])).decode()


def page_token(request: Any) -> bytes:
    """The key beyond which the page begins; raises InvalidPageToken, UnknownFields."""
    refuse_unknown_fields(request)
    try:
        return base64.b64decode(request.page_token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidPageToken from error


def number(token: bytes) -> int:
    """Raises InvalidPageToken."""
    if len(token) > 8:
        raise InvalidPageToken
    return int.from_bytes(token, "big")


def number_token(value: int) -> bytes:
    return value.to_bytes(8, "big")


def text_of(token: bytes) -> str:
    """A name that a key may hold; raises InvalidPageToken."""
    if len(token) > MAX_NAME_BYTES:
        raise InvalidPageToken
    try:
        return token.decode()
    except UnicodeDecodeError as error:
        raise InvalidPageToken from error


class _BindingKey(msgspec.Struct, frozen=True, array_like=True):
    service: str
    client: str
    provider: bytes


def binding_token(offer: Binding) -> bytes:
    return msgspec.msgpack.encode(_BindingKey(offer.service, offer.client, offer.provider))


def after_binding(token: bytes) -> Binding | None:
    """A binding with the key of the last one given; its other fields mean nothing. Raises InvalidPageToken."""
    if not token:
        return None
    try:
        key = msgspec.msgpack.decode(token, type=_BindingKey)
    except msgspec.MsgspecError as error:
        raise InvalidPageToken from error
    if not 1 <= len(key.service.encode()) <= 70 or len(key.client.encode()) > 64:
        raise InvalidPageToken
    return Binding(
        service=key.service,
        client=ClientId(key.client),
        provider=key.provider,
        owner=Address(bytes(20)),
        encoding=InputEncoding.ABI,
        price=Amount(0),
        gas_limit=Gas(0),
        max_response_seconds=Seconds(1),
        grace_seconds=Seconds(0),
    )
