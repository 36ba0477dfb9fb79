"""Twelve fictional courses of care, replayed through the services on a moved clock (local mode only)."""
