"""Contract review.

A new contract starts it. The account executive uploads the document and confirms what it says. Legal reviews and signs it, or sends it
back. Then three things happen in parallel: the signed contract is made as a PDF and attached, the opportunity is won, and a reminder of
the renewal is set. At last customer success plans the kickoff, and the customer gets the signed contract with the day of the kickoff.

All of it is built without code: these are the documents that the admin shows and edits.
"""

from typing import Any

CONFIRM_CONTRACT: dict[str, Any] = {
    "record_model": "demo.contract",
    "inputs": {
        "legal_comment": {"type": "text", "label": "Legal sent it back"},
        "expected": {"type": "number", "label": "Opportunity, EUR"},
    },
    "screens": [
        {
            "name": "upload",
            "title": "The contract",
            "items": [
                {
                    "kind": "text",
                    "name": "sent_back",
                    "text": "Legal sent it back: “{{ inputs.legal_comment }}”",
                    "show_when": {"rows": [{"path": "inputs.legal_comment", "operator": "is_not_empty"}]},
                },
                {
                    "kind": "field",
                    "name": "document",
                    "type": "file",
                    "label": "Contract as the customer signed it",
                    "help": "A PDF. Legal reads this file.",
                    "required": True,
                },
            ],
        },
        {
            "name": "facts",
            "title": "Does it say what we agreed?",
            "intro": "Compare with the document, and correct what differs.",
            "items": [
                {
                    "kind": "section",
                    "name": "term",
                    "label": "Term",
                    "items": [
                        {
                            "kind": "field",
                            "name": "starts_on",
                            "type": "date",
                            "label": "First day",
                            "required": True,
                            "default": {"path": "record.starts_on"},
                        },
                        {
                            "kind": "field",
                            "name": "ends_on",
                            "type": "date",
                            "label": "Last day",
                            "required": True,
                            "default": {"path": "record.ends_on"},
                            "check": {"formula": "answers.ends_on > answers.starts_on", "message": "The last day comes after the first"},
                        },
                    ],
                },
                {
                    "kind": "section",
                    "name": "money",
                    "label": "Money",
                    "items": [
                        {
                            "kind": "field",
                            "name": "value",
                            "type": "money",
                            "label": "Value per year",
                            "help": "In EUR.",
                            "required": True,
                            "min": 0,
                            "default": {"path": "record.value"},
                        },
                        {
                            "kind": "field",
                            "name": "difference",
                            "type": "text",
                            "label": "Why does it differ from the opportunity?",
                            "required": True,
                            "max_length": 200,
                            "show_when": {"formula": "answers.value != inputs.expected"},
                        },
                    ],
                },
                {
                    "kind": "field",
                    "name": "agreed",
                    "type": "checkbox",
                    "label": "The document says what we agreed with the customer",
                    "required": True,
                },
            ],
        },
    ],
    "writes": {
        "starts_on": {"path": "answers.starts_on"},
        "ends_on": {"path": "answers.ends_on"},
        "value": {"path": "answers.value"},
    },
}

