"""Which functions may run on the event loop: proven ones, until a run took too long by the processor's clock."""

from asudfd.lua.profile_guard import FUNCTIONS_MAX, HOLD_MAX, QUICK_RUNS, ProfileGuard

QUICK, SLOW = HOLD_MAX / 10, 2 * HOLD_MAX


def test_a_function_is_quick_after_one_quick_run_in_a_worker() -> None:
    guard = ProfileGuard()
    guard.note_ran(b"f", HOLD_MAX / 2)
    assert guard.quick == set()
    guard.note_ran(b"f", QUICK)
    assert guard.quick == {b"f"}


def test_a_slow_one_is_quick_again_after_some_quick_runs() -> None:
    guard = ProfileGuard()
    guard.note_ran(b"f", QUICK)
    guard.note_slow(b"f")
    assert (guard.quick, guard.slow) == (set(), {b"f": 0})
    for _ in range(QUICK_RUNS - 1):
        guard.note_ran(b"f", QUICK)
    assert guard.quick == set()
    guard.note_ran(b"f", QUICK)
    assert (guard.quick, guard.slow) == ({b"f"}, {})


def test_a_suspect_is_slow_only_by_the_processor_clock() -> None:
    guard = ProfileGuard()
    guard.note_late(b"f", 1.0)
    assert (list(guard.doubtful), list(guard.slow)) == ([b"f"], [])
    for _ in range(QUICK_RUNS):
        guard.note_late(b"f", QUICK)
    assert not guard.doubtful
    guard.note_late(b"f", 1.0)
    guard.note_late(b"f", SLOW)
    assert (list(guard.doubtful), list(guard.slow)) == ([], [b"f"])


def test_a_module_with_any_number_of_functions_fills_nothing() -> None:
    guard = ProfileGuard()
    for number in range(2 * FUNCTIONS_MAX):
        guard.note_ran(b"quick%d" % number, QUICK)
        guard.note_slow(b"slow%d" % number)
    assert len(guard.quick) == len(guard.slow) == FUNCTIONS_MAX


def test_one_that_was_not_quick_the_first_time_is_known() -> None:
    guard = ProfileGuard()
    assert guard.is_unknown(b"f")
    guard.note_ran(b"f", SLOW)
    assert not guard.is_unknown(b"f")
    guard.note_ran(b"f", SLOW)
    for _ in range(QUICK_RUNS - 1):
        guard.note_ran(b"f", QUICK)
    assert guard.quick == set()
    guard.note_ran(b"f", QUICK)
    assert guard.quick == {b"f"}


def test_a_demoted_one_stays_slow() -> None:
    guard = ProfileGuard()
    guard.demote([b"f"])
    guard.note_ran(b"f", SLOW)
    assert guard.demoted() == [b"f"]


def test_a_version_of_which_nothing_is_quick_has_only_slow_functions() -> None:
    guard = ProfileGuard()
    assert not guard.has_only_slow()
    guard.note_ran(b"slow", SLOW)
    assert guard.has_only_slow()
    guard.note_ran(b"quick", QUICK)
    assert not guard.has_only_slow()
