"""The people of the stories: those of the demo, with its definitions, in an otherwise empty database."""

from typing import Any

from django.contrib.auth.models import User

from demo.flows.onboarding import ONBOARDING
from demo.management.commands.seed_demo import make_definitions, make_people
from demo.models import Building


class Cast:
    """Everybody by their username: `cast.hanna`. Also the building where most things happen.

    They move in once, before the first test; a test that empties the database lets those after it move in again.
    """

    def __init__(self) -> None:
        if not Building.objects.exists():
            make_people()
            make_definitions([(ONBOARDING, ())])
            Building.objects.create(name="Headquarters")
            Building.objects.create(name="Old Annex", has_badge_system=False)
        self.headquarters, self.annex = Building.objects.order_by("pk")
        self._people = {user.username: user for user in User.objects.all()}

    def __getattr__(self, username: str) -> User:
        try:
            return self.__dict__["_people"][username]
        except KeyError:
            raise AttributeError(username) from None

    def ask_again(self, user: User) -> Any:
        """The person as a new request would load them, without remembered permissions."""
        return User.objects.get(pk=user.pk)