REVIEW_CONTRACT: dict[str, Any] = {
    "record_model": "demo.contract",
    "inputs": {
        "contract": {"type": "file", "label": "Contract"},
        "difference": {"type": "text", "label": "Why the value differs"},
    },
    "screens": [
        {
            "name": "review",
            "title": "Can we sign it?",
            "intro": "{{ record.opportunity.account.name }} pays {{ record.value }} EUR a year, "
            "from {{ record.starts_on }} to {{ record.ends_on }}.",
            "items": [
                {
                    "kind": "field",
                    "name": "risk",
                    "type": "radio",
                    "label": "Risk for us",
                    "required": True,
                    "choices": [
                        {"value": "low", "label": "Low: our standard wording"},
                        {"value": "medium", "label": "Medium: changed, and still fine"},
                        {"value": "high", "label": "High"},
                    ],
                },
                {
                    "kind": "field",
                    "name": "risk_note",
                    "type": "long_text",
                    "label": "What is the risk?",
                    "required": True,
                    "max_length": 500,
                    "show_when": {"rows": [{"path": "answers.risk", "operator": "one_of", "value": ["medium", "high"]}]},
                },
                {
                    "kind": "field",
                    "name": "signed_by",
                    "type": "text",
                    "label": "Signed for us by",
                    "required": True,
                    "max_length": 100,
                    "default": {"text": "{{ user.first_name }} {{ user.last_name }}"},
                },
                {
                    "kind": "field",
                    "name": "signed_on",
                    "type": "date",
                    "label": "Signed on",
                    "required": True,
                    "default": {"path": "today"},
                    "check": {
                        "formula": "answers.signed_on <= today",
                        "message": "Nobody signs in the future: choose today or a day before",
                    },
                },
            ],
        }
    ],
    "outcomes": [
        {"value": "sign", "label": "Approve and sign", "tone": "primary", "comment": "optional"},
        {"value": "send_back", "label": "Send back", "tone": "danger", "comment": "required"},
    ],
}

MAKE_SIGNED_CONTRACT: dict[str, Any] = {
    "record_model": "demo.contract",
    "inputs": {
        "signed_by": {"type": "text", "required": True, "label": "Signed by"},
        "signed_on": {"type": "date", "required": True, "label": "Signed on"},
    },
    "elements": [
        {
            "kind": "document",
            "name": "pdf",
            "label": "Make the signed contract as a PDF",
            "title": "{{ record.title }}",
            "file_name": "Signed contract C-{{ record.id }}.pdf",
            "body": "Contract no. C-{{ record.id }}\n"
            "\n"
            "| Between | And |\n"
            "| Segue Example Ltd. | {{ record.opportunity.account.name }}, {{ record.opportunity.account.country }} |\n"
            "| {{ record.opportunity.owner.first_name }} {{ record.opportunity.owner.last_name }}, {{ record.opportunity.owner.email }} "
            "| {{ record.contact_name }}, {{ record.contact_email }} |\n"
            "\n"
            "# What is agreed\n"
            "\n"
            "| From | To | Value per year |\n"
            "| {{ record.starts_on }} | {{ record.ends_on }} | {{ record.value }} EUR |\n"
            "\n"
            "Subject: {{ record.opportunity.name }}. The wording is that of the document which the customer has signed.\n"
            "\n"
            "# Signed\n"
            "\n"
            "| For Segue Example Ltd. | On |\n"
            "| {{ inputs.signed_by }} | {{ inputs.signed_on }} |\n",
        },
        {
            "kind": "update",
            "name": "signed",
            "label": "Mark the contract as signed",
            "records": {"path": "record"},
            "values": {"status": {"value": "signed"}, "signed_on": {"path": "inputs.signed_on"}},
        },
    ],
    "outputs": {"file": {"path": "elements.pdf.file"}},
}

WIN_OPPORTUNITY: dict[str, Any] = {
    "record_model": "demo.contract",
    "elements": [
        {
            "kind": "update",
            "name": "won",
            "label": "Win the opportunity",
            "records": {"path": "record.opportunity"},
            "values": {"stage": {"value": "won"}, "amount": {"path": "record.value"}, "closed_on": {"path": "today"}},
        }
    ],
}

SET_RENEWAL_REMINDER: dict[str, Any] = {
    "record_model": "demo.contract",
    "inputs": {"days_before": {"type": "number", "default": 90, "label": "Days before the contract ends"}},
    "elements": [
        {
            "kind": "create",
            "name": "reminder",
            "label": "Set the reminder",
            "model": "demo.renewalreminder",
            "values": {
                "contract": {"path": "record"},
                "owner": {"path": "record.opportunity.owner"},
                "due_on": {"formula": "record.ends_on - days(inputs.days_before)"},
            },
        }
    ],
    "outputs": {"reminder": {"path": "elements.reminder.record"}},
}

