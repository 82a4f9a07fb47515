"""The feed as a whole, under everything at once; bench/feed_soak.py is the same at full size."""

from tests.support.servers import Database
from tests.support.soak import Size, Soak

SMALL = Size(writers=4, events=2000, clients=10, api_kills=1, database_kills=0)


def test_every_client_ends_with_exactly_what_it_may_see(database: Database) -> None:
    soak = Soak(database.server, database.name, SMALL)
    clients = soak.run()
    for client in clients:
        assert client.got == soak.heard(client), client.claims
        assert client.resets == 0
    assert all(client.got for client in clients)
    assert sum(client.connections for client in clients) > 2 * len(clients), "they came and went"
