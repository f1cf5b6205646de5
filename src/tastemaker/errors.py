"""The mistakes a client can be told of, named as in the service models. Anything else that is raised is our bug."""

from typing import ClassVar


class ApiError(Exception):
    """What the client did that cannot be done: the message says what, where, and how to fix it."""

    status: ClassVar[int] = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def code(self) -> str:
        """The error's name on the wire."""
        return type(self).__name__


class InvalidInputException(ApiError):
    """A value is missing, malformed, out of range, or names something that cannot be used that way."""


class ResourceNotFoundException(ApiError):
    """An ARN in the request names nothing."""


class ResourceAlreadyExistsException(ApiError):
    """The ARN that would be created exists."""


class ResourceInUseException(ApiError):
    """The resource, or one it depends on, is in a state that forbids the request."""


class LimitExceededException(ApiError):
    """A limit on the number of resources."""


class InvalidNextTokenException(ApiError):
    """A page token that this server did not issue for these arguments."""


class TooManyTagsException(ApiError):
    """More than 50 tags would be on the resource."""


class TooManyTagKeysException(ApiError):
    """Too many keys in one UntagResource."""


# Errors of every AWS service, outside the service models; clients see a ClientError with this code.


class ThrottlingException(ApiError):
    """Calls come faster than a quota allows; clients try again by themselves."""


class SerializationException(ApiError):
    """The body is not JSON."""


class UnknownOperationException(ApiError):
    """No operation stands behind this path and target."""


class RequestTooLargeException(ApiError):
    """The body is longer than `body_bytes_max`."""

    status = 413


class MissingAuthenticationToken(ApiError):
    """`--auth` is on and the request is not signed."""

    status = 403


class IncompleteSignature(ApiError):
    """The Authorization header cannot be read."""


class InvalidClientTokenId(ApiError):
    """The access key is not known here."""

    status = 403


class SignatureDoesNotMatch(ApiError):
    """The secret key, or what was signed, differs."""

    status = 403


class RequestExpired(ApiError):
    """The client's clock is too far off."""


class ServiceUnavailable(ApiError):
    """The server is stopping; clients try again by themselves."""

    status = 503
