"""The people of the demo, their groups and queues."""

from dataclasses import dataclass

PASSWORD = "segue"  # noqa: S105  known to everybody, in the demo alone


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in to the demo."""

    username: str
    name: str
    role: str
    groups: tuple[str, ...] = ()
    is_admin: bool = False
    is_active: bool = True
    password: str = PASSWORD


PEOPLE = (
    Person("hanna", "Hanna Lindqvist", "HR partner", ("HR",)),
    Person("omar", "Omar Haddad", "HR partner", ("HR",)),
    Person("yuki", "Yuki Tanaka", "HR assistant", ("HR",)),
    Person("marta", "Marta Kowalska", "Engineering manager", ("Managers",)),
    Person("diego", "Diego Fuentes", "Sales manager", ("Managers",)),
    Person("aisha", "Aisha Bello", "Support manager", ("Managers",)),
    Person("liam", "Liam O’Connor", "Facilities", ("Facilities",)),
    Person("chen", "Chen Wei", "IT service desk", ("IT",)),
    Person("noor", "Noor Rahman", "IT service desk", ("IT",)),
    Person("petra", "Petra Novak", "Process operator", ("Operators",)),
    Person("admin", "Alex Morgan", "Administrator", (), is_admin=True),
    Person("sven", "Sven Berg", "Finance manager, on leave", ("Managers",), is_active=False),
)

QUEUES = {"hr": ("HR", "HR"), "unassigned": ("Unassigned work", "Operators")}
"""API name → label and the group that is its member. The second takes the work whose assignee cannot be found."""

FALLBACK_QUEUE = "unassigned"

EMPLOYEE = ("view", "add", "change")
PERMISSIONS = {
    "HR": [*(f"demo.{action}_employee" for action in EMPLOYEE), "demo.view_building"],
    "Managers": ["demo.view_employee"],
    "Facilities": ["demo.view_employee", "demo.view_building", "demo.change_building"],
    "IT": ["demo.view_employee"],
    "Operators": ["demo.view_employee", "demo.view_building", "demo.change_building"],
}
"""What each group may do everywhere. Which flows and orchestrations beyond that is given object by object."""

RUNS = {"HR": ["demo.collect_preferences"], "Managers": ["demo.confirm_readiness"], "Operators": ["demo.confirm_readiness"]}
"""The flows that each group may run."""

OPERATES = {"Operators": ["new_hire_onboarding"]}
"""The orchestrations whose instances each group may operate."""
