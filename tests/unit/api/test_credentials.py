"""Credentials: from the environment or a file, never shown."""

import base64
import os
import traceback
from pathlib import Path

import pytest

from bulk_onboard.api.credentials import (
    Credentials,
    Secret,
    are_at_hand,
    credentials_from,
    credentials_of_all,
    doubt_about,
    look_up,
    places_of,
)
from bulk_onboard.errors import UsageError

AUTH_ID = "MA" + "X" * 18
GOOD = {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN": "canary-token"}


def test_read_from_the_environment():
    """Both variables are read, blanks around them dropped, and nothing is said of good ones."""
    warnings: list[str] = []

    credentials = credentials_from({**GOOD, "PLIVO_AUTH_TOKEN": " canary-token\n"}, warn=warnings.append)

    assert (AUTH_ID, "canary-token") == (credentials.auth_id, credentials.auth_token.reveal())
    assert [] == warnings


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN"),
        ({**GOOD, "PLIVO_AUTH_ID": ""}, "export PLIVO_AUTH_ID,"),
        ({**GOOD, "PLIVO_AUTH_TOKEN": " \t"}, "export PLIVO_AUTH_TOKEN,"),
    ],
)
def test_missing(environ, named):
    """What is missing or blank is named, with what to do."""
    with pytest.raises(UsageError, match=named):
        credentials_from(environ)


@pytest.mark.parametrize(
    ("auth_id", "warned"),
    [(AUTH_ID, 0), ("SA" + "9" * 18, 1), ("MA" + "X" * 17, 1), ("ma" + "x" * 18, 1), ("XX" + "X" * 18, 1)],
)
def test_odd_account(auth_id, warned):
    """An auth_id of another shape, or a sub-account's, is warned about and used."""
    warnings: list[str] = []

    credentials = credentials_from({**GOOD, "PLIVO_AUTH_ID": auth_id}, warn=warnings.append)

    assert (auth_id, warned) == (credentials.auth_id, len(warnings))
    assert auth_id not in "".join(warnings)


def test_authorization():
    """The header is HTTP Basic of both."""
    assert "Basic " + base64.b64encode(b"me:secret").decode() == Credentials("me", Secret("secret")).authorization()


def test_printed_nowhere():
    """Neither repr, str, format nor a traceback shows the token, and repr shows no account."""
    credentials = credentials_from(GOOD)
    token = credentials.auth_token
    try:
        raise ValueError(f"{credentials} {token!r} {token!s} {[token]}")
    except ValueError:
        shown = traceback.format_exc()

    assert "canary" not in shown
    assert AUTH_ID not in repr(credentials)


OTHER_ID = "MA" + "Y" * 18


class Rig:
    """A folder of files, the environment that leads to them, and the warnings that were given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ: dict[str, str] = {}
        self.warnings: list[str] = []

    def put(self, name: str, content: bytes, mode: int = 0o600) -> Path:
        """A file with this content."""
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def name(self, variable: str, content: bytes, mode: int = 0o600) -> None:
        """A file, and the variable that names it."""
        self.environ[f"{variable}_FILE"] = str(self.put(variable, content, mode))

    def pair(self) -> tuple[str, str]:
        """Account and token as they are found."""
        found = credentials_from(self.environ, warn=self.warnings.append)
        return found.auth_id, found.auth_token.reveal()


@pytest.fixture
def context(tmp_path: Path) -> Rig:
    """An empty desk."""
    return Rig(tmp_path)


def test_files_that_are_named(context):
    """Both are read from the files of the two variables, without the newline at their ends."""
    context.name("PLIVO_AUTH_ID", AUTH_ID.encode() + b"\r\n")
    context.name("PLIVO_AUTH_TOKEN", b"canary token\n")

    assert (AUTH_ID, "canary token") == context.pair()
    assert [] == context.warnings


def test_files_that_systemd_puts_there(context):
    """Without any variable but $CREDENTIALS_DIRECTORY; who may read these files is systemd's business."""
    context.environ["CREDENTIALS_DIRECTORY"] = str(context.folder)
    context.put("plivo_auth_id", AUTH_ID.encode(), 0o444)
    context.put("plivo_auth_token", b"canary", 0o444)

    assert (AUTH_ID, "canary") == context.pair()
    assert [] == context.warnings


