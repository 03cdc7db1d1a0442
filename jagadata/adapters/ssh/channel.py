"""Using an SSH channel so that nothing follows its close.

paramiko builds a message under the channel's lock but sends it after letting go; the answer to the peer's close may slip in between.
A server ends the whole connection for that (OpenSSH: "ieof packet referred to nonexistent channel", asyncssh: "Channel not open";
seen once in some hundred commands of 16 threads). Here the lock is held until the message is on its way, but never while keys are renewed: paramiko's reader needs it then.
"""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import paramiko
from paramiko.buffered_pipe import PipeTimeout
from paramiko.common import cMSG_CHANNEL_DATA, cMSG_CHANNEL_WINDOW_ADJUST

if TYPE_CHECKING:
    from collections.abc import Callable


class ChannelStream:
    """The far side of a forward (forwarder.Stream) over a channel."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel

    def recv(self, size: int, /) -> bytes:
        return receive(self._channel, size)

    def sendall(self, data: bytes, /) -> None:
        send_all(self._channel, data)

    def shutdown(self, how: int, /) -> None:
        if how in (socket.SHUT_WR, socket.SHUT_RDWR):
            send_end(self._channel)
        if how == socket.SHUT_RDWR:
            self._channel.close()  # wakes whoever reads

    def close(self) -> None:
        self._channel.close()


def receive(channel: paramiko.Channel, size: int, *, stderr: bool = False) -> bytes:
    """Up to `size` bytes; none: ended. Raises TimeoutError after the channel's own timeout."""
    inner: Any = channel
    pipe = inner.in_stderr_buffer if stderr else inner.in_buffer
    try:
        data: bytes = pipe.read(size, inner.timeout)
    except PipeTimeout as error:
        raise TimeoutError("the host is silent") from error

    def make() -> paramiko.Message | None:
        """Let the peer send more, once a tenth of the window was read."""
        if inner.closed or inner.eof_received or not inner.active:
            return None
        inner.in_window_sofar += len(data)
        if inner.in_window_sofar <= inner.in_window_threshold:
            return None
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_WINDOW_ADJUST)
        message.add_int(inner.remote_chanid)
        message.add_int(inner.in_window_sofar)
        inner.in_window_sofar = 0
        return message

    if data:
        with contextlib.suppress(EOFError):  # told by the next call; this data counts
            _send(inner, make)
    return data


def send_all(channel: paramiko.Channel, data: bytes) -> None:
    """Raises OSError when the channel is closed, EOFError when the connection is."""
    inner: Any = channel  # its internals have no types
    view = memoryview(data)

    def make() -> paramiko.Message | None:
        nonlocal view
        size = inner._wait_for_send_window(len(view))  # noqa: SLF001 - waits without the lock (a condition of it)
        if size == 0:
            raise OSError("the channel is closed")
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_DATA)
        message.add_int(inner.remote_chanid)
        message.add_string(bytes(view[:size]))
        view = view[size:]
        return message

    while view:
        _send(inner, make)


def send_end(channel: paramiko.Channel) -> None:
    """Nothing more will be written. Does nothing on a channel that is closed."""
    inner: Any = channel

    def make() -> paramiko.Message | None:
        if inner.closed or not inner.active:
            return None
        message: paramiko.Message | None = inner._send_eof()  # noqa: SLF001 - only builds the message
        return message

    _send(inner, make)


def _send(channel: Any, make: Callable[[], paramiko.Message | None]) -> None:
    transport = channel.transport
    message: paramiko.Message | None = None
    while True:
        transport.clear_to_send.wait(0.1)
        if not transport.active:
            raise EOFError("the connection is closed")
        with channel.lock:
            if message is None:
                message = make()
                if message is None:
                    return
            elif channel.closed:  # while keys were renewed
                return
            with transport.clear_to_send_lock:
                if transport.clear_to_send.is_set():
                    transport._send_message(message)  # noqa: SLF001 - as Transport._send_user_message does
                    return
