"""The frame of every page: signing in by form, the menu, no request to anywhere else."""

from typing import Any

PASSWORD = "a long enough password"


def test_somebody_signs_in_and_is_greeted_by_name(visitor: Any, people: Any) -> None:
    visitor.open("/desk/")
    visitor.wait_for_text("Sign in")
    visitor.check()
    visitor.fill("#id_username", "the-senior")
    visitor.fill("#id_password", PASSWORD)
    visitor.click("button.primary")
    visitor.wait_for_text("the-senior")
    assert "Queue" in visitor.text()
    visitor.check()
    visitor.shoot("frame")


def test_a_wrong_password_is_told(visitor: Any, people: Any) -> None:
    visitor.open("/desk/sign-in/")
    visitor.fill("#id_username", "the-senior")
    visitor.fill("#id_password", "not the password")
    visitor.click("button.primary")
    visitor.wait_for_text("enter a correct username and password")
    visitor.check()
