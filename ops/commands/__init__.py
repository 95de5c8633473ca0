"""The subcommands of ``hub``, one file each."""
