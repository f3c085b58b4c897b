"""The tests: conversations, one file per module, fault runs, loads, browser."""
