"""Dialects of the CRMs, and of anything home-made, that post asks to us."""

from models.connector import ConnectorKind
from services.crm import generic, hubspot, pipedrive, salesforce, standard_webhooks
from services.crm.dialect import Dialect

DIALECTS: dict[ConnectorKind, Dialect] = {
    ConnectorKind.generic: generic,
    ConnectorKind.standard_webhooks: standard_webhooks,
    ConnectorKind.hubspot: hubspot,
    ConnectorKind.salesforce: salesforce,
    ConnectorKind.pipedrive: pipedrive,
}