PLAN_KICKOFF: dict[str, Any] = {
    "record_model": "demo.contract",
    "inputs": {
        "signed_contract": {"type": "file", "label": "Signed contract"},
        "account_executive": {"type": "text", "label": "Account executive"},
    },
    "screens": [
        {
            "name": "kickoff",
            "title": "When and where do we begin?",
            "intro": "{{ record.opportunity.account.name }} has signed. Agree on a day with {{ record.contact_name }}, "
            "{{ record.contact_email }}, who gets it in writing once you are done.",
            "items": [
                {
                    "kind": "field",
                    "name": "kickoff_on",
                    "type": "date",
                    "label": "Day of the kickoff",
                    "required": True,
                    "check": {"formula": "answers.kickoff_on >= today", "message": "Choose today or a later day"},
                },
                {
                    "kind": "field",
                    "name": "place",
                    "type": "radio",
                    "label": "Where?",
                    "required": True,
                    "choices": [{"value": "online", "label": "Video call"}, {"value": "on site", "label": "At the customer’s"}],
                },
                {
                    "kind": "field",
                    "name": "address",
                    "type": "text",
                    "label": "Address",
                    "required": True,
                    "max_length": 200,
                    "show_when": {"rows": [{"path": "answers.place", "operator": "equals", "value": "on site"}]},
                },
                {
                    "kind": "group",
                    "name": "goals",
                    "label": "Goal",
                    "help": "For the first three months.",
                    "least": 1,
                    "most": 5,
                    "fields": [
                        {"name": "goal", "type": "text", "label": "What should be true?", "required": True, "max_length": 200},
                        {"name": "owner", "type": "user", "label": "Who looks after it"},
                    ],
                },
            ],
        }
    ],
    "writes": {"kickoff_on": {"path": "answers.kickoff_on"}},
    "as_system": True,
    "outputs": {
        "host": {"text": "{{ user.first_name }} {{ user.last_name }}"},
        "where": {"formula": "if_(answers.place == 'on site', answers.address, 'a video call')"},
    },
}

INVITE_CUSTOMER: dict[str, Any] = {
    "record_model": "demo.contract",
    "inputs": {
        "kickoff_on": {"type": "date", "required": True, "label": "Day of the kickoff"},
        "where": {"type": "text", "required": True, "label": "Where"},
        "host": {"type": "text", "required": True, "label": "Host"},
        "signed_contract": {"type": "file", "required": True, "label": "Signed contract"},
    },
    "elements": [
        {
            "kind": "mail",
            "name": "mail",
            "label": "Invite the customer",
            "to": {"path": "record.contact_email"},
            "subject": "Welcome: our kickoff on {{ inputs.kickoff_on }}",
            "body": "Dear {{ record.contact_name }},\n"
            "\n"
            "thank you for your trust. The signed contract is attached.\n"
            "\n"
            "We begin on {{ inputs.kickoff_on }}: {{ inputs.where }}. {{ inputs.host }} looks after you from now on.\n"
            "\n"
            "Kind regards\n"
            "{{ inputs.host }}\n",
            "attach": {"path": "inputs.signed_contract"},
        }
    ],
}

FLOWS: tuple[dict[str, Any], ...] = (
    {"api_name": "confirm_contract", "label": "Confirm the contract", "kind": "screen", "document": CONFIRM_CONTRACT},
    {"api_name": "review_contract", "label": "Review the contract", "kind": "screen", "document": REVIEW_CONTRACT},
    {"api_name": "make_signed_contract", "label": "Make the signed contract", "kind": "autolaunched", "document": MAKE_SIGNED_CONTRACT},
    {"api_name": "win_opportunity", "label": "Win the opportunity", "kind": "autolaunched", "document": WIN_OPPORTUNITY},
    {"api_name": "set_renewal_reminder", "label": "Set the renewal reminder", "kind": "autolaunched", "document": SET_RENEWAL_REMINDER},
    {"api_name": "plan_kickoff", "label": "Plan the kickoff", "kind": "screen", "document": PLAN_KICKOFF},
    {"api_name": "invite_customer", "label": "Invite the customer", "kind": "autolaunched", "document": INVITE_CUSTOMER},
)
"""The flows, as `flow_builder.new_flow` takes them."""

