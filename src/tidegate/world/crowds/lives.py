"""What each kind of crowd does."""

from collections.abc import Callable

from tidegate.world.crowds import meetings, waves, work
from tidegate.world.crowds.crowd import Crowd
from tidegate.world.scene import Scene

_LIVES: dict[str, Callable[[Scene, Crowd], None]] = {
    "school": waves.attend_school,
    "family": waves.live_as_family,
    "festival": waves.celebrate,
    "carrier_nat": waves.arrive_by_promotion,
    "company": work.run_company,
    "couriers": work.deliver,
    "chain": work.run_chain,
    "conference": meetings.confer,
    "volunteers": meetings.canvass,
    "parents": meetings.reorganise,
}


def live(scene: Scene, crowds: list[Crowd]) -> None:
    """Everything the crowds do. Those who complain wait for their spammer (``crowds.flash``)."""
    for crowd in crowds:
        if crowd.kind in _LIVES:
            _LIVES[crowd.kind](scene, crowd)
