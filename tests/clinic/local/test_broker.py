import redis
from kombu import Connection

from clinic.local.broker import Valkey
from clinic.settings import cache_location


def test_it_carries_messages_and_a_cache_apart(home, start_process):
    start_process(Valkey(home))
    with Connection(home.broker_url) as connection, connection.SimpleQueue("errands") as queue:
        queue.put({"id": 1})
        assert queue.get(timeout=60).payload == {"id": 1}
    with redis.Redis.from_url(cache_location(home.broker_url)) as cache:
        cache.set("key", "value")
    with redis.Redis(unix_socket_path=str(home.broker_socket), db=0) as messages:
        assert messages.get("key") is None


def test_it_recovers_from_kill_9_and_its_stale_socket(home, start_process):
    server = start_process(Valkey(home))
    server.kill()
    assert home.broker_socket.exists()
    server.start()
    server.wait_until_answering(120)


def test_a_stop_leaves_neither_process_nor_socket(home, start_process):
    server = start_process(Valkey(home))
    server.stop()
    assert not server.alive
    assert not home.broker_socket.exists()


def test_nobody_else_may_connect(home, start_process):
    start_process(Valkey(home))
    assert home.broker_socket.stat().st_mode & 0o077 == 0
