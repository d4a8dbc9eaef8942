"""The interchain service model: what travels on port ``service``, what a service takes and answers, who is paid."""
