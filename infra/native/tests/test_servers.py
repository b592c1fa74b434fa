import psycopg
from native.bare import NatsServer, PostgresServer


def test_a(postgres_server: PostgresServer, nats_server: NatsServer, guarded_nats_server: NatsServer):
    with psycopg.connect(postgres_server.create_database()) as c:
        print(c.execute("select version()").fetchone())
