"""Who orders transactions into blocks, keeps them on disk and signs for them."""
