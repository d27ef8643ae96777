"""What is kept of modules that changed, and who may have it."""

from asudfd.lua.previous_sources import TEXTS_MAX, PreviousSources


def test_who_has_changed_since_does_not_know_it() -> None:
    texts = PreviousSources()
    texts.add("d", b"1")
    assert (texts.known_to("m"), texts.known_to("d")) == ({"d": b"1"}, {})
    texts.add("m", None)
    assert texts.known_to("m") == {}
    assert texts.known_to("other") == {"d": b"1"}
    texts.add("d", b"2")
    assert texts.known_to("m") == texts.known_to("other") == {"d": b"2"}
    texts.clear()
    assert texts.known_to("other") == {}


def test_their_number_is_bounded() -> None:
    texts = PreviousSources()
    for number in range(TEXTS_MAX + 5):
        texts.add(str(number), b"text")
    assert list(texts.known_to("m")) == [str(number) for number in range(5, TEXTS_MAX + 5)]
