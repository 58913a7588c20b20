"""The API on this machine, for the tests of a program that uses `bulk_onboard` (docs/library.md, Tests).

sandbox     Sandbox: a context, with or without an event loop
businesses  invented businesses with their documents, as a DataFrame
fixtures    both as fixtures of pytest: pytest_plugins = ["bulk_onboard.testing.fixtures"]
"""

from bulk_onboard.testing.businesses import invented_businesses
from bulk_onboard.testing.sandbox import Sandbox, SandboxAccount, SandboxRecord

__all__ = ["Sandbox", "SandboxAccount", "SandboxRecord", "invented_businesses"]
