#!/usr/bin/env node
// npm's solc behind the command line that forge expects of a compiler: `--version`, and `--standard-json` from stdin to stdout.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const solc = createRequire(import.meta.url)("solc");
const flags = process.argv.slice(2);

if (flags.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (flags.includes("--standard-json")) {
  process.stdout.write(solc.compile(readFileSync(0, "utf8")));
} else {
  console.error("solc.mjs knows --version and --standard-json only");
  process.exit(2);
}