def test_environment_comes_first_then_the_named_file(context):
    """Of three accounts the variable's is taken; without it, or where it is blank, the named file's."""
    context.environ |= {"CREDENTIALS_DIRECTORY": str(context.folder), "PLIVO_AUTH_TOKEN": "canary"}
    context.put("plivo_auth_id", b"third")
    context.name("PLIVO_AUTH_ID", OTHER_ID.encode())

    named = context.pair()
    context.environ["PLIVO_AUTH_ID"] = " "
    blank = context.pair()
    context.environ["PLIVO_AUTH_ID"] = AUTH_ID
    variable = context.pair()

    assert [OTHER_ID, OTHER_ID, AUTH_ID] == [named[0], blank[0], variable[0]]


@pytest.mark.parametrize(("mode", "warned"), [(0o600, 0), (0o440, 0), (0o644, 1), (0o602, 1)])
def test_file_that_is_open_to_others(context, mode, warned):
    """It is used, and warned about with the command that fixes it."""
    context.environ["PLIVO_AUTH_ID"] = AUTH_ID
    context.name("PLIVO_AUTH_TOKEN", b"canary", mode)

    assert "canary" == context.pair()[1]
    assert warned == len(context.warnings)
    assert all("chmod o= " in sentence and "canary" not in sentence for sentence in context.warnings)


def test_named_file_in_systemds_folder_is_systemds(context):
    """A unit may name its credentials by variable, too; nobody is warned of their mode."""
    context.environ |= {"PLIVO_AUTH_ID": AUTH_ID, "CREDENTIALS_DIRECTORY": str(context.folder)}
    context.name("PLIVO_AUTH_TOKEN", b"canary", 0o444)

    context.pair()

    assert [] == context.warnings


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty. Write PLIVO_AUTH_TOKEN"),
        (b" \n", "is empty"),
        (b"\n\n", "is empty"),
        (b"canary\ncanary\n", "more than one line"),
        (b"canary\xff", "more than one line"),
        (b"canary" * 1000, "more than one line"),
    ],
)
def test_file_that_will_not_do(context, content, why):
    """The sentence tells which place it is and what to do, and nothing of what stands there."""
    context.environ |= {"PLIVO_AUTH_ID": AUTH_ID, "CREDENTIALS_DIRECTORY": str(context.folder)}
    context.put("plivo_auth_token", b"good")
    context.name("PLIVO_AUTH_TOKEN", content)

    with pytest.raises(UsageError, match=why) as told:
        context.pair()

    assert "PLIVO_AUTH_TOKEN_FILE" in str(told.value)
    assert "canary" not in str(told.value)


