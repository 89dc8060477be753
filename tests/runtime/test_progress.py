"""Progress is plain lines outside of a terminal, and every item is passed on."""

from ballast.runtime import progress


def test_plain_lines_with_rate_and_remaining_time(capsys, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    assert list(progress.track(range(3), "work", unit="step")) == [0, 1, 2]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" [")[0] for line in lines] == ["work: 1/3", "work: 2/3", "work: 3/3"]  # one line for the end
    assert lines[0].startswith("work: 1/3 [00:00<") and "step/s" in lines[-1]


def test_work_that_goes_on_counts_from_where_it_was(capsys):
    assert list(progress.track(range(8, 11), "work", total=10, initial=7)) == [8, 9, 10]
    assert capsys.readouterr().err.startswith("work: 10/10")


def test_a_bar_in_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress.track(range(3), "work")) == [0, 1, 2]
    assert "100%" in capsys.readouterr().err
