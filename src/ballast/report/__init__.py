"""Tables and figures from what the stages measured."""
