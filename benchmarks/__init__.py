"""Measures the product against a floor of raw driver and raw Starlette, in the same run."""
