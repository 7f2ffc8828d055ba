"""Trains the hedge reader: `python -m training` writes `services/reader.npz`."""
