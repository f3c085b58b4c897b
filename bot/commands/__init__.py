"""The commands, one file each: `main(options)` returns the exit status."""
