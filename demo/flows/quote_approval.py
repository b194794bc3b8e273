"""Quote approval.

A discount over 15 % starts it. The deal desk reviews the margin, and the account's regional VP approves the terms. Legal reviews custom
clauses, only if *Custom terms* is set. Then the quote is made as a PDF and mailed to the customer. Whoever says no sends it back to the
account executive with a comment, who changes the quote, and it goes round again; or withdraws it.

All of it is built without code: these are the documents that the admin shows and edits.
"""

from typing import Any

LIST_TOTAL = "record.seats * record.list_price"
NET_TOTAL = "round(record.seats * record.list_price * (1 - record.discount / 100), 2)"
MARGIN = "round(100 - 100 * record.unit_cost / (record.list_price * (1 - record.discount / 100)), 1)"

FIGURES: dict[str, Any] = {
    "net_total": {"type": "number", "label": "Net total per year, EUR"},
    "margin": {"type": "number", "label": "Margin, %"},
}
"""What the reviewers see beside the quote's own columns."""

ROUND: dict[str, Any] = {
    "round": {"type": "number", "label": "Round"},
    "owner_note": {"type": "text", "label": "What has changed"},
}

APPROVE_OR_REJECT = [
    {"value": "approve", "label": "Approve", "tone": "primary", "comment": "optional"},
    {"value": "reject", "label": "Send back", "tone": "danger", "comment": "required"},
]

REVIEW_MARGIN: dict[str, Any] = {
    "record_model": "demo.quote",
    "inputs": {"list_total": {"type": "number", "label": "List total per year, EUR"}, **FIGURES, **ROUND},
    "screens": [
        {
            "name": "margin_review",
            "title": "Does the margin hold?",
            "intro": "{{ record.seats }} seats of {{ record.product }} for {{ record.account.name }}, at {{ record.discount }} % off the "
            "list price. That leaves a margin of {{ inputs.margin }} %.",
            "items": [
                {
                    "kind": "field",
                    "name": "finding",
                    "type": "radio",
                    "label": "The margin is",
                    "required": True,
                    "choices": [
                        {"value": "healthy", "label": "Healthy"},
                        {"value": "thin, but strategic", "label": "Thin, but the account is strategic"},
                        {"value": "too thin", "label": "Too thin"},
                    ],
                },
                {
                    "kind": "field",
                    "name": "strategy",
                    "type": "long_text",
                    "label": "What makes the account strategic?",
                    "help": "The regional VP reads this.",
                    "required": True,
                    "max_length": 500,
                    "show_when": {"rows": [{"path": "answers.finding", "operator": "equals", "value": "thin, but strategic"}]},
                },
                {
                    "kind": "field",
                    "name": "acceptable_discount",
                    "type": "number",
                    "label": "Highest discount that you would accept",
                    "help": "In percent. The account executive sees it.",
                    "places": 1,
                    "min": 0,
                    "max": 60,
                    "check": {
                        "formula": "answers.acceptable_discount < record.discount",
                        "message": "Enter less than the discount of this quote",
                    },
                    "show_when": {"rows": [{"path": "answers.finding", "operator": "equals", "value": "too thin"}]},
                },
            ],
        }
    ],
    "outcomes": APPROVE_OR_REJECT,
}

APPROVE_TERMS: dict[str, Any] = {
    "record_model": "demo.quote",
    "inputs": {
        **FIGURES,
        "finding": {"type": "text", "label": "Deal desk: the margin is"},
        "strategy": {"type": "text", "label": "Deal desk: why strategic"},
        "deal_desk_comment": {"type": "text", "label": "Deal desk: comment"},
        **ROUND,
    },
    "screens": [
        {
            "name": "approval",
            "title": "Do you approve the terms?",
            "intro": "{{ record.account.name }} pays {{ inputs.net_total }} EUR a year for {{ record.seats }} seats of "
            "{{ record.product }}, {{ record.discount }} % below the list price.",
            "items": [
                {
                    "kind": "text",
                    "name": "legal_is_next",
                    "text": "The quote has custom terms. Legal reviews them once you have approved.",
                    "show_when": {"rows": [{"path": "record.custom_terms", "operator": "equals", "value": True}]},
                },
                {
                    "kind": "field",
                    "name": "valid_until",
                    "type": "date",
                    "label": "The quote is valid until",
                    "required": True,
                    "default": {"path": "record.valid_until"},
                    "check": {"formula": "answers.valid_until > today", "message": "Choose a day after today"},
                },
            ],
        }
    ],
    "outcomes": APPROVE_OR_REJECT,
    "writes": {"valid_until": {"path": "answers.valid_until"}},
    "as_system": True,
}

