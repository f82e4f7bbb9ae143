"""Does each peer that is installed start, keep and end agents?"""

import pytest

from benchmarks import processes
from benchmarks.peers import PEERS
from benchmarks.stage import ground, stage


@pytest.mark.parametrize("name", PEERS)
def test_all_agents_run_and_all_end(name: str) -> None:
    peer = PEERS[name]()
    if why := peer.missing():
        pytest.skip(why)
    with ground() as where, stage(where) as here:
        peer.open(here, 2)
        peer.start()
        agents = {each.pid for each in here.arrivals.wait(2)}
        peer.settle()
        assert agents <= here.processes()
        ends = processes.Ends({*agents, *peer.beside()})
        peer.stop()
        ends.wait()
        peer.settle()
        peer.close()


def test_what_was_left_on_a_stage_is_ended_and_its_ground_removed() -> None:
    with ground() as where:
        with stage(where) as here:
            PEERS["posix_spawn loop"]().open(here, 1)
            assert here.processes()
        assert here.processes() == set()
    assert not where.root.exists()
