"""Names of queues and buckets, and how a service finds them and the key to them."""

from __future__ import annotations

from domain.environment import Environment
from domain.identity import LONGEST_ENVIRONMENT

BUCKET_NAME_LIMIT = 63

QUEUE_NAME_LIMIT = 80


def resource_name(environment: Environment, application: str, name: str) -> str:
    """``prod-shop-orders``: a bucket, or a queue whose own name :func:`queue_name` makes of it."""
    return f"{environment}-{application}-{name}"


def queue_name(name: str, *, fifo: bool) -> str:
    """What SQS calls a queue: it wants ``.fifo`` behind the name of one that keeps the order."""
    return f"{name}.fifo" if fifo else name


def bucket_limit(application: str) -> int:
    """How many characters a bucket's name may have in ``writes``, so that S3 takes it in each environment."""
    return BUCKET_NAME_LIMIT - LONGEST_ENVIRONMENT - len(f"-{application}-")


def queue_limit(application: str, ending: str) -> int:
    """How many characters a queue's name may have in ``writes``, with what SQS and Onward put behind it."""
    return QUEUE_NAME_LIMIT - LONGEST_ENVIRONMENT - len(f"-{application}-{ending}")


def resource_variable(kind: str, name: str) -> str:
    """``ONWARD_QUEUE_ORDERS``, ``ONWARD_BUCKET_RECEIPTS``: where a service finds what it writes or reads."""
    return f"ONWARD_{kind}_{name}".upper().replace("-", "_")


def access_secret(stack: str, environment: Environment) -> str:
    """The swarm secret with the key that an environment's services reach queues and buckets with."""
    return f"onward-{stack}-{environment}-aws-credentials"