def test_token_in_place_of_a_path_is_not_printed(context):
    """Whoever exports the token under the file's variable is told that there is no such file, without the token."""
    context.environ |= {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN_FILE": "canary"}

    with pytest.raises(UsageError, match="No such file") as told:
        context.pair()

    assert "canary" not in str(told.value)
    assert told.value.__cause__ is None


def test_folder_in_place_of_a_file(context):
    """A folder holds no credential."""
    context.environ |= {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN_FILE": str(context.folder)}

    with pytest.raises(UsageError, match="Is a directory"):
        context.pair()


def test_pipe_of_a_password_store(context):
    """`PLIVO_AUTH_TOKEN_FILE=<(pass show api)` works: a pipe is read once and warned about never."""
    reading, writing = os.pipe()
    os.write(writing, b"canary\n")
    os.close(writing)
    context.environ |= {"PLIVO_AUTH_ID": AUTH_ID, "PLIVO_AUTH_TOKEN_FILE": f"/dev/fd/{reading}"}

    try:
        assert "canary" == context.pair()[1]
    finally:
        os.close(reading)
    assert [] == context.warnings


def test_missing_ones_name_the_files_variables(context):
    """Where systemd's folder has only one of them, the other is missing, with both ways to give it."""
    context.environ["CREDENTIALS_DIRECTORY"] = str(context.folder)
    context.put("plivo_auth_id", AUTH_ID.encode())

    with pytest.raises(UsageError, match=r"export PLIVO_AUTH_TOKEN,.*PLIVO_AUTH_TOKEN_FILE\."):
        context.pair()


def test_at_hand(context):
    """An account in any of the places counts; an empty environment, and systemd's folder without it, do not."""
    path = context.put("plivo_auth_id", AUTH_ID.encode())

    at_hand = [
        are_at_hand(environ)
        for environ in (
            {},
            {"PLIVO_AUTH_ID": " "},
            {"CREDENTIALS_DIRECTORY": "elsewhere"},
            {"PLIVO_AUTH_ID": AUTH_ID},
            {"PLIVO_AUTH_ID_FILE": str(path)},
            {"PLIVO_AUTH_ID_FILE": "missing"},
            {"CREDENTIALS_DIRECTORY": str(context.folder)},
        )
    ]

    assert [False] * 3 + [True] * 4 == at_hand


@pytest.mark.parametrize(
    ("content", "why"), [(b"a://canary\xff", "of text"), (b"a://x\n" * 1000, "4,096 bytes"), (b"\n", "empty")]
)
def test_several_in_one_file(context, content, why):
    """Lines are taken where they belong; what is no text, too much or nothing is refused."""
    context.name("SEVERAL", b"a://canary\nb://canary c://canary\n")
    found = look_up("SEVERAL", context.environ, warn=context.warnings.append, several=True)
    context.name("SEVERAL", content)

    with pytest.raises(UsageError, match=why) as told:
        look_up("SEVERAL", context.environ, warn=context.warnings.append, several=True)

    assert "a://canary\nb://canary c://canary" == found
    assert "canary" not in str(told.value)


def test_places_are_told_in_words_and_never_what_is_in_them(context):
    """The environment goes first; what is kept nowhere is left out."""
    context.environ |= {"CREDENTIALS_DIRECTORY": str(context.folder), "PLIVO_AUTH_ID": AUTH_ID}
    only_id = places_of(context.environ)
    context.put("plivo_auth_token", b"canary")
    by_systemd = places_of(context.environ)
    context.name("PLIVO_AUTH_TOKEN", b"canary")

    assert {"PLIVO_AUTH_ID": "the environment"} == only_id
    assert "$CREDENTIALS_DIRECTORY/plivo_auth_token" == by_systemd["PLIVO_AUTH_TOKEN"]
    assert "the file that PLIVO_AUTH_TOKEN_FILE names" == places_of(context.environ)["PLIVO_AUTH_TOKEN"]


# Accounts of a job


def of(account: str, auth_id: str = AUTH_ID) -> dict[str, str]:
    """The environment with an account's credentials in it."""
    return {f"PLIVO_AUTH_ID_{account}": auth_id, f"PLIVO_AUTH_TOKEN_{account}": f"token-of-{account}"}


def in_folder(context: Rig, account: str, **texts: str) -> None:
    """A folder of accounts with this one in it."""
    context.environ["PLIVO_ACCOUNTS"] = str(context.folder / "accounts")
    (context.folder / "accounts" / account).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        context.put(f"accounts/{account}/{name}", text.encode())


def test_account_has_its_name_behind(context):
    """In the environment, in the variable of a file, and in systemd's folder; each credential by itself."""
    context.environ = {"PLIVO_AUTH_ID_ACME_LTD": AUTH_ID, "CREDENTIALS_DIRECTORY": str(context.folder)}
    context.put("plivo_auth_token_acme_ltd", b"by-systemd")
    by_systemd = credentials_from(context.environ, account="Acme-Ltd")
    context.name("PLIVO_AUTH_TOKEN_ACME_LTD", b"by-file\n")
    by_file = credentials_from(context.environ, account="acme-ltd")

    assert (AUTH_ID, "by-systemd") == (by_systemd.auth_id, by_systemd.auth_token.reveal())
    assert "by-file" == by_file.auth_token.reveal()


def test_folder_of_accounts_is_the_last_place(context):
    """A folder for each account, with a file for each credential, called as the job file calls the account."""
    in_folder(context, "acme-ltd", auth_id=AUTH_ID, auth_token="from-folder\n")

    found = credentials_from(context.environ, account="acme-ltd")
    places = places_of(context.environ, "acme-ltd")
    context.environ |= of("ACME_LTD", OTHER_ID)

    assert (AUTH_ID, "from-folder") == (found.auth_id, found.auth_token.reveal())
    assert "$PLIVO_ACCOUNTS/acme-ltd/auth_id" == places["PLIVO_AUTH_ID_ACME_LTD"]
    assert OTHER_ID == credentials_from(context.environ, account="acme-ltd").auth_id


def test_account_never_has_the_credentials_without_a_name(context):
    """Or its rows would be filed in another account; nor has a job without accounts those with one."""
    context.environ = {**GOOD, **of("BRAVO"), "PLIVO_ACCOUNTS": str(context.folder)}
    for name in ("auth_id", "auth_token"):
        context.put(name, b"x")

    with pytest.raises(UsageError, match=r"of account acme are missing: export PLIVO_AUTH_ID_ACME and PLIVO_AUTH_TOK"):
        credentials_from(context.environ, account="acme")
    with pytest.raises(UsageError, match=r"export PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN, .*PLIVO_AUTH_TOKEN_FILE\.$"):
        credentials_from(of("ACME") | {"PLIVO_ACCOUNTS": str(context.folder)})
    assert [False, True] == [are_at_hand(context.environ, account) for account in ("acme", "bravo")]


def test_unusable_file_in_the_folder_of_accounts_is_told(context):
    """By its place in the folder; one that others can read is warned about."""
    in_folder(context, "acme", auth_id=AUTH_ID, auth_token="")

    with pytest.raises(UsageError, match=r"\$PLIVO_ACCOUNTS/acme/auth_token is empty"):
        credentials_from(context.environ, account="acme")
    context.put("accounts/acme/auth_token", b"canary", 0o644)
    credentials_from(context.environ, account="acme", warn=context.warnings.append)

    (warning,) = context.warnings
    assert warning.startswith("$PLIVO_ACCOUNTS/acme/auth_token can be read by others")


def test_credentials_of_all_accounts(context):
    """By their names; of a job without accounts there is one without."""
    context.environ = of("ACME") | of("BRAVO", OTHER_ID)

    found = credentials_of_all(["acme", "bravo"], context.environ)

    assert [("acme", AUTH_ID), ("bravo", OTHER_ID)] == [(name, each.auth_id) for name, each in found.items()]
    assert AUTH_ID == credentials_of_all([""], GOOD)[""].auth_id


def test_all_that_are_missing_are_told_at_once(context):
    """With what to export for each, and what is wrong with the files of others."""
    context.environ = {"PLIVO_AUTH_ID_BRAVO": OTHER_ID, **of("CHARLIE"), "PLIVO_AUTH_TOKEN_DELTA_FILE": "missing"}

    with pytest.raises(UsageError) as told:
        credentials_of_all(["acme", "bravo", "charlie", "delta"], context.environ)

    exports = "acme: PLIVO_AUTH_ID_ACME and PLIVO_AUTH_TOKEN_ACME; bravo: PLIVO_AUTH_TOKEN_BRAVO."
    assert f"missing for 2 accounts. Export these, from the API's console, and try again: {exports}" in str(told.value)
    assert "Account delta: The file that PLIVO_AUTH_TOKEN_DELTA_FILE names cannot be read" in str(told.value)
    assert "acme/auth_id and acme/auth_token" in str(told.value)


def test_folder_of_accounts_that_is_not_there_is_told():
    """Where somebody relies on it, and only then."""
    environ = {"PLIVO_ACCOUNTS": "/not/there"}

    with pytest.raises(UsageError, match="PLIVO_ACCOUNTS is set, but names no folder"):
        credentials_of_all(["acme", "bravo"], environ)
    assert AUTH_ID == credentials_from(environ | of("ACME"), account="acme").auth_id


def test_two_accounts_with_one_auth_id_are_refused(context):
    """They would share one quota, and each would go as fast as if it had it alone."""
    context.environ = of("ACME") | of("BRAVO", OTHER_ID) | of("CHARLIE")

    with pytest.raises(UsageError, match=r"acme and charlie have one auth_id.*PLIVO_AUTH_ID_ACME and PLIVO_AUTH_ID_CH"):
        credentials_of_all(["acme", "bravo", "charlie"], context.environ)


def test_doubt_names_the_accounts_variable(context):
    """One that does not look like an auth_id, and a sub-account's."""
    credentials_from(of("ACME", "x"), warn=context.warnings.append, account="acme")

    (warning,) = context.warnings
    assert warning.startswith("PLIVO_AUTH_ID_ACME does not look like one")
    assert doubt_about("SA" + "9" * 18, "acme").startswith("PLIVO_AUTH_ID_ACME is a sub-account's")
