"""Tables, figures and the HTML page of the report, from what the stages measured."""
