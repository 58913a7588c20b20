"""What differs between the API's two contracts for those who file a business with an SDK; businesses are invented."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.businesses import document

Json = dict[str, Any]

ASKED_FOR = {"country_iso": "IN", "number_type": "local", "user_type": "business"}

_PERSON = {"type": "business", "email": "desk@example.com", "registration_number": "U72200KA2020PTC123456"}
_ADDRESS = {
    "line1": "12 Sample Road",
    "city": "Bengaluru",
    "state": "Karnataka",
    "postal_code": "560001",
    "country": "IN",
}
_FLAT = {"line1": "address_line1"}  # where released has another name for a part of an address
_FIXED = frozenset({"country_iso", "number_type", "callback_url"})  # not in an update


@dataclass(frozen=True, slots=True)
class Filing:
    """What an SDK's user sends: the members of `data`, and a file for each document, None where it has none."""

    contract: "Contract"
    name: str
    data: Json
    files: tuple[Path | None, ...]

    @property
    def arguments(self) -> Json:
        """The arguments of a create or an update by an SDK."""
        return {"data": self.data, "files": [file and str(file) for file in self.files]}

    @property
    def kept(self) -> Json:
        """The end user as the sandbox keeps it, which is one form for both contracts."""
        return BETA.end_user(self.name)

    @property
    def contents(self) -> list[bytes]:
        """The bytes of the files."""
        return [file.read_bytes() for file in self.files if file]

    def but(self, **members: Any) -> "Filing":
        """Return the filing with other members."""
        return replace(self, data=self.data | members)

    def with_documents(self, ordered: Callable[[list[Any]], Iterable[Any]]) -> "Filing":
        """Return it with its documents in another order."""
        documents = [*ordered(self.data["documents"])]
        return replace(self.but(documents=documents), files=tuple(ordered([*self.files])))

    def update(self) -> "Filing":
        """Return what sends all of it again, without what an update must not have."""
        data = {name: value for name, value in self.data.items() if name not in _FIXED}
        fixed = self.contract.fixed_of_end_user
        end_user = {name: value for name, value in data["end_user"].items() if name not in fixed}
        return replace(self, data=data | {"end_user": end_user})

    def renewed(self) -> "Filing":
        """Return it with other files."""
        files = (file and _written(file.with_stem(f"renewed {file.stem}")) for file in self.files)
        return replace(self, files=tuple(files))


@dataclass(frozen=True, slots=True)
class Contract:
    """One vocabulary of the API.

    Attributes:
        pending, approved, rejected: what it calls these reviews.
        wrapper: the member of an answer to a get that holds the record; empty where the answer is the record.
        record_of_number: the member of a number that names its record.
        refused: HTTP statuses of what is refused.
        end_user: of a business of that name.
        fixed_of_end_user: its members that an update must not have.
        documents_of: what an answer to requirements asks for, each with whether it needs a file.
    """

    name: str
    pending: str
    approved: str
    rejected: str
    wrapper: str
    record_of_number: str
    refused: Mapping[str, int] = field(repr=False)
    end_user: Callable[[str], Json] = field(repr=False)
    fixed_of_end_user: frozenset[str]
    documents_of: Callable[[Json, str], Iterator[tuple[Json, bool]]] = field(repr=False)

    def filing(self, requirements: Json, folder: Path, alias: str = "Sample", number_type: str = "local") -> Filing:
        """Return what files a business, with all that an answer to requirements asks for."""
        name = f"{alias} Traders Private Limited"
        asked = [*self.documents_of(requirements, name)]
        data = {
            "country_iso": ASKED_FOR["country_iso"],
            "number_type": number_type,
            "alias": alias,
            "end_user": self.end_user(name),
            "documents": [entry for entry, _ in asked],
        }
        files = (_written(folder / f"{alias} {i}.pdf") if needs else None for i, (_, needs) in enumerate(asked))
        return Filing(self, name, data, tuple(files))


def _written(path: Path) -> Path:
    path.write_bytes(document(path.name) + b"\r\n--\r\n\x00\xff\r\n")
    return path


def _nested(name: str) -> Json:
    return {**_PERSON, "name": name, "address": _ADDRESS}


def _flat(name: str) -> Json:
    return {**_PERSON, "name": name, **{_FLAT.get(part, part): text for part, text in _ADDRESS.items()}}


def _documents_of_beta(requirements: Json, name: str) -> Iterator[tuple[Json, bool]]:
    for asked in requirements["number_types"][0]["user_types"][0]["required_documents"]:
        yield {"type": asked["type"]}, True


def _documents_of_released(requirements: Json, name: str) -> Iterator[tuple[Json, bool]]:
    for asked in requirements["document_types"]:
        entry = {"document_type_id": asked["document_type_id"]}
        fields = {one["field_name"]: _filled(one, name) for one in asked["required_fields"]}
        yield {**entry, **({"data_fields": fields} if fields else {})}, asked["proof_required"]


def _filled(asked: Json, name: str) -> str:
    if asked["field_name"] == "business_name":
        return name
    if asked["field_type"] == "enum":
        first, *_ = asked["enums"].split(",")
        return first.strip()
    return "2024-02-29" if asked["field_type"] == "date" else "ABCDE1234F"


BETA = Contract(
    name="beta",
    pending="pending_review",
    approved="approved",
    rejected="rejected",
    wrapper="",
    record_of_number="compliance_id",
    refused={"no such number type": 400, "no document": 422, "under review": 409, "not there": 404, "password": 401},
    end_user=_nested,
    fixed_of_end_user=frozenset(),
    documents_of=_documents_of_beta,
)
RELEASED = Contract(
    name="released",
    pending="submitted",
    approved="accepted",
    rejected="rejected",
    wrapper="compliance",
    record_of_number="compliance_application_id",
    refused={"no such number type": 400, "no document": 400, "under review": 400, "not there": 404, "password": 401},
    end_user=_flat,
    fixed_of_end_user=frozenset({"type"}),
    documents_of=_documents_of_released,
)
CONTRACTS = {contract.name: contract for contract in (BETA, RELEASED)}