REVIEW_CLAUSES: dict[str, Any] = {
    "record_model": "demo.quote",
    "inputs": {**FIGURES, **ROUND},
    "screens": [
        {
            "name": "clauses",
            "title": "Can we offer these clauses?",
            "items": [
                {"kind": "text", "name": "wording", "text": "{{ record.clauses }}"},
                {
                    "kind": "field",
                    "name": "topics",
                    "type": "multiple_choice",
                    "label": "What do they change?",
                    "required": True,
                    "choices": [
                        {"value": "liability", "label": "Liability"},
                        {"value": "data protection", "label": "Data protection"},
                        {"value": "termination", "label": "Termination"},
                        {"value": "payment", "label": "Payment"},
                        {"value": "other", "label": "Something else"},
                    ],
                },
                {
                    "kind": "field",
                    "name": "liability_cap",
                    "type": "money",
                    "label": "Our liability is capped at",
                    "help": "In EUR. Leave it empty if there is no cap.",
                    "min": 0,
                    "show_when": {"formula": "contains(answers.topics, 'liability')"},
                },
                {
                    "kind": "field",
                    "name": "redline",
                    "type": "file",
                    "label": "Marked-up wording",
                    "help": "If you want it changed: a PDF or a DOCX. It is kept with the quote.",
                },
            ],
        }
    ],
    "outcomes": APPROVE_OR_REJECT,
}

REVISE_QUOTE: dict[str, Any] = {
    "record_model": "demo.quote",
    "inputs": {
        "sent_back_by": {"type": "text", "label": "Sent back by"},
        "comment": {"type": "text", "label": "Comment"},
        "acceptable_discount": {"type": "number", "label": "Highest acceptable discount, %"},
        **FIGURES,
    },
    "screens": [
        {
            "name": "revision",
            "title": "What do you change?",
            "items": [
                {"kind": "text", "name": "why", "text": "{{ inputs.sent_back_by }} sent it back: “{{ inputs.comment }}”"},
                {
                    "kind": "text",
                    "name": "acceptable",
                    "text": "The deal desk would accept a discount of {{ inputs.acceptable_discount }} %.",
                    "show_when": {"rows": [{"path": "inputs.acceptable_discount", "operator": "is_not_empty"}]},
                },
                {
                    "kind": "field",
                    "name": "discount",
                    "type": "number",
                    "label": "Discount",
                    "help": "In percent.",
                    "required": True,
                    "places": 1,
                    "min": 0,
                    "max": 60,
                    "default": {"path": "record.discount"},
                },
                {
                    "kind": "field",
                    "name": "custom_terms",
                    "type": "checkbox",
                    "label": "Custom terms",
                    "help": "Legal reviews them before the quote goes out.",
                    "default": {"path": "record.custom_terms"},
                },
                {
                    "kind": "field",
                    "name": "clauses",
                    "type": "long_text",
                    "label": "Custom clauses",
                    "required": True,
                    "max_length": 4000,
                    "default": {"path": "record.clauses"},
                    "show_when": {"rows": [{"path": "answers.custom_terms", "operator": "equals", "value": True}]},
                },
                {
                    "kind": "field",
                    "name": "note",
                    "type": "long_text",
                    "label": "What has changed?",
                    "help": "All who review it read this.",
                    "required": True,
                    "max_length": 500,
                },
            ],
        }
    ],
    "outcomes": [
        {"value": "resubmit", "label": "Submit again", "tone": "primary"},
        {"value": "withdraw", "label": "Withdraw the quote", "tone": "danger"},
    ],
    "writes": {
        "discount": {"path": "answers.discount"},
        "custom_terms": {"path": "answers.custom_terms"},
        "clauses": {"path": "answers.clauses"},
        "status": {"formula": "if_(outcome == 'withdraw', 'withdrawn', 'draft')"},
    },
}

