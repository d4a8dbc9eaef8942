#!/usr/bin/env node
// The gas figures of test/Gas.t.sol, committed in snapshots/evm.json: the same wherever they are measured.
//
//   node gas.mjs           measure and write them all
//   node gas.mjs --check   measure, compare with what is committed, exit 1 where they differ
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

const here = path.dirname(fileURLToPath(import.meta.url));
const committed = path.join(here, "snapshots/evm.json");
const fresh = path.resolve(here, "../../../build/forge/snapshots");

/** Measures in a folder of its own, emptied before: forge leaves the figures there that a run did not measure. */
function measure() {
  rmSync(fresh, { recursive: true, force: true });
  const flags = ["--match-contract", "GasTest", "--gas-snapshot-check=false", "--gas-snapshot-emit=true"];
  const env = { ...process.env, FOUNDRY_SNAPSHOTS: fresh };
  const run = spawnSync(process.execPath, [path.join(here, "forge.mjs"), "test", ...flags], { encoding: "utf8", env });
  if (run.status !== 0) throw new Error(`${run.stdout}${run.stderr}`);
  return readFileSync(path.join(fresh, "evm.json"), "utf8");
}

function differences(before, now) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name}: committed ${before[name] ?? "not"}, measured ${now[name] ?? "not"}`);
}

function check(now) {
  const before = existsSync(committed) ? JSON.parse(readFileSync(committed, "utf8")) : {};
  const found = differences(before, now);
  if (found.length > 0) {
    throw new Error(
      `the committed gas figures differ from what the contracts take:\n  ${found.join("\n  ")}\n` +
        "run `make -f adapters/evm/contracts/contracts.mk contracts-gas`, and commit them if the change is meant",
    );
  }
  console.log(`${Object.keys(now).length} gas figures are as committed`);
}

try {
  const mode = process.argv[2];
  if (mode !== undefined && mode !== "--check") throw new Error("usage: node gas.mjs [--check]");
  const measured = measure();
  if (mode === "--check") check(JSON.parse(measured));
  else {
    writeFileSync(committed, measured);
    console.log(`${Object.keys(JSON.parse(measured)).length} gas figures in ${path.basename(committed)}`);
  }
} catch (fault) {
  console.error(fault.message);
  process.exitCode = 1;
}
