"""Tables between the marks of a page."""

from ballast.report.marks import filled, marks


def test_only_what_is_between_the_marks_is_replaced():
    page = "before\n<!-- a b -->\nold\n<!-- /a b -->\nafter <!-- c -->\n"
    assert filled(page, {"a b": "new"}) == "before\n<!-- a b -->\n\nnew\n\n<!-- /a b -->\nafter <!-- c -->\n"
    assert filled(filled(page, {"a b": "new"}), {"a b": "new"}) == filled(page, {"a b": "new"})
    assert marks(page) == ["a b"]


def test_an_empty_mark_is_filled_and_one_without_a_block_stays():
    page = "<!-- a -->\n<!-- /a -->\n<!-- b -->\nkept\n<!-- /b -->\n"
    assert filled(page, {"a": "new\n"}) == "<!-- a -->\n\nnew\n\n<!-- /a -->\n<!-- b -->\nkept\n<!-- /b -->\n"
