"""What the hub can do on this machine, each figure beside a limit that was measured in the same run."""
