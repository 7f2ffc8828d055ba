"""The verbs: what one may do, and the rules that hold."""
