"""Errors as gRPC statuses and back: one table, and ``google.rpc.Status`` with ``ErrorInfo`` (AIP-193).

``ErrorInfo.reason`` is the error's stable name, ``metadata`` its values, so that a client raises the very error that
the hub raised. The codes mean:

- INVALID_ARGUMENT: it can never be accepted as it is
- FAILED_PRECONDITION: it may be, once the state has changed
- ABORTED: read anew and sign again; RESOURCE_EXHAUSTED, UNAVAILABLE, OUT_OF_RANGE (not yet): the same again, later

Errors of another package, of a chain that is built on the hub's kit or of an attestor, name their code themselves
(``status``); they are found among all kinds of error that are loaded.
"""

import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]  # it ships no types
from grpc import StatusCode

from hub.accounts import errors as accounts
from hub.clients import errors as clients
from hub.engine import errors as engine
from hub.errors import HubError
from hub.ibc import errors as ibc
from hub.proofs import errors as proofs
from hub.receipts import errors as receipts
from hub.rpc import errors as rpc
from hub.services import errors as services
from hub.state import errors as state

DOMAIN = "interchain-hub"
"""``ErrorInfo.domain``."""

_BY_CODE: dict[StatusCode, tuple[type[HubError], ...]] = {
    StatusCode.INVALID_ARGUMENT: (
        # packets
        ibc.InvalidIdentifier,
        ibc.InvalidPacket,
        ibc.MalformedLaneRecords,
        ibc.TimeoutTooFar,
        ibc.InvalidAcknowledgement,
        ibc.SourcePortRefused,
        ibc.CounterpartyMismatch,
        ibc.CommitmentMismatch,
        ibc.InvalidCounterparty,
        ibc.InvalidLane,
        ibc.LaneOfOtherClient,
        ibc.TooManyPackets,
        # light clients
        clients.InvalidClientConfig,
        clients.ClientKindMismatch,
        clients.WrongProofCount,
        clients.BelowThreshold,
        clients.WrongEpoch,
        clients.WrongChain,
        clients.WrongNextSet,
        clients.HeaderTooOld,
        clients.TimeRunsBackwards,
        clients.ConflictingHeader,
        clients.NoMisbehaviour,
        clients.NothingClaimed,
        clients.RouterNotProven,
        clients.MembershipNotProven,
        clients.NonMembershipNotProven,
        clients.InvalidAcknowledgementWindow,
        # proofs and signatures
        proofs.HighS,
        proofs.UnrecoverableSignature,
        proofs.InvalidSignerSet,
        proofs.UnknownSigner,
        proofs.TooFewSignatures,
        proofs.TooManySignatures,
        proofs.WrongSigner,
        proofs.TooLittlePower,
        proofs.InvalidDomain,
        proofs.MalformedCheckpoint,
        proofs.MalformedHeader,
        proofs.UnknownHeaderVersion,
        proofs.MalformedRlp,
        proofs.MalformedTrieNode,
        proofs.MissingTrieNode,
        proofs.RepeatedTrieNode,
        proofs.UnusedTrieNode,
        proofs.EmptyBatch,
        proofs.InvalidBatch,
        proofs.BatchIndexOutOfRange,
        proofs.MalformedBatchPath,
        proofs.BatchMismatch,
        proofs.RecordRootMismatch,
        proofs.MalformedTreeProof,
        proofs.TreeRootMismatch,
        proofs.EmptyTreeRoot,
        proofs.NotAMembershipProof,
        proofs.NotANonMembershipProof,
        proofs.UnrelatedNeighbour,
        # state
        state.EmptyValue,
        state.EmptyTree,
        state.NotInTree,
        # accounts
        accounts.MalformedTransaction,
        accounts.UnknownTransactionFormat,
        accounts.TransactionTooLarge,
        accounts.WrongChainId,
        accounts.ExpiryTooFar,
        accounts.InvalidAmount,
        accounts.InvalidAddress,
        accounts.InvalidGenesis,
        accounts.WrongRotationCheckpoint,
        # services
        services.MalformedPayload,
        services.UnknownPayloadFormat,
        services.ReservedField,
        services.UnknownInputEncoding,
        services.UnknownResultCode,
        services.InvalidJson,
        services.SchemaMissing,
        services.SchemaTooLarge,
        services.InvalidJsonSchema,
        services.InvalidAbi,
        services.SchemasDiffer,
        services.EncodingsDiffer,
        services.EncodingNotOffered,
        services.DataTooLarge,
        services.MalformedAbi,
        services.SchemaMismatch,
        services.NotTranslatable,
        services.DeadlineTooFar,
        services.InputRefused,
        services.InvalidBinding,
        services.InvalidDefinition,
        services.ResponseRefused,
        # receipts
        receipts.DocumentTooLarge,
        receipts.NotADocument,
        receipts.UnknownDocument,
        receipts.MalformedField,
        receipts.NotCanonical,
        receipts.InvalidTrust,
        receipts.AnchorMissing,
        receipts.ChainNotTrusted,
        receipts.HeaderElsewhere,
        receipts.PartNotProven,
        receipts.PartMissing,
        receipts.PartDoesNotFit,
        receipts.NotACall,
        receipts.ContradictoryParts,
        receipts.NothingProven,
        # the API
        rpc.UndecodableMessage,
        rpc.UnknownFields,
        rpc.MissingField,
        rpc.UnspecifiedEnum,
        rpc.WrongLength,
        rpc.MalformedAmount,
        rpc.NumberOutOfRange,
        rpc.InvalidArgument,
        rpc.InvalidPageToken,
    ),
    StatusCode.FAILED_PRECONDITION: (
        ibc.CounterpartyNotRegistered,
        ibc.PortNotRegistered,
        ibc.TimeoutElapsed,
        ibc.TimeoutNotReached,
        ibc.ReceiptMissing,
        ibc.NoPendingPacket,
        clients.ClientIsFrozen,
        clients.ClientHasExpired,
        clients.HeightNotStored,
        clients.HeaderFromTheFuture,
        clients.ReplacementNotScheduled,
        clients.ReplacementNotRipe,
        clients.DomainUnchanged,
        clients.DomainChangeNotScheduled,
        clients.DomainChangeNotRipe,
        accounts.InsufficientFunds,
        accounts.SupplyExceeded,
        accounts.FaucetClosed,
        accounts.LastOperator,
        accounts.RotationPending,
        accounts.NoRotationPending,
        accounts.TransactionExpired,
        services.DeadlineElapsed,
        services.DeadlineTooShort,
        services.GraceTooShort,
        services.FeeCapTooLow,
        services.FeeNotCovered,
        services.NoAvailableBinding,
        ibc.CounterpartyTimeReached,
        engine.CheckpointWithheld,
        engine.GuardMissing,
        engine.AnotherGenesis,
        engine.StoreInUse,
        engine.StoreMissing,
        engine.StoreLost,
        engine.UnknownStoreFormat,
        engine.NoValidatorKey,
        engine.NotAValidator,
    ),
    StatusCode.NOT_FOUND: (
        ibc.UnknownLane,
        clients.ClientNotFound,
        accounts.RotationCheckpointNotFound,
        rpc.TransactionNotFound,
        rpc.PacketNotFound,
        services.RequestNotFound,
        services.ServiceNotFound,
        state.BlockNotFound,
        state.HeightNotRetained,
    ),
    StatusCode.ALREADY_EXISTS: (
        ibc.LaneAlreadyRegistered,
        ibc.CounterpartyAlreadyRegistered,
        ibc.AcknowledgementExists,
        engine.GuardExists,
        engine.StoreExists,
        engine.BackupExists,
        services.AlreadyResulted,
        services.ServiceAlreadyDefined,
    ),
    StatusCode.PERMISSION_DENIED: (
        ibc.PortNotOwned,
        accounts.RoleMissing,
        services.BindingNotOwned,
        services.NotTheProvider,
    ),
    StatusCode.UNAUTHENTICATED: (accounts.WrongSignature, rpc.CertificateRequired),
    StatusCode.ABORTED: (
        accounts.NonceUsed,
        accounts.NonceTooHigh,
        accounts.ValidatorsChanged,
        engine.NoncePending,
        engine.StalePreparation,
    ),
    StatusCode.RESOURCE_EXHAUSTED: (
        engine.MempoolFull,
        engine.AccountQueueFull,
        engine.RateLimited,
        services.RateCapReached,
        ibc.SequencesExhausted,
    ),
    StatusCode.UNAVAILABLE: (rpc.HubUnreachable, engine.NodeStopping),
    StatusCode.DEADLINE_EXCEEDED: (rpc.DeadlineExceeded,),
    StatusCode.UNKNOWN: (rpc.UnknownRefusal,),
    StatusCode.INTERNAL: (
        accounts.BlockOutOfOrder,
        accounts.TimeWentBackwards,
        engine.ExecutionFault,
        engine.StoreUnwritable,
        engine.BackupFailed,
    ),
    StatusCode.DATA_LOSS: (engine.GuardDamaged, engine.StoreUnreadable, engine.ReplayDiffers, state.TreeDamaged),
}

