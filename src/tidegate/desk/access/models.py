"""People who work at the desk."""

from functools import cached_property

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import UserManager
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_totp.models import TOTPDevice

from tidegate.desk.access.roles import CHOICES, RIGHTS, Right, Role


class People(UserManager):
    """Makes and finds people."""

    def create_user(self, username, password=None, **fields):  # type: ignore[no-untyped-def]
        """One more person. ``password``: None for one who cannot sign in yet."""
        person = self.model(username=username, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Somebody who signs in."""

    username = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9._-]*$", "small letters, digits, dots, hyphens")],
    )
    role = models.CharField(max_length=16, choices=CHOICES, default=str(Role.ANALYST))
    is_active = models.BooleanField(default=True)
    created = models.DateTimeField(auto_now_add=True)
    epoch = models.PositiveIntegerField(default=0)
    """Counted up to end every session that was opened before."""
    access_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    """Which administrator added them, or changed their role, password or second factor last; None: nobody at the desk."""
    access_at = models.DateTimeField(null=True, blank=True)

    objects = People()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["role"]

    def __str__(self) -> str:
        return str(self.username)

    def let_in(self, by: object) -> None:
        """Note who gives them access; not saved. ``by``: a person, or the name under which a command acts."""
        self.access_by, self.access_at = (by if isinstance(by, Person) else None), timezone.now()

    def may(self, right: Right) -> bool:
        """Whether this person's role has that right."""
        return bool(self.is_active) and right in RIGHTS.get(self.role, frozenset())

    @property
    def rights(self) -> dict[str, bool]:
        """By name, for templates: ``user.rights.rule``."""
        return {str(right): self.may(right) for right in Right}

    @cached_property
    def has_second_factor(self) -> bool:
        """Whether one was set up and confirmed; looked up once."""
        return bool(TOTPDevice.objects.filter(user=self, confirmed=True).exists())

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What every request compares with the session: it changes with the password, the role and the epoch."""
        return str(
            salted_hmac(
                "tidegate.desk.access.session",
                "\0".join((self.password, self.role, str(self.epoch))),
                secret=secret,
                algorithm="sha256",
            ).hexdigest()
        )
