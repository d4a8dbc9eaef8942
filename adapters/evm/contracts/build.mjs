#!/usr/bin/env node
// Compiles the contracts with npm's solc into the committed artifacts.
//
//   node build.mjs                     write artifacts/*.json
//   node build.mjs --check             compile, compare with artifacts/*.json, exit 1 where they differ
//   node build.mjs --compile FILE.sol  print the artifacts of a contract of your own, as one JSON object by name
//
// An artifact is {contractName, sourceName, compiler, abi, bytecode, deployedBytecode, immutableReferences, storageLayout},
// the same bytes wherever it is built: source names are relative to the repository, and no metadata hash is appended.
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const artifacts = path.join(here, "artifacts");

// What is deployed from Python; base contracts and interfaces come with them.
const SOURCES = {
  "adapters/evm/contracts/src/Router.sol": ["Router"],
  "adapters/evm/contracts/src/QuorumClient.sol": ["QuorumClient"],
  "adapters/evm/contracts/src/ServiceGateway.sol": ["ServiceGateway"],
  "adapters/evm/contracts/src/interfaces/IServiceConsumer.sol": ["IServiceConsumer"],
  "adapters/evm/contracts/src/interfaces/IServiceProvider.sol": ["IServiceProvider"],
  "examples/EchoProvider.sol": ["EchoProvider"],
  "examples/GreetingConsumer.sol": ["GreetingConsumer"],
  "examples/LaterProvider.sol": ["LaterProvider"],
  "examples/RevertingProvider.sol": ["RevertingProvider"],
  "examples/NullApplication.sol": ["NullApplication"],
};

const REMAPPINGS = [
  ["@openzeppelin/", "node_modules/@openzeppelin/"],
  ["solady/", "node_modules/solady/src/"],
  ["interchain/", "adapters/evm/contracts/src/"],
  ["examples/", "examples/"],
];

// The router must stay below 24,576 bytes: more runs make it greater, and gain less than 100 gas a packet.
const SETTINGS = {
  viaIR: true,
  evmVersion: "prague",
  optimizer: { enabled: true, runs: 5000 },
  metadata: { bytecodeHash: "none", appendCBOR: false },
  remappings: REMAPPINGS.map(([from, to]) => `${from}=${to}`),
};

const OUTPUTS = [
  "abi",
  "evm.bytecode.object",
  "evm.deployedBytecode.object",
  "evm.deployedBytecode.immutableReferences",
  "storageLayout",
];

const IMPORT = /^\s*import\s[^;]*?["']([^"']+)["']\s*;/gm;

/** The source unit name that solc asks for when `importer` imports `target`. */
function resolve(importer, target) {
  if (target.startsWith(".")) return path.posix.normalize(path.posix.join(path.posix.dirname(importer), target));
  const match = REMAPPINGS.find(([from]) => target.startsWith(from));
  return match ? match[1] + target.slice(match[0].length) : target;
}

/** Every file that the given ones import, by source unit name. */
function collect(names) {
  const sources = {};
  const waiting = [...names];
  while (waiting.length > 0) {
    const name = waiting.pop();
    if (name in sources) continue;
    const file = path.resolve(root, name);
    if (!existsSync(file)) throw new Error(`${name} is imported, but there is no such file: run \`npm install\` first`);
    const content = readFileSync(file, "utf8");
    sources[name] = { content };
    for (const [, target] of content.matchAll(IMPORT)) waiting.push(resolve(name, target));
  }
  return Object.fromEntries(Object.entries(sources).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Compiles and returns [artifact] for the contracts named, all of a file where the list is null. */
function compile(wanted) {
  const solc = createRequire(import.meta.url)("solc");
  const outputSelection = Object.fromEntries(Object.keys(wanted).map((name) => [name, { "*": OUTPUTS }]));
  const input = { language: "Solidity", sources: collect(Object.keys(wanted)), settings: { ...SETTINGS, outputSelection } };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const faults = (output.errors ?? []).filter((fault) => fault.severity === "error");
  if (faults.length > 0) throw new Error(faults.map((fault) => fault.formattedMessage).join("\n"));
  const ours = (output.errors ?? []).filter((fault) => !fault.sourceLocation?.file.startsWith("node_modules/"));
  for (const warning of ours) console.error(warning.formattedMessage);
  return Object.entries(wanted).flatMap(([sourceName, contracts]) => {
    const compiled = output.contracts[sourceName] ?? {};
    return (contracts ?? Object.keys(compiled)).map((contractName) =>
      artifact(solc.version(), sourceName, contractName, compiled[contractName]),
    );
  });
}

function artifact(compiler, sourceName, contractName, { abi, evm, storageLayout }) {
  return {
    contractName,
    sourceName,
    compiler,
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
    immutableReferences: stable(evm.deployedBytecode.immutableReferences ?? {}),
    storageLayout: (storageLayout?.storage ?? []).map(({ label, slot, offset, type }) => ({
      label,
      slot,
      offset,
      // The number in a type is the compiler's own counter, and says nothing.
      type: type.replace(/\)\d+/g, ")"),
    })),
  };
}

/** The compiler's keys are AST numbers in its own order; only the places matter. */
function stable(references) {
  return Object.values(references)
    .map((places) => [...places].sort((a, b) => a.start - b.start))
    .sort((a, b) => a[0].start - b[0].start);
}

const render = (value) => `${JSON.stringify(value, null, 1)}\n`;

function write() {
  const built = compile(SOURCES);
  mkdirSync(artifacts, { recursive: true });
  const names = new Set(built.map(({ contractName }) => `${contractName}.json`));
  for (const file of readdirSync(artifacts)) if (!names.has(file)) rmSync(path.join(artifacts, file));
  for (const one of built) writeFileSync(path.join(artifacts, `${one.contractName}.json`), render(one));
  console.log(`${built.length} artifacts in ${path.relative(root, artifacts)}`);
}

function check() {
  const built = compile(SOURCES);
  const stale = built
    .filter((one) => {
      const file = path.join(artifacts, `${one.contractName}.json`);
      return !existsSync(file) || readFileSync(file, "utf8") !== render(one);
    })
    .map(({ contractName }) => contractName);
  const names = new Set(built.map(({ contractName }) => `${contractName}.json`));
  const extra = readdirSync(artifacts).filter((file) => !names.has(file));
  if (stale.length + extra.length > 0) {
    throw new Error(`the committed artifacts differ from their sources (${[...stale, ...extra].join(", ")}): run \`make contracts\``);
  }
  console.log(`${built.length} artifacts are what their sources compile to`);
}

const [mode, file] = process.argv.slice(2);
try {
  if (mode === undefined) write();
  else if (mode === "--check") check();
  else if (mode === "--compile" && file) {
    const name = path.relative(root, path.resolve(file)).split(path.sep).join("/");
    console.log(render(Object.fromEntries(compile({ [name]: null }).map((one) => [one.contractName, one]))));
  } else throw new Error("usage: node build.mjs [--check | --compile FILE.sol]");
} catch (fault) {
  console.error(fault.message);
  process.exit(1);
}
