"""Which programs are measured side by side?"""

from collections.abc import Callable, Mapping

from benchmarks.peers.base import Peer
from benchmarks.peers.circus import Circus
from benchmarks.peers.floors import BareHosts, PosixSpawn
from benchmarks.peers.ours import TeamSupervisor
from benchmarks.peers.pm2 import Pm2
from benchmarks.peers.supervisord import Supervisord
from benchmarks.peers.task_spooler import TaskSpooler

PEERS: Mapping[str, Callable[[], Peer]] = {
    PosixSpawn.name: PosixSpawn,
    BareHosts.name: BareHosts,
    TeamSupervisor.name: TeamSupervisor,
    Supervisord.name: Supervisord,
    Circus.name: Circus,
    Pm2.name: Pm2,
    TaskSpooler.name: TaskSpooler,
}
