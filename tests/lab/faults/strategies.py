"""Any values, and what a call makes of them: for properties that hold for all."""

from __future__ import annotations

import copy

from hypothesis import settings
from hypothesis import strategies as st

from jagadata.errors import JagadataError

CAREFUL = settings(derandomize=True, deadline=None, max_examples=100)
"""The same examples in each run, however slow the machine is."""

FEW = settings(CAREFUL, max_examples=40)
"""Where one example takes long."""

words = st.text(min_size=1, max_size=20).filter(str.strip)

plain_json = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)

junk = st.recursive(
    plain_json,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | st.sampled_from(["at", "format", "data"]), inner, max_size=3)
    ),
    max_leaves=8,
)
"""Any JSON value (NaN and infinity are none)."""


def places(value, above=()):
    """The way to everything inside a JSON value, such as ('data', 0, 'size')."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*above, key)
        yield from places(item, (*above, key))


def look(value, place):
    for key in place:
        value = value[key]
    return value


def edit(value, place, change):
    """A copy in which `change(container, key)` was done at that place."""
    made = copy.deepcopy(value)
    change(look(made, place[:-1]), place[-1])
    return made


def put(value, place, new):
    return edit(value, place, lambda above, key: above.__setitem__(key, new))


@st.composite
def mutations(draw, sound, values=junk):
    """A JSON value with one to three changes: something replaced, left out, doubled, exchanged or added."""
    made = copy.deepcopy(sound)
    for _ in range(draw(st.integers(1, 3))):
        *above, key = draw(st.sampled_from(list(places(made)) or [("",)]))
        container = look(made, above)
        way = draw(st.sampled_from(["replace", "replace", "drop", "add", "double", "exchange"]))
        if way == "drop" and len(container) > 1:
            del container[key]
        elif way == "add" and isinstance(container, dict):
            container[draw(st.text(max_size=8))] = draw(values)
        elif way == "double" and isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        elif way == "exchange":
            container[key] = copy.deepcopy(look(made, draw(st.sampled_from(list(places(made))))))
        else:
            container[key] = draw(values)
    return made


def check_text(error):
    assert error.message
    str(error).encode()


def told(call, *arguments, **named):
    """What the call gives, or None if it refuses as it should: an error whose text can be printed and written down."""
    try:
        return call(*arguments, **named)
    except JagadataError as error:
        check_text(error)
        return None
