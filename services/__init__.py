"""The verbs: what one may do, and the rules that hold."""

from services import chain

__all__ = ["chain"]  # whoever imports a service has sessions that keep the chain
