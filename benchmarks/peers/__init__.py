"""Which programs are measured side by side?"""

from collections.abc import Callable

from benchmarks.peers.base import Peer
from benchmarks.peers.floors import BareHosts, PosixSpawn
from benchmarks.peers.ours import TeamSupervisor

PEERS: dict[str, Callable[[], Peer]] = {
    "posix_spawn loop": PosixSpawn,
    "bare hosts": BareHosts,
    "team-supervisor": TeamSupervisor,
}
