"""An issuer for test suites: real HTTP, real keys and tokens, no network and nothing to install besides the extra.

`pip install 'authjwks[testing]'`, then::

    @pytest.fixture(scope="session")
    def issuer():
        with authjwks.testing.Issuer() as issuer:
            yield issuer

    def test_editors_may_post(client, issuer):
        token = issuer.mint(roles=["editor"])
        assert client.post("/posts", headers={"Authorization": f"Bearer {token}"}).status_code == 201
"""

from authjwks.testing.issuer import Issuer, tampered
from authjwks.testing.keys import ALGORITHMS, SigningKey

__all__ = ["ALGORITHMS", "Issuer", "SigningKey", "tampered"]
