"""What watches the hub from outside: its metrics, whether it is ready, and what to alert on."""
