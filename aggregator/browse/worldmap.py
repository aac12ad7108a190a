"""Points of the earth on the flat map of the datelines page. Pure.

The projection is Natural Earth (Šavrič, Jenny, Patterson 2011): it gives Europe, where dots crowd, more room
than one of true areas would. ``bench/coastline.py`` draws the coast of ``templates/_coast.svg`` by it too.
"""

from __future__ import annotations

from math import radians

#: The map in units of its viewBox; Antarctica, where no dateline lies, is cut off.
WIDTH, HEIGHT = 1000, 440
#: Where the equator runs.
_EQUATOR = 265.0
#: Half the world's width on the equator, before it is scaled.
_HALF_WIDTH = radians(180) * 0.8707


def project(latitude: float, longitude: float) -> tuple[float, float]:
    """Where a point lies on the map: x to the right, y downwards."""
    phi = radians(latitude)
    x = radians(longitude) * (
        0.8707 - 0.131979 * phi**2 - 0.013791 * phi**4 + 0.003971 * phi**10 - 0.001529 * phi**12
    )
    y = phi * (1.007226 + 0.015085 * phi**2 - 0.044475 * phi**6 + 0.028874 * phi**8 - 0.005916 * phi**10)
    scale = WIDTH / 2 / _HALF_WIDTH
    return WIDTH / 2 + x * scale, _EQUATOR - y * scale
