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
    is_staff: bool = False
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
    Person("lena", "Lena Fischer", "Account executive", ("Sales",)),
    Person("tariq", "Tariq Mansour", "Account executive", ("Sales",)),
    Person("rosa", "Rosa Marchetti", "Deal desk", ("Deal desk",)),
    Person("kofi", "Kofi Mensah", "Deal desk", ("Deal desk",)),
    Person("victoria", "Victoria Hale", "Regional VP, sales", ("Regional VPs",)),
    Person("ines", "Inès Laurent", "Legal counsel", ("Legal",)),
    Person("joon", "Joon Park", "Legal counsel", ("Legal",)),
    Person("grace", "Grace Achieng", "Customer success", ("Customer success",)),
    Person("beatriz", "Beatriz Souza", "HR systems, builds processes", ("Builders",), is_staff=True),
    Person("petra", "Petra Novak", "Process operator", ("Operators",), is_staff=True),
    Person("admin", "Alex Morgan", "Administrator", (), is_admin=True, is_staff=True),
    Person("sven", "Sven Berg", "Finance manager, on leave", ("Managers",), is_active=False),
)

QUEUES = {
    "hr": ("HR", "HR"),
    "deal_desk": ("Deal desk", "Deal desk"),
    "legal": ("Legal", "Legal"),
    "customer_success": ("Customer success", "Customer success"),
    "unassigned": ("Unassigned work", "Operators"),
}
"""API name → label and the group that is its member. The last one takes the work whose assignee cannot be found."""

FALLBACK_QUEUE = "unassigned"


def _all_of(actions: str, *models: str) -> list[str]:
    """The permissions for these actions, each of them on these models of the demo."""
    return [f"demo.{action}_{model}" for action in actions.split() for model in models]


PERMISSIONS = {
    "HR": [*_all_of("view add change", "employee"), "demo.view_building"],
    "Managers": ["demo.view_employee"],
    "Facilities": [*_all_of("view", "employee", "building"), "demo.change_building"],
    "IT": ["demo.view_employee"],
    "Sales": _all_of("view add change", "account", "opportunity", "quote", "contract"),
    "Deal desk": _all_of("view", "account", "quote"),
    "Regional VPs": _all_of("view", "account", "opportunity", "quote", "contract"),
    "Legal": _all_of("view", "account", "opportunity", "quote", "contract"),
    "Customer success": _all_of("view", "account", "opportunity", "contract"),
    "Builders": [
        *_all_of("view", "employee", "building"),
        *(f"orchestration.{action}_{model}" for action in ("view", "add", "change") for model in ("orchestration", "flow", "queue")),
        "orchestration.debug_orchestration",
    ],
    "Operators": [
        *_all_of("view", "employee", "building", "account", "opportunity", "quote", "contract"),
        *_all_of("change", "building", "account"),
    ],
}
"""What each group may do everywhere. Which flows and orchestrations beyond that is given object by object."""

RUNS = {
    "HR": ["demo.collect_preferences"],
    "Managers": ["demo.confirm_readiness"],
    "Sales": ["site.revise_quote", "site.confirm_contract"],
    "Deal desk": ["site.review_margin"],
    "Regional VPs": ["site.approve_terms"],
    "Legal": ["site.review_clauses", "site.review_contract"],
    "Customer success": ["site.plan_kickoff"],
    "Operators": ["demo.confirm_readiness", "site.approve_terms"],
}
"""The flows that each group may run."""

OPERATES = {"Operators": ["new_hire_onboarding", "quote_approval", "contract_review"]}
"""The orchestrations whose instances each group may operate."""
