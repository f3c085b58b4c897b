"""Platform events into a Message, a Reply into the platform's calls; one file a platform."""
