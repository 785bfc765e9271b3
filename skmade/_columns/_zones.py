"""Time zones: what clocks on the wall show at moments of UTC, and back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

_EPOCH = datetime(1970, 1, 1)
# Seconds after the epoch that `datetime` knows, less a day at both ends.
_FIRST, _LAST = -62_135_510_400, 253_402_214_400


def named_zone(name):
    """The name of a time zone whose clocks are known; else None, as of fixed distances to UTC."""
    try:
        return ZoneInfo(name).key if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def on_the_wall(moments, zone):
    """What clocks of a zone show at moments, an array of datetime64 without NaT; midnight also
    where they leap over it, at the first moment of the day."""
    of_zone, moments = _clocks(zone), _within(moments)
    shown = moments + _spans(
        moments, lambda moment: moment.replace(tzinfo=UTC).astimezone(of_zone).utcoffset()
    )
    midnight = shown.astype("datetime64[D]").astype(shown.dtype)
    return np.where(from_the_wall(midnight, zone) == moments, midnight, shown)


def from_the_wall(shown, zone):
    """Moments at which clocks of a zone show something: the first of two; where they leap over it,
    as if they had not yet."""
    of_zone, shown = _clocks(zone), _within(shown)
    return shown - _spans(shown, lambda wall: wall.replace(tzinfo=of_zone).utcoffset())


def _clocks(zone):
    try:
        return ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        raise ValueError(
            f"A column was in the time zone {zone!r} in fit, whose clocks are not known on this "
            "machine: install tzdata."
        ) from None


def _within(moments):
    """Moments that are two days at least from the first and last of their unit."""
    two_days = np.timedelta64(2, "D").astype(f"m8[{np.datetime_data(moments.dtype)[0]}]")
    most = 2**63 - 1 - int(two_days.astype(np.int64))
    return moments.view(np.int64).clip(-most, most).view(moments.dtype)


def _spans(moments, span_of):
    """Spans of time that belong to moments, in whole seconds."""
    seconds = moments.astype("datetime64[s]").view(np.int64).clip(_FIRST, _LAST)
    seconds, place = np.unique(seconds, return_inverse=True)
    spans = [span_of(_EPOCH + timedelta(seconds=second)) for second in seconds.tolist()]
    made = np.array([span.total_seconds() for span in spans], np.int64)
    return made[place].astype("timedelta64[s]")
