"""The pages in a real Chromium: what a person sees, presses, and keeps without a network."""