CONTRACT_REVIEW: dict[str, Any] = {
    "orchestration": {
        "api_name": "contract_review",
        "label": "Contract review",
        "description": "From the contract that the customer has signed to the kickoff.",
        "start_type": "record",
        "record_model": "demo.contract",
        "one_live_per_record": True,
    },
    "starts_on": "created",
    "stages": [
        {
            "api_name": "confirmed",
            "label": "Confirmed",
            "steps": [
                {
                    "api_name": "confirm_contract",
                    "label": "Confirm the contract",
                    "kind": "interactive",
                    "flow": "site.confirm_contract",
                    "assignee": {"path": "record.opportunity.owner"},
                    "inputs": {
                        "legal_comment": {"path": "steps.review_contract.outputs.comment"},
                        "expected": {"path": "record.opportunity.amount"},
                    },
                }
            ],
        },
        {
            "api_name": "legal_reviewed",
            "label": "Reviewed by Legal",
            "steps": [
                {
                    "api_name": "review_contract",
                    "label": "Review the contract",
                    "kind": "interactive",
                    "flow": "site.review_contract",
                    "assignee": {"queue": "legal"},
                    "inputs": {
                        "contract": {"path": "steps.confirm_contract.outputs.document"},
                        "difference": {"path": "steps.confirm_contract.outputs.difference"},
                    },
                }
            ],
            "routes": [
                {
                    "condition": {"rows": [{"path": "steps.review_contract.outputs.outcome", "operator": "equals", "value": "send_back"}]},
                    "to": "confirmed",
                }
            ],
        },
        {
            "api_name": "put_into_effect",
            "label": "Put into effect",
            "steps": [
                {
                    "api_name": "signed_contract",
                    "label": "Make the signed contract",
                    "kind": "background",
                    "flow": "site.make_signed_contract",
                    "inputs": {
                        "signed_by": {"path": "steps.review_contract.outputs.signed_by"},
                        "signed_on": {"path": "steps.review_contract.outputs.signed_on"},
                    },
                },
                {
                    "api_name": "win_opportunity",
                    "label": "Win the opportunity",
                    "kind": "background",
                    "flow": "site.win_opportunity",
                },
                {
                    "api_name": "renewal_reminder",
                    "label": "Set the renewal reminder",
                    "kind": "background",
                    "flow": "site.set_renewal_reminder",
                },
            ],
        },
        {
            "api_name": "kicked_off",
            "label": "Kickoff planned",
            "steps": [
                {
                    "api_name": "plan_kickoff",
                    "label": "Plan the kickoff",
                    "kind": "interactive",
                    "flow": "site.plan_kickoff",
                    "assignee": {"queue": "customer_success"},
                    "inputs": {
                        "signed_contract": {"path": "steps.signed_contract.outputs.file"},
                        "account_executive": {"text": "{{ record.opportunity.owner.first_name }} {{ record.opportunity.owner.last_name }}"},
                    },
                },
                {
                    "api_name": "invite_customer",
                    "label": "Invite the customer",
                    "kind": "background",
                    "flow": "site.invite_customer",
                    "after": ["plan_kickoff"],
                    "inputs": {
                        "kickoff_on": {"path": "steps.plan_kickoff.outputs.kickoff_on"},
                        "where": {"path": "steps.plan_kickoff.outputs.where"},
                        "host": {"path": "steps.plan_kickoff.outputs.host"},
                        "signed_contract": {"path": "steps.signed_contract.outputs.file"},
                    },
                },
            ],
        },
    ],
}
"""The definition, as the document that `builder.load` takes."""
