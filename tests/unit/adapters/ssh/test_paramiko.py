"""What of paramiko is used that it does not promise: a release that changes it is noticed here, not in a restore."""

import inspect
import socket
import threading

import paramiko
import pytest
from paramiko.buffered_pipe import BufferedPipe, PipeTimeout
from paramiko.common import cMSG_CHANNEL_DATA, cMSG_CHANNEL_WINDOW_ADJUST

from jagadata.adapters.ssh.link import _Transport


@pytest.fixture
def channel():
    return paramiko.Channel(7)


def test_a_channel_has_the_buffers_and_the_window_that_we_read_and_refill(channel):
    for buffer in (channel.in_buffer, channel.in_stderr_buffer):
        assert isinstance(buffer, BufferedPipe)
        with pytest.raises(PipeTimeout):
            buffer.read(1, 0.001)
    assert (channel.in_window_sofar, channel.in_window_threshold, channel.remote_chanid) == (0, 0, 0)
    assert (channel.closed, channel.active, channel.eof_received, channel.timeout) == (
        False,
        False,
        False,
        None,
    )
    assert isinstance(channel.lock, type(threading.Lock()))
    assert channel.transport is None
    assert (cMSG_CHANNEL_DATA, cMSG_CHANNEL_WINDOW_ADJUST) == (b"\x5e", b"\x5d")


def test_a_channel_that_is_closed_gives_no_room_to_send_and_no_end_a_second_time(channel):
    channel.closed = True
    assert channel._wait_for_send_window(10) == 0
    channel.eof_sent = True
    assert channel._send_eof() is None


def test_the_end_of_a_channel_is_a_message_that_is_built_and_not_sent(channel):
    message = channel._send_eof()  # without a transport it could not be sent
    assert isinstance(message, paramiko.Message)
    assert channel.eof_sent


def test_a_connection_has_what_its_own_sending_waits_for():
    source = inspect.getsource(paramiko.Transport._send_user_message)
    for name in ("clear_to_send.wait", "clear_to_send_lock", "self._send_message(data)"):
        assert name in source
    assert callable(paramiko.Transport._send_message)


def test_aes_gcm_is_offered_first_and_no_cipher_is_lost():
    near, far = socket.socketpair()
    with near, far:
        offered = _Transport(near).preferred_ciphers
        usual = paramiko.Transport(far).preferred_ciphers
    assert sorted(offered) == sorted(usual)
    assert "gcm" in offered[0]
