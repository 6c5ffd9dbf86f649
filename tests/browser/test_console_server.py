# SPDX-License-Identifier: Apache-2.0
"""Who looks after the server and who owns a clinic on it each see, in a real browser, what is theirs of its settings
and its health."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from polyvet import __version__
from tests.browser.reading import cells, fact
from tests.browser.walking import BOTH_WAYS, walker
from tests.console.people import OTHER_OWNER
from tests.dialects.harness import Practice

SECRET = "hunter2-hunter2"


@BOTH_WAYS
def test_an_operator_looks_after_the_server(
    module_practice: Practice, request: pytest.FixtureRequest, context: str
) -> None:
    practice = module_practice.served_otherwise(smtp_host="mail.example", smtp_user="vet", smtp_password=SECRET)
    operator = walker(practice, request, context)
    page = operator.page
    operator.menu("Settings")
    told = cells(page, "Setting", "Value")
    assert ("smtp_host", "mail.example changed") in told
    assert ("smtp_password", "(set, and not shown) changed") in told
    assert ("share_days", "90") in told
    assert SECRET not in page.content()
    operator.menu("Health")
    expect(fact(page, "Version")).to_have_text(__version__)
    expect(fact(page, "Last backup")).to_contain_text("none yet")
    expect(page.get_by_role("heading", name="Webhooks’ deliveries of all clinics")).to_be_visible()
    operator.go("This clinic’s deliveries", "Deliveries")
    operator.has_heard_nothing()


@BOTH_WAYS
def test_an_owner_sees_what_is_the_clinics(
    module_practice: Practice, request: pytest.FixtureRequest, context: str
) -> None:
    owner = walker(module_practice, request, context, OTHER_OWNER)
    page, menu = owner.page, owner.page.get_by_role("navigation", name="Console")
    owner.menu("Health")
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    assert __version__ not in page.content()
    for theirs in ("Settings", "Clinics of this server"):
        expect(menu.get_by_role("link", name=theirs)).to_have_count(0)
    owner.go("All deliveries", "Deliveries")
    owner.has_heard_nothing()
    page.goto(f"{module_practice.server.url}/console/settings")
    expect(page.get_by_role("alert")).to_have_text("This is for who looks after the server.")
    owner.look()
    page.get_by_role("link", name="To the first page").click()
    expect(page).to_have_url(f"{module_practice.server.url}/console")
