"""Real HTTP servers that answer as the documentation of a CRM says, for `nomaybe reconcile`."""
