"""The contract ``documents``: who notarised a document, who countersigned it, and whether it is valid now."""
