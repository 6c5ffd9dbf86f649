# SPDX-License-Identifier: Apache-2.0
"""What a webhook is sent: the message's body and its headers. The sender sends them, and who looks at a delivery is
shown them.

The body names the kind and the number of what was changed, no more [docs of Provet Cloud]. The headers `webhook-id`,
`webhook-timestamp` and `webhook-signature` are those of Standard Webhooks.
"""

from __future__ import annotations

from polyvet import __version__
from polyvet.model import values
from polyvet.model.hooks import ContentType, Delivery, Webhook, written

_MEDIA_TYPES = {ContentType.FORM: "application/x-www-form-urlencoded", ContentType.JSON: "application/json"}


def body(hook: Webhook, delivery: Delivery) -> bytes:
    """The message."""
    return written(hook.content_type, delivery.parameter, delivery.value)


def headers(hook: Webhook, delivery: Delivery, at: int) -> list[tuple[str, str]]:
    """What stands above the message that is sent at an instant, besides the target's host."""
    return [
        ("Content-Type", _MEDIA_TYPES[ContentType(hook.content_type)]),
        ("Accept", "*/*"),
        ("User-Agent", f"polyvet/{__version__}"),
        ("webhook-id", message_id(delivery.id)),
        ("webhook-timestamp", str(at // values.MICROSECONDS)),
        ("webhook-signature", _signatures(hook, delivery, at)),
    ]


def message_id(delivery_id: bytes) -> str:
    """The `webhook-id`, the same however often it is sent."""
    return f"msg_{values.to_crockford(delivery_id)}"


def _signatures(hook: Webhook, delivery: Delivery, at: int) -> str:
    """By the secret, and for a while by the one before it."""
    from standardwebhooks import Webhook as Signer  # which a start has no use for

    secrets = [hook.secret]
    if hook.previous_secret and hook.previous_until and hook.previous_until > at:
        secrets.append(hook.previous_secret)
    moment, text = values.to_datetime(at), body(hook, delivery).decode()
    return " ".join(Signer(secret).sign(message_id(delivery.id), moment, text) for secret in secrets)
