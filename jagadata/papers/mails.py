"""A letter by mail, made from templates/: what backup/papers/mails.py and restore/papers/mails.py fill. Pure given those.

Every letter is an opening, lines of facts and a closing, once as text and once as HTML. What people typed arrives as single
lines, in HTML escaped, so it can add neither a paragraph nor a header nor markup.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jagadata import sop
from jagadata.office.people import ROLES
from jagadata.ports.channel import Message
from jagadata.text.template import make_environment, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jagadata.papers.values import Signature

_text = make_environment(one_line)
_html = make_environment(None, html=True)


def make_mail(
    name: str,
    to: Sequence[str],
    *,
    person: str,
    office: str,
    facts: Sequence[tuple[str, str]],
    link: str = "",
    link_text: str = "Buka halaman ini",
    attachments: Sequence[tuple[str, bytes]] = (),
    notice: bool = False,
    **values: Any,
) -> Message:
    """The letter of `templates/NAME.mail.j2` (blocks `subject`, `opening`, `closing`) to `person`.

    `notice`: what it says, without greeting and papers, is also meant for the office's own room, since it names no person.
    """
    template = _text.get_template(f"{name}.mail.j2")
    context = template.new_context({"until": "", **values})
    blocks = {key: "".join(block(context)) for key, block in template.blocks.items()}
    letter = {
        "greeting": f"Yth. {one_line(person)},",
        "opening": _paragraphs(blocks["opening"]),
        "closing": _paragraphs(blocks["closing"]),
        "facts": [(one_line(label), one_line(value)) for label, value in facts if value],
        "link": link if re.match(r"https?://\S+$", link) else "",
        "link_text": link_text,
        "office": one_line(office) or "Pengelola Jagadata",
        "sop_name": sop.DATA_COLLECTION_NAME if name.startswith("collection/") else sop.NAME,
        "sop_number": sop.NUMBER,
    }
    return Message(
        to=tuple(dict.fromkeys(address for address in to if address)),
        subject=one_line(blocks["subject"]),
        text=_text.get_template("paper/mail.txt.j2").render(letter),
        html=_html.get_template("paper/mail.html.j2").render(letter),
        attachments=tuple(attachments),
        notice=_notice(letter) if notice else "",
    )


def _notice(letter: dict[str, Any]) -> str:
    facts = "\n".join(f"{label}: {value}" for label, value in letter["facts"])
    return "\n\n".join([*letter["opening"], facts, *letter["closing"]])


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def addressee(signature: Signature) -> str:
    """How a letter names an official: by post, else by SOP role, else by name."""
    return signature.post or ROLES.get(signature.role, signature.name)
