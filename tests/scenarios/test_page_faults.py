"""The judges of pages find faults: what they look for is there, and is found."""

import pytest

from tests.scenarios.page_faults import problems, too_wide

WELL = "<html lang='pl'><head><title>t</title></head><body><main><h1>h</h1>{}</main></body></html>"


@pytest.mark.parametrize(
    ("part", "rules", "wide"),
    [
        ("<p>x</p>", [], False),
        ("<img src='data:,'>", ["image-alt"], False),
        ("<p style='color:#bbb'>pale words</p>", ["color-contrast"], False),
        ("<button></button>", ["button-name"], False),
        ("<h4>x</h4>", ["heading-order"], False),
        ("<p style='width:200vw'>x</p>", [], True),
    ],
)
def test_faults_are_found(page, part, rules, wide):
    page.set_content(WELL.format(part))
    assert [rule for rule, _, _ in problems(page)] == rules
    assert bool(too_wide(page)) == wide
