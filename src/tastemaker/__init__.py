"""Tastemaker: a self-hosted recommendation server that speaks the Amazon Personalize API."""

__version__ = "0.1.0"
