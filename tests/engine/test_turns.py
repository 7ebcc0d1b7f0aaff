"""Turns: so many at a time, and nobody overtakes."""

import threading
import time

from grader.engine.turns import Turns


def test_who_gives_a_turn_back_waits_behind_the_others() -> None:
    turns = Turns(1)
    served: list[int] = []

    def wait(number: int) -> None:
        with turns:
            served.append(number)

    turns.acquire()
    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        while len(turns._waiting) <= number:
            time.sleep(0.001)
    turns.release()
    with turns:
        assert served == [0, 1, 2, 3, 4]
    for thread in threads:
        thread.join()


def test_so_many_have_a_turn_and_no_more() -> None:
    turns = Turns(3)
    at_once, most = 0, 0
    counting = threading.Lock()

    def work() -> None:
        nonlocal at_once, most
        for _ in range(50):
            with turns:
                with counting:
                    at_once += 1
                    most = max(most, at_once)
                time.sleep(0.0005)
                with counting:
                    at_once -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3
    # All of them were given back.
    for _ in range(3):
        turns.acquire()
    assert not turns._waiting
