"""The nouns: tables, and the shapes in which the outside may see them."""

from models.account import Account, AccountRef, Contact
from models.ask import Ask
from models.bar_event import BarArmed, BarReached
from models.base import Model
from models.chain import ChainLink, Erasure
from models.commitment import Commitment, CommitmentRelease
from models.connector import Connector
from models.delivery import Delivery, DeliveryEvent, DeliveryKey, DeliveryStatus, LastSaid
from models.digest import DigestSent
from models.feature import Feature
from models.history import CHANGES, VERSIONS
from models.idempotency import FirstAnswer
from models.opportunity import Opportunity, OpportunityRef
from models.product import Product
from models.reconciliation import Reconciliation
from models.record import RecordSaid
from models.response import Response, ResponseChoice, Revisit, Told
from models.user import ApiKey, SignInLink, User, UserSession
from models.view import SavedView

__all__ = [
    "CHANGES",
    "VERSIONS",
    "Account",
    "AccountRef",
    "ApiKey",
    "Ask",
    "BarArmed",
    "BarReached",
    "ChainLink",
    "Commitment",
    "CommitmentRelease",
    "Connector",
    "Contact",
    "Delivery",
    "DeliveryEvent",
    "DeliveryKey",
    "DeliveryStatus",
    "DigestSent",
    "Erasure",
    "Feature",
    "FirstAnswer",
    "LastSaid",
    "Model",
    "Opportunity",
    "OpportunityRef",
    "Product",
    "Reconciliation",
    "RecordSaid",
    "Response",
    "ResponseChoice",
    "Revisit",
    "SavedView",
    "SignInLink",
    "Told",
    "User",
    "UserSession",
]
