"""The interchain service model: what travels on port ``service``, what a service accepts and answers, and who is paid."""