TABLE: Mapping[type[HubError], StatusCode] = {error: code for code, errors in _BY_CODE.items() for error in errors}
"""The status of every error of the hub."""

_BY_REASON = {error.reason(): error for error in TABLE}


def code_of(error: type[HubError]) -> StatusCode:
    """The status of a kind of error; raises KeyError for one that has none."""
    return TABLE[error] if error in TABLE else StatusCode[getattr(error, "status", "")]


def has_code(error: type[HubError]) -> bool:
    """Whether this kind of error is one to be told to a caller."""
    return error in TABLE or hasattr(error, "status")


def to_status(error: HubError) -> status_pb2.Status:
    """The rich status of an error."""
    info = error_details_pb2.ErrorInfo(reason=error.reason(), domain=DOMAIN, metadata=error.values())
    detail = any_pb2.Any()
    detail.Pack(info)
    code: int = code_of(type(error)).value[0]
    return status_pb2.Status(code=code, message=str(error), details=[detail])


def from_status(status: status_pb2.Status) -> HubError | None:
    """The error that a hub raised; None where the status is not a hub's."""
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info) and info.domain == DOMAIN:
            return rebuild(info.reason, info.metadata, status.message)
    return None


def rebuild(reason: str, values: Mapping[str, str], text: str) -> HubError:
    """An error from its reason and its values as text; UnknownRefusal where this version has no such error."""
    found = _BY_REASON.get(reason) or _elsewhere(reason)
    if found is None:
        return rpc.UnknownRefusal(reason, text)
    hints = typing.get_type_hints(found)
    try:
        return found(**{field.name: _parse(values[field.name], hints[field.name]) for field in fields(found)})
    except (KeyError, ValueError):
        return rpc.UnknownRefusal(reason, text)


def _elsewhere(reason: str) -> type[HubError] | None:
    """The error of another package that has this reason."""
    for error in _descendants(HubError):
        if hasattr(error, "status") and error.template != HubError.template and error.reason() == reason:
            return error
    return None


def _descendants(kind: type[HubError]) -> Iterator[type[HubError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)


def _parse(text: str, hint: Any) -> Any:
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    if hint is int:
        return int(text)
    if hint is bytes:
        return bytes.fromhex(text.removeprefix("0x"))
    if hint is bool:
        return text == "True"
    return text
