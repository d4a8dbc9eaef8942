"""What a proof or a signature is refused for."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError


@dataclass(eq=False)
class ProofError(HubError):
    """A proof or a signature does not hold."""


@dataclass(eq=False)
class SignatureError(ProofError):
    """A signature, or a quorum's, does not hold."""


@dataclass(eq=False)
class HighS(SignatureError):
    signature: bytes
    template: ClassVar[str] = "the signature {signature} has a high s: only the low form is accepted (EIP-2)"


@dataclass(eq=False)
class UnrecoverableSignature(SignatureError):
    signature: bytes
    template: ClassVar[str] = "no key can have made the signature {signature}"


@dataclass(eq=False)
class InvalidSignerSet(SignatureError):
    rule: str
    template: ClassVar[str] = "the set of signers is refused: {rule}"


@dataclass(eq=False)
class UnknownSigner(SignatureError):
    member: int
    members: int
    template: ClassVar[str] = "the bitmap names member {member} of a set of {members}"


@dataclass(eq=False)
class TooFewSignatures(SignatureError):
    named: int
    length: int
    template: ClassVar[str] = "the bitmap names {named} signers, but the signature ends after {length} bytes"


@dataclass(eq=False)
class TooManySignatures(SignatureError):
    named: int
    length: int
    template: ClassVar[str] = "the bitmap names {named} signers, but the signature has {length} bytes"


@dataclass(eq=False)
class WrongSigner(SignatureError):
    member: int
    expected: bytes
    recovered: bytes
    template: ClassVar[str] = (
        "the signature of member {member} ({expected}) is that of {recovered}: it is for something else, or forged"
    )


@dataclass(eq=False)
class TooLittlePower(SignatureError):
    signed: int
    total: int
    template: ClassVar[str] = "power {signed} of {total} signed: more than two thirds are needed"


@dataclass(eq=False)
class InvalidDomain(SignatureError):
    rule: str
    template: ClassVar[str] = "the EIP-712 domain is refused: {rule}"


@dataclass(eq=False)
class MalformedCheckpoint(SignatureError):
    field: str
    rule: str
    template: ClassVar[str] = "the checkpoint is malformed: {field} {rule}"


@dataclass(eq=False)
class MalformedHeader(SignatureError):
    field: str
    rule: str
    template: ClassVar[str] = "the header is malformed: {field} {rule}"


@dataclass(eq=False)
class UnknownHeaderVersion(ProofError):
    version: int
    known: int
    template: ClassVar[str] = (
        "the header has version {version}, but only {known} is known here: use a release that knows it"
    )


@dataclass(eq=False)
class TrieError(ProofError):
    """A proof in a Merkle-Patricia trie does not hold."""


@dataclass(eq=False)
class MalformedRlp(TrieError):
    rule: str
    template: ClassVar[str] = "this is not canonical RLP: {rule}"


@dataclass(eq=False)
class MalformedTrieNode(TrieError):
    rule: str
    template: ClassVar[str] = "this is not a node of a Merkle-Patricia trie: {rule}"


@dataclass(eq=False)
class MissingTrieNode(TrieError):
    node: bytes
    key: bytes
    template: ClassVar[str] = "the node {node} on the way to key {key} is missing from the proof, or was changed"


@dataclass(eq=False)
class RepeatedTrieNode(TrieError):
    node: bytes
    template: ClassVar[str] = "the node {node} stands in the proof twice: each is sent once"


@dataclass(eq=False)
class UnusedTrieNode(TrieError):
    node: bytes
    template: ClassVar[str] = "no key that was named needs the node {node}: a proof holds nothing else"


@dataclass(eq=False)
class BatchError(ProofError):
    """An entry of a batch, or a whole batch, is not what its root says."""


@dataclass(eq=False)
class EmptyBatch(BatchError):
    template: ClassVar[str] = "an empty batch proves nothing"


@dataclass(eq=False)
class InvalidBatch(BatchError):
    rule: str
    template: ClassVar[str] = "this is no batch: {rule}"


@dataclass(eq=False)
class BatchIndexOutOfRange(BatchError):
    index: int
    count: int
    template: ClassVar[str] = "entry {index} does not exist in a batch of {count}"


@dataclass(eq=False)
class MalformedBatchPath(BatchError):
    rule: str
    template: ClassVar[str] = "the Merkle path of a batch's entry is refused: {rule}"


@dataclass(eq=False)
class BatchMismatch(BatchError):
    root: bytes
    computed: bytes
    template: ClassVar[str] = "the batch root is {root}, what was given leads to {computed}"


@dataclass(eq=False)
class RecordRootMismatch(ProofError):
    root: bytes
    computed: bytes
    template: ClassVar[str] = "the root of the block's records is {root}, what was given leads to {computed}"


@dataclass(eq=False)
class TreeProofError(ProofError):
    """A proof in the state tree of a chain of our own does not hold."""


@dataclass(eq=False)
class MalformedTreeProof(TreeProofError):
    rule: str
    template: ClassVar[str] = "the proof in the state tree is malformed: {rule}"


@dataclass(eq=False)
class TreeRootMismatch(TreeProofError):
    root: bytes
    computed: bytes
    template: ClassVar[str] = (
        "the app root is {root}, the proof leads to {computed}: it is for another key, value or height"
    )


@dataclass(eq=False)
class EmptyTreeRoot(TreeProofError):
    template: ClassVar[str] = "a zero app root proves nothing: no chain of ours has an empty state"


@dataclass(eq=False)
class NotAMembershipProof(TreeProofError):
    key: bytes
    template: ClassVar[str] = "the proof shows that nothing stands at {key}: it cannot prove a value"


@dataclass(eq=False)
class NotANonMembershipProof(TreeProofError):
    key: bytes
    template: ClassVar[str] = "the proof shows that something stands at {key}: it cannot prove its absence"


@dataclass(eq=False)
class UnrelatedNeighbour(TreeProofError):
    key: bytes
    template: ClassVar[str] = "the proof ends in a leaf that does not stand in the way of key {key}"
