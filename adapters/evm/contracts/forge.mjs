#!/usr/bin/env node
// forge with npm's solc and our configuration: node forge.mjs test --match-contract Router …
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import path from "node:path";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const [command, ...flags] = process.argv.slice(2);
if (!command) {
  console.error("usage: node forge.mjs build|test|snapshot|… [flags of forge]");
  process.exit(2);
}
const settings = ["--root", root, "--use", path.join(here, "solc.mjs")];
const run = spawnSync(path.join(root, "node_modules/.bin/forge"), [command, ...settings, ...flags], { stdio: "inherit", cwd: root });
if (run.error) console.error(run.error.message);
process.exit(run.status ?? 1);
