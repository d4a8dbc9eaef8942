"""EVM chains: reading, proving and writing over JSON-RPC, and the contracts that stand there."""
