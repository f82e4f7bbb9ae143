import threading

from team_supervisor.adapters.mover import Mover


def test_one_job_at_a_time_and_none_is_cut_short() -> None:
    mover, go, done = Mover(), threading.Event(), []

    def job(stop: threading.Event) -> None:
        go.wait(10)
        done.append(stop.is_set())

    assert mover.start(job)
    assert not mover.start(job)
    go.set()
    mover.close()
    assert len(done) == 1


def test_a_job_hears_that_it_is_to_end() -> None:
    mover, ended = Mover(), []
    mover.start(lambda stop: ended.append(stop.wait(10)))
    mover.close()
    assert ended == [True]


def test_what_went_wrong_is_told_once_and_a_missing_file_is_nothing_wrong() -> None:
    mover = Mover()

    def fails(error: Exception) -> None:
        def job(stop: threading.Event) -> None:
            raise error

        mover.start(job)
        mover.close()

    fails(OSError(28, "No space left on device"))
    assert mover.problem() == "[Errno 28] No space left on device"
    fails(FileNotFoundError("archived"))
    assert mover.problem() is None
