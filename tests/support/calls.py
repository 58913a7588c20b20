"""One call of each operation, all invented."""

from pathlib import Path

from bulk_onboard.model.application import Application, Document
from bulk_onboard.model.call import (
    Call,
    Create,
    Delete,
    FetchRequirements,
    Get,
    GetNumber,
    Link,
    LinkTarget,
    ListNumbers,
    ListPage,
    Operation,
    Update,
)
from bulk_onboard.model.requirements import Combination

COMPLIANCE_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
TOKEN = "abcdefgh23456777"
ALIAS = f"K-0017 ~{TOKEN}"
NUMBER = "911140000000"

_APPLICATION = Application(
    combination=Combination("IN", "local", "business"),
    fields={"business_name": "Sample Traders Pvt Ltd", "address.city": "Pune"},
    documents=(Document("identity_proof", Path("id.pdf"), 8, "0" * 64, "application/pdf"),),
)
_CONTENT = {"application": _APPLICATION, "fingerprint": "f" * 64, "files": (b"%PDF-1.7",), "alias": ALIAS}

CALLS: dict[Operation, Call] = {
    call.operation: call
    for call in (
        FetchRequirements(combination=_APPLICATION.combination),
        Create(token=TOKEN, **_CONTENT),
        Get(compliance_id=COMPLIANCE_ID, expand=("documents", "end_user")),
        ListPage(query={"limit": "100", "alias": ALIAS}),
        Update(token=TOKEN, compliance_id=COMPLIANCE_ID, **_CONTENT),
        Delete(token=TOKEN, compliance_id=COMPLIANCE_ID),
        Link(targets=(LinkTarget(NUMBER, COMPLIANCE_ID, TOKEN),)),
        GetNumber(number=NUMBER),
        ListNumbers(),
    )
}

YES: dict[Operation, dict] = {  # the least that answers each of them
    Operation.REQUIREMENTS: {
        "country_iso": "IN",
        "number_type": "local",
        "user_type": "business",
        "required_documents": [],
        "required_fields": [],
    },
    Operation.CREATE: {"api_id": "api-1", "compliance_id": COMPLIANCE_ID, "message": "Created successfully"},
    Operation.GET: {"compliance_id": COMPLIANCE_ID, "alias": ALIAS, "status": "approved"},
    Operation.LIST: {"compliances": [], "meta": {"total_count": 0, "next": None}},
    Operation.UPDATE: {"api_id": "api-1", "message": "updated"},
    Operation.DELETE: {"api_id": "api-1", "message": "deleted"},
    Operation.LINK: {"api_id": "api-1", "message": "changed"},
    Operation.NUMBER: {"number": NUMBER},
    Operation.NUMBERS: {"objects": [{"number": NUMBER}], "meta": {"total_count": 1}},
}
