"""The HTTP session under Razorpay's SDK, with limits in time and size.

The SDK gets a success with a JSON object; anything else is raised as a `GatewayError`. An answer has
`read_timeout` seconds from the request's last byte to its own last byte. The HTTP library's time-out starts
again with every byte, so a server that sends slowly would hold a thread for ever.
"""

import io
import socket
import ssl
from http.client import HTTPResponse
from time import monotonic
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError

from payments.razorpay.errors import GatewayError, Reason, classify, json_object
from payments.razorpay.redaction import blot_bytes

MAX_ANSWER: Final = 256 * 1024
"""Bytes. A link of Munshi's is 2 KiB, any link at most 10; the longest answer is a page of links."""
_PIECE: Final = 16 * 1024


def session(timeouts: tuple[float, float], secrets: tuple[str, ...] = ()) -> requests.Session:
    """Return a session for one thread. `timeouts` are seconds to connect, and to the end of the answer.

    Errors never contain any of `secrets`, even if the answer quoted them.
    """
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Transport(timeouts, secrets))
    session.mount("http://", _Transport(timeouts, secrets))
    return session


class _Transport(HTTPAdapter):
    """Return a success with a JSON object, or raise `GatewayError`."""

    def __init__(self, timeouts: tuple[float, float], secrets: tuple[str, ...]) -> None:
        self._timeouts, self._secrets = timeouts, secrets
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """Trust the system's CAs. `requests` adds those of certifi."""
        context = ssl.create_default_context()
        super().init_poolmanager(connections, maxsize, block, ssl_context=context, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Send with our own time-outs and CAs instead of the SDK's, and read the whole answer."""
        try:
            response = super().send(request, stream=True, timeout=self._timeouts, verify=True)
            body = _body(response)
        except requests.RequestException as error:
            raise _unanswered(error) from error
        if not 200 <= response.status_code < 300:
            raise classify(response.status_code, blot_bytes(body, self._secrets), response.headers)
        if json_object(body) is None:
            raise _unintelligible("the answer is not a JSON object", response.status_code)
        response._content = body  # where `requests` keeps a body that it has read
        response.encoding = "utf-8"  # else the SDK uses the charset of the header and fails to parse
        return response


def _body(response: requests.Response) -> bytes:
    """Return the whole answer. Closes the connection and raises `GatewayError` if it is over `MAX_ANSWER`."""
    body = bytearray()
    for piece in response.iter_content(_PIECE):
        body += piece
        if len(body) > MAX_ANSWER:
            response.close()
            raise _unintelligible(f"the answer is over {MAX_ANSWER} bytes", response.status_code)
    return bytes(body)


class _Timed(io.RawIOBase):
    """A reader of a socket with one deadline, `gettimeout()` seconds from its creation."""

    def __init__(self, received: io.RawIOBase, sock: socket.socket) -> None:
        seconds = sock.gettimeout()
        assert seconds is not None  # the transport always sets one
        self._received, self._sock, self._deadline = received, sock, monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._deadline - monotonic()
        if remaining <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(remaining)
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """One answer with its head. The HTTP library makes it when the request has been sent."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _TimedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _unanswered(error: requests.RequestException) -> GatewayError:
    """Return the error for an exception of the HTTP library: its reason says if the request was sent."""
    kind = type(error).__name__
    if isinstance(error, requests.ConnectTimeout):
        return GatewayError(Reason.UNREACHABLE, "no connection in time")
    inner = error.args[0] if error.args else None
    cause = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(cause, NewConnectionError):
        return GatewayError(Reason.UNREACHABLE, f"no connection: {type(cause).__name__}")
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return GatewayError(Reason.UNREACHABLE, "the server's certificate is not trusted")
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return GatewayError(Reason.TIMEOUT, "no answer in time")
    return GatewayError(Reason.LOST, f"the connection ended before the answer: {kind}")


def _unintelligible(what: str, status: int | None = None) -> GatewayError:
    return GatewayError(Reason.UNINTELLIGIBLE, what, status=status)
