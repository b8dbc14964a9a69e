"""Date and time, at this place and in other cities."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo, available_timezones

from avatar_app.core.errors import InputInvalid
from avatar_app.tools.services import Services


def current_time(services: Services) -> dict[str, str]:
    """Tell the current local date and time."""
    now = services.clock()
    return {"datetime": now.isoformat(timespec="seconds"), "weekday": now.strftime("%A")}


def time_in_city(services: Services, city: str) -> dict[str, str]:
    """Tell the current date and time in another city of the world.

    Args:
        city: A large city in English, such as "Tokyo" or "New York".
    """
    wanted = city.strip().replace(" ", "_").casefold()
    zones = (zone for zone in available_timezones() if zone.casefold().endswith("/" + wanted))
    zone = min(zones, default=None)
    if zone is None:
        raise InputInvalid(
            f"I don't know the time in {city}.", "I know the large cities that time zones have."
        )
    moment = services.clock().astimezone(ZoneInfo(zone))
    return {"city": city, "datetime": moment.isoformat(timespec="seconds")}


def days_until(services: Services, day: date) -> int:
    """Count the days from today until a date; negative if it has passed.

    Args:
        day: The date, as YYYY-MM-DD.
    """
    return (day - services.clock().date()).days


TOOLS = (current_time, time_in_city, days_until)
