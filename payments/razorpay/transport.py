"""The HTTP session under Razorpay's SDK: bounded in time and size, and silent about failures to it.

What leaves it is a JSON object and success, or a `GatewayError`. An answer has `read_timeout` seconds
from the request's last byte to its own last byte: the HTTP library's own time-out starts anew with
every byte, so a server that drips would hold a thread for ever.
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
"""Bytes. A link is 2 KiB as Munshi makes it and 10 at most; the longest answer is a page of them."""
_PIECE: Final = 16 * 1024


def session(timeouts: tuple[float, float], secrets: tuple[str, ...] = ()) -> requests.Session:
    """A session for one thread. `timeouts` are seconds to connect, and to the end of the answer.

    None of `secrets` is in an error, whatever the answer quoted.
    """
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _Transport(timeouts, secrets))
    session.mount("http://", _Transport(timeouts, secrets))
    return session


class _Transport(HTTPAdapter):
    """Answers with a JSON object and success, or raises `GatewayError`."""

    def __init__(self, timeouts: tuple[float, float], secrets: tuple[str, ...]) -> None:
        self._timeouts, self._secrets = timeouts, secrets
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """Trust the system's CAs; requests adds certifi's to them."""
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
        """Send with our time-outs and CAs, whatever the SDK asks for, and read the whole answer."""
        try:
            response = super().send(request, stream=True, timeout=self._timeouts, verify=True)
            body = _body(response)
        except requests.RequestException as error:
            raise _unanswered(error) from error
        if not 200 <= response.status_code < 300:
            raise classify(response.status_code, blot_bytes(body, self._secrets), response.headers)
        if json_object(body) is None:
            raise _unintelligible("the answer is not a JSON object", response.status_code)
        response._content = body  # where requests keeps what it has read itself
        response.encoding = "utf-8"  # the SDK would believe the header's charset and fail to parse
        return response


def _body(response: requests.Response) -> bytes:
    """The whole answer. Hangs up and raises `GatewayError` if it is over `MAX_ANSWER`."""
    body = bytearray()
    for piece in response.iter_content(_PIECE):
        body += piece
        if len(body) > MAX_ANSWER:
            response.close()
            raise _unintelligible(f"the answer is over {MAX_ANSWER} bytes", response.status_code)
    return bytes(body)


class _Timed(io.RawIOBase):
    """What a socket receives, until `gettimeout()` seconds from now have passed."""

    def __init__(self, received: io.RawIOBase, sock: socket.socket) -> None:
        seconds = sock.gettimeout()
        assert seconds is not None  # the transport always sets one
        self._received, self._sock, self._deadline = received, sock, monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._sock.settimeout(left)
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """One answer, its head included. Made when the request has been sent."""

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
    """What an exception of the HTTP library says about whether the request was sent."""
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
