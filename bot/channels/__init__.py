"""Turns a platform's events into a Message and a Reply into the platform's calls, one file a platform."""
