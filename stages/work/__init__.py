"""What stages do for one repeat, each in a process of its own; the stages import these when there is work to do."""
