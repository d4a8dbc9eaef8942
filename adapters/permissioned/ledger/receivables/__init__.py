"""The contract ``receivables``: a receivable is registered once among all banks, and never financed twice."""
