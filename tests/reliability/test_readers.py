"""Laws of readers and writers at once: one version each, never an older one, and of two writers one."""

from benchmarks.reliability import readers


def test_F07_of_two_writers_one_wins_and_the_other_is_told_its_name(tmp_path):
    wrong, raced, longest = readers.races(tmp_path / "raced", 4)
    assert (wrong, raced) == (0, 4)
    assert longest < 5


def test_F08_F09_readers_see_one_version_each_and_never_an_older_one_while_writers_publish_and_die(tmp_path):
    outcome = readers.while_published(tmp_path / "read", publishes=8, reads=40, a_writer=4)
    seen = outcome.seen
    assert (seen.mixed, seen.backward, seen.errors) == (0, 0, [])
    assert seen.reads >= 40
    assert outcome.publishes >= 8
    assert min(seen.versions) > 1
    assert outcome.stayed
    assert outcome.went
