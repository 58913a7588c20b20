"""Clients with short deadlines, and requests to send with them."""

import shutil
from collections.abc import Callable

import pytest

from bulk_onboard.api.client import Client, Deadlines
from bulk_onboard.api.credentials import Credentials, Secret
from tests.support.certificates import Certificates, make_certificates

AUTH_ID = "MA" + "T3ST0" * 3 + "XYZ"
AUTH_TOKEN = "a-token-that-nobody-may-see"


@pytest.fixture
def make_client() -> Callable[..., Client]:
    """Makes a client that gives up after 2 seconds, unless told otherwise."""

    def make(base_url: str, *, answer_s: float = 2, connect_s: float = 2, upload_speed: float = 1e9, **settings):
        deadlines = Deadlines(connect_s=connect_s, answer_s=answer_s, upload_speed=upload_speed)
        credentials = Credentials(AUTH_ID, Secret(AUTH_TOKEN))
        return Client(base_url, credentials, **{"concurrency": 8, "deadlines": deadlines} | settings)

    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A test authority, where there is an openssl command to make one."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make certificates with")
    return make_certificates(tmp_path_factory.mktemp("certificates"))
