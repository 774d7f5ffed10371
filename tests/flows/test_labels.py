"""Laws of labels: none covers another, a point or the edge; whoever comes first is served first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.labels import LINE, place, text_width

FONT, RADIUS, SIZE = 12, 4, (300, 200)


def boxes(placed, widths):
    shift = {"left": 0, "center": 0.5, "right": 1}
    found = []
    for label in placed:
        start = label.x - shift[label.align] * widths[label.row]
        found.append((start, label.y - LINE * FONT / 2, start + widths[label.row], label.y + LINE * FONT / 2))
    return found


def overlap(a, b):
    gap = 1e-9
    return a[0] < b[2] - gap and b[0] < a[2] - gap and a[1] < b[3] - gap and b[1] < a[3] - gap


@given(
    st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200), st.floats(5, 120)), min_size=1, max_size=40),
    st.randoms(use_true_random=False),
)
def test_no_label_covers_another_a_point_or_the_edge(rows, random):
    points, widths = np.array([row[:2] for row in rows]), [row[2] for row in rows]
    order = random.sample(range(len(rows)), len(rows))
    placed = place(points, widths, order, size=SIZE, radius=RADIUS, font=FONT)
    found = boxes(placed, widths)
    for i, box in enumerate(found):
        assert min(box[:2]) >= -1e-9
        assert box[2] <= SIZE[0] + 1e-9
        assert box[3] <= SIZE[1] + 1e-9
        assert not any(overlap(box, other) for other in found[:i])
        for row, (x, y) in enumerate(points):
            mark = (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS)
            assert row == placed[i].row or not overlap(box, mark)


def test_the_first_in_order_has_the_place_that_two_want():
    points = np.array([[5.0, 10.0], [25.0, 10.0]])  # one line high, and room for one label between them
    for order, first in (([0, 1], 0), ([1, 0], 1)):
        placed = place(points, [5, 5], order, size=(30, 20), radius=4, font=12)
        assert [label.row for label in placed] == [first]


def test_where_there_is_room_every_point_has_its_label():
    points = np.stack(np.meshgrid(np.arange(50.0, 950, 100), np.arange(50.0, 650, 50)), axis=-1).reshape(-1, 2)
    placed = place(points, [60] * len(points), range(len(points)), size=(1000, 700), radius=4, font=12)
    assert sorted(label.row for label in placed) == list(range(len(points)))


def test_no_point_no_label():
    assert place(np.zeros((0, 2)), [], [], size=SIZE, radius=4, font=12) == []


@pytest.mark.parametrize(("narrow", "wide"), [("ill", "mmm"), ("ab", "東京"), ("house", "houses")])
def test_more_and_wider_letters_are_wider(narrow, wide):
    assert text_width(narrow, 12) < text_width(wide, 12)
    assert text_width(narrow, 24) == pytest.approx(2 * text_width(narrow, 12))


def test_marks_take_no_room():
    assert text_width("e\u0301", 12) == text_width("e", 12)