SEND_QUOTE: dict[str, Any] = {
    "record_model": "demo.quote",
    "variables": {
        "list_total": {"type": "number"},
        "net_total": {"type": "number"},
        "terms": {"type": "text", "default": "Our general terms and conditions apply."},
    },
    "elements": [
        {
            "kind": "assign",
            "name": "totals",
            "label": "Calculate the totals",
            "set": {"list_total": {"formula": f"round({LIST_TOTAL}, 2)"}, "net_total": {"formula": NET_TOTAL}},
        },
        {
            "kind": "decide",
            "name": "which_terms",
            "label": "Are there custom terms?",
            "branches": [
                {
                    "label": "Custom terms",
                    "condition": {"rows": [{"path": "record.custom_terms", "operator": "equals", "value": True}]},
                    "elements": [
                        {
                            "kind": "assign",
                            "name": "custom",
                            "label": "Use the custom clauses",
                            "set": {"terms": {"path": "record.clauses"}},
                        }
                    ],
                }
            ],
        },
        {
            "kind": "document",
            "name": "pdf",
            "label": "Make the quote as a PDF",
            "title": "Quote for {{ record.account.name }}",
            "file_name": "Quote Q-{{ record.id }}.pdf",
            "body": "Quote no. Q-{{ record.id }} of {{ today }}, valid until {{ record.valid_until }}\n"
            "\n"
            "Dear {{ record.contact_name }},\n"
            "\n"
            "thank you for your interest. We are glad to offer you:\n"
            "\n"
            "| Product | Seats | Per seat and year | List total |\n"
            "| {{ record.product }} | {{ record.seats }} | {{ record.list_price }} EUR | {{ vars.list_total }} EUR |\n"
            "\n"
            "Your discount: {{ record.discount }} %\n"
            "\n"
            "**Your price per year: {{ vars.net_total }} EUR**, without value added tax.\n"
            "\n"
            "# Terms\n"
            "\n"
            "{{ vars.terms }}\n"
            "\n"
            "---\n"
            "\n"
            "Your contact: {{ record.owner.first_name }} {{ record.owner.last_name }}, {{ record.owner.email }}",
        },
        {
            "kind": "mail",
            "name": "mail",
            "label": "Mail it to the customer",
            "to": {"path": "record.contact_email"},
            "subject": "Your quote Q-{{ record.id }}: {{ record.product }}",
            "body": "Dear {{ record.contact_name }},\n"
            "\n"
            "here is our quote for {{ record.seats }} seats of {{ record.product }}: {{ vars.net_total }} EUR a year. "
            "It is valid until {{ record.valid_until }}.\n"
            "\n"
            "Any questions? Write to {{ record.owner.email }}.\n"
            "\n"
            "Kind regards\n"
            "{{ record.owner.first_name }} {{ record.owner.last_name }}\n",
            "attach": {"path": "elements.pdf.file"},
        },
        {
            "kind": "update",
            "name": "sent",
            "label": "Mark the quote as sent",
            "records": {"path": "record"},
            "values": {"status": {"value": "sent"}},
        },
    ],
    "outputs": {"file": {"path": "elements.pdf.file"}, "net_total": {"path": "vars.net_total"}},
}

FLOWS: tuple[dict[str, Any], ...] = (
    {"api_name": "review_margin", "label": "Review the margin", "kind": "screen", "document": REVIEW_MARGIN},
    {"api_name": "approve_terms", "label": "Approve the terms", "kind": "screen", "document": APPROVE_TERMS},
    {"api_name": "review_clauses", "label": "Review the clauses", "kind": "screen", "document": REVIEW_CLAUSES},
    {"api_name": "revise_quote", "label": "Revise the quote", "kind": "screen", "document": REVISE_QUOTE},
    {"api_name": "send_quote", "label": "Make and send the quote", "kind": "autolaunched", "document": SEND_QUOTE},
)
"""The flows, as `flow_builder.new_flow` takes them."""

FIGURES_OF_QUOTE: dict[str, Any] = {"net_total": {"formula": NET_TOTAL}, "margin": {"formula": MARGIN}}
ROUND_OF_QUOTE: dict[str, Any] = {
    "round": {"path": "stages.margin_reviewed.iteration"},
    "owner_note": {"path": "steps.revise_quote.outputs.note"},
}


def is_rejected(step: str) -> dict[str, Any]:
    """The condition that whoever did the step said no."""
    return {"rows": [{"path": f"steps.{step}.outputs.outcome", "operator": "equals", "value": "reject"}]}


