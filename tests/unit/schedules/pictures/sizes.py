"""What must be true of any picture, by the sizes of its shapes."""

from itertools import combinations

from schedules.pictures.drawing import Bounds, Picture, Text

HAIR = 0.01  # for what floating point numbers lose


def inside(picture: Picture) -> list[str]:
    """Return what reaches beyond the picture's edge."""
    return [
        group.tells
        for group in picture.groups
        for found in [group.bounds]
        if found.left < -HAIR
        or found.top < -HAIR
        or found.right > picture.width + HAIR
        or found.bottom > picture.height + HAIR
    ]


def text_overlaps(picture: Picture) -> list[tuple[str, str]]:
    """Return the words that lie over one another."""
    texts = [shape for group in picture.groups for shape in group.shapes if isinstance(shape, Text)]
    return [
        (one.words, other.words)
        for one, other in combinations(texts, 2)
        if _overlap(one.bounds, other.bounds)
    ]


def _overlap(one: Bounds, other: Bounds) -> bool:
    return (
        one.left + HAIR < other.right
        and other.left + HAIR < one.right
        and one.top + HAIR < other.bottom
        and other.top + HAIR < one.bottom
    )
