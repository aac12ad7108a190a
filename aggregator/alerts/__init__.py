"""Saved searches that send what is new: after a round each is asked of what has come since it last looked.

::

    versions ──since the last look──▶ query ─ids─▶ decide ─Notice…─▶ record_look    one transaction an alert
    deliveries ──due──▶ compose ─Message─▶ send ─▶ record_sent                       one transaction each

What is to be sent is written down before it is sent, together with how far the alert has looked: a crash
loses nothing. A crash between sending and noting it sends once more, with the same id, by which receivers
can tell; into a file nothing is written twice.
"""

from aggregator.alerts.looking import look, would_send
from aggregator.alerts.sending import Post, deliver

__all__ = ["Post", "deliver", "look", "would_send"]