def of_who_rejected(deal_desk: str, regional_vp: str, legal: str) -> dict[str, Any]:
    """What belongs to whoever said no. Everybody before has said yes in this round, so the first no is the newest."""
    rejected = {step: f"steps.{step}.outputs.outcome == 'reject'" for step in ("review_margin", "approve_terms")}
    return {"formula": f"if_({rejected['review_margin']}, {deal_desk}, if_({rejected['approve_terms']}, {regional_vp}, {legal}))"}


QUOTE_APPROVAL: dict[str, Any] = {
    "orchestration": {
        "api_name": "quote_approval",
        "label": "Quote approval",
        "description": "A quote with a discount over 15 % goes out once deal desk, regional VP and, for custom terms, Legal agree.",
        "start_type": "record",
        "record_model": "demo.quote",
        "one_live_per_record": True,
    },
    "starts_on": "saved",
    "changed_into": True,
    "entry_condition": {"rows": [{"path": "record.discount", "operator": "greater", "value": 15}]},
    "stages": [
        {
            "api_name": "margin_reviewed",
            "label": "Margin reviewed",
            "steps": [
                {
                    "api_name": "review_margin",
                    "label": "Review the margin",
                    "kind": "interactive",
                    "flow": "site.review_margin",
                    "assignee": {"queue": "deal_desk"},
                    "inputs": {"list_total": {"formula": LIST_TOTAL}, **FIGURES_OF_QUOTE, **ROUND_OF_QUOTE},
                }
            ],
            "routes": [{"condition": is_rejected("review_margin"), "to": "revised"}],
        },
        {
            "api_name": "terms_approved",
            "label": "Terms approved",
            "steps": [
                {
                    "api_name": "approve_terms",
                    "label": "Approve the terms",
                    "kind": "interactive",
                    "flow": "site.approve_terms",
                    "assignee": {"path": "record.account.regional_vp"},
                    "inputs": {
                        "finding": {"path": "steps.review_margin.outputs.finding"},
                        "strategy": {"path": "steps.review_margin.outputs.strategy"},
                        "deal_desk_comment": {"path": "steps.review_margin.outputs.comment"},
                        **FIGURES_OF_QUOTE,
                        **ROUND_OF_QUOTE,
                    },
                }
            ],
            "routes": [{"condition": is_rejected("approve_terms"), "to": "revised"}],
        },
        {
            "api_name": "clauses_reviewed",
            "label": "Clauses reviewed",
            "entry_condition": {"rows": [{"path": "record.custom_terms", "operator": "equals", "value": True}]},
            "steps": [
                {
                    "api_name": "review_clauses",
                    "label": "Review the clauses",
                    "kind": "interactive",
                    "flow": "site.review_clauses",
                    "assignee": {"queue": "legal"},
                    "inputs": {**FIGURES_OF_QUOTE, **ROUND_OF_QUOTE},
                }
            ],
            "routes": [{"condition": is_rejected("review_clauses"), "to": "revised"}],
        },
        {
            "api_name": "sent",
            "label": "Sent to the customer",
            "steps": [{"api_name": "send_quote", "label": "Make and send the quote", "kind": "background", "flow": "site.send_quote"}],
            "routes": [{"to": None}],
        },
        {
            "api_name": "revised",
            "label": "Revised",
            "steps": [
                {
                    "api_name": "revise_quote",
                    "label": "Revise the quote",
                    "kind": "interactive",
                    "flow": "site.revise_quote",
                    "assignee": {"path": "record.owner"},
                    "inputs": {
                        "sent_back_by": of_who_rejected("'Deal desk'", "'Regional VP'", "'Legal'"),
                        "comment": of_who_rejected(
                            "steps.review_margin.outputs.comment",
                            "steps.approve_terms.outputs.comment",
                            "steps.review_clauses.outputs.comment",
                        ),
                        "acceptable_discount": of_who_rejected("steps.review_margin.outputs.acceptable_discount", "null", "null"),
                        **FIGURES_OF_QUOTE,
                    },
                }
            ],
            "routes": [
                {
                    "condition": {"rows": [{"path": "steps.revise_quote.outputs.outcome", "operator": "equals", "value": "resubmit"}]},
                    "to": "margin_reviewed",
                }
            ],
        },
    ],
}
"""The definition, as the document that `builder.load` takes."""
