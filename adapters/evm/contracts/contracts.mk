# The EVM contracts. Included by the Makefile; needs node_modules.
CONTRACTS := adapters/evm/contracts

.PHONY: contracts contracts-check contracts-test contracts-gas contracts-gas-check

contracts: ## build the committed artifacts of the EVM contracts
	node "$(CONTRACTS)/build.mjs"

contracts-check: ## the committed artifacts are what their sources compile to
	node "$(CONTRACTS)/build.mjs" --check

contracts-test: ## test the EVM contracts with forge
	node "$(CONTRACTS)/forge.mjs" test

contracts-gas: ## measure and write the gas figures of the EVM contracts
	node "$(CONTRACTS)/gas.mjs"

contracts-gas-check: ## the committed gas figures are what the contracts take
	node "$(CONTRACTS)/gas.mjs" --check
