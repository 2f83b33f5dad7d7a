"""The regions of the body that an exam covers, from the head down."""

from collections.abc import Iterable
from enum import StrEnum
from itertools import chain


class Region(StrEnum):
    """A whole region; an organ or a part of one is none. The values are those of protocols."""

    HEAD = "head"
    NECK = "neck"
    CHEST = "chest"
    ABDOMEN = "abdomen"
    PELVIS = "pelvis"
    LOWER_LIMB = "lower_limb"


Regions = frozenset[Region]
NO_REGION: Regions = frozenset()


def union(several: Iterable[Regions]) -> Regions:
    return frozenset(chain.from_iterable(several))


def from_head_down(regions: Regions) -> tuple[Region, ...]:
    """Return the regions in the order of the body."""
    return tuple(region for region in Region if region in regions)


def filled(regions: Regions) -> Regions:
    """Return the regions and all that lie between the highest and the lowest of them."""
    order = list(Region)
    places = [order.index(region) for region in regions]
    return frozenset(order[min(places) : max(places) + 1])
