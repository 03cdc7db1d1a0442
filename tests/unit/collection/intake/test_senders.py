"""Whom the office file lets the intake believe."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from jagadata.collection.intake.senders import Senders
from tests.lab.collection import make_policy

MAILBOX = {"host": "mail.example.id", "user": "data", "password": "env:SANDI"}


def policy(**mailbox):
    return make_policy(mailbox={**MAILBOX, **mailbox})


def test_the_server_whose_word_counts_is_named():
    assert Senders.make(policy(require_authentication="MX.Example.id")).authority == "mx.example.id"
    for unset in ({}, {"require_authentication": None}, {"require_authentication": False}):
        assert Senders.make(policy(**unset)).authority == ""


def test_the_key_as_it_was_written_before_is_refused_with_what_to_write():
    with pytest.raises(ValidationError, match="kata pertama pada baris Authentication-Results"):
        policy(require_authentication=True)


@pytest.mark.parametrize("name", ["mx example", "mx;dmarc=pass", ""])
def test_what_can_be_no_server_is_refused(name):
    with pytest.raises(ValidationError):
        policy(require_authentication=name)
