"""An attestor's refusals, over real gRPC: each comes to whoever asked as it was raised, under its own code."""

import inspect
import types
from typing import Any

import grpc.aio
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]  # ships no types
from interchain.attestor.v1 import attestor_service_pb2 as pb
from interchain.attestor.v1.attestor_service_pb2_grpc import AttestorServiceStub, add_AttestorServiceServicer_to_server
from prometheus_client import CollectorRegistry

from adapters.errors import AttestationRefused, CallRefused, ChainError, EndpointFault
from adapters.evm import errors, witness
from adapters.evm.attestation import Attestors, AttestorTarget, Electorate
from adapters.evm.errors import AttestorError, NoAgreement
from hub.clients.attestation import AttestationScope, AttestedHeader
from hub.engine.errors import RateLimited
from hub.engine.measures import CallMeasures
from hub.errors import HubError
from hub.ibc.identifiers import ClientId
from hub.proofs.quorum import SignerSet
from hub.quantities import Epoch, Hash, Height, Power, UnixSeconds
from hub.rpc import door
from hub.rpc.calling import answered
from hub.rpc.serving import Refusals
from hub.rpc.status import DOMAIN, code_of
from hub.signer import KeySigner
from relayers import attestor, attestor_guard, attestor_service
from relayers.attestor_service import AttestorServicer
from relayers.errors import GuardUnusable, InvalidConfiguration
from tests.unit.test_status import example

EVERY: list[type[HubError]] = [
    error for error in vars(errors).values() if AttestorError in getattr(error, "__bases__", ())
]
STAYS = {InvalidConfiguration, GuardUnusable, CallRefused, EndpointFault, HubError}
"""What an attestor meets at its start, or in its own endpoints, and tells nobody."""


class Refusing:
    """An attestor that raises what it is told to."""

    address = bytes(20)
    error: BaseException

    async def attest(self, client: str, number: int) -> Any:
        raise self.error

    async def attest_set_change(self, client: str, epoch: int, next_set_hash: bytes) -> Any:
        raise self.error


@pytest.mark.parametrize("module", [attestor, door, attestor_guard, attestor_service, witness])
def test_all_that_an_attestor_may_raise_has_a_code(module: types.ModuleType) -> None:
    raised = {one for one in vars(module).values() if inspect.isclass(one) and issubclass(one, HubError)}
    assert raised - STAYS <= {*EVERY, RateLimited}


def test_the_codes_tell_when_to_ask_again() -> None:
    assert {error.reason(): code_of(error).name for error in EVERY} == {
        "NOT_ATTESTED": "NOT_FOUND",
        "BLOCK_NOT_FINAL": "OUT_OF_RANGE",
        "NO_AGREEMENT": "UNAVAILABLE",
        "CHAIN_HALTED": "FAILED_PRECONDITION",
        "ALREADY_SIGNED": "FAILED_PRECONDITION",
        "SET_CHANGE_NOT_APPROVED": "FAILED_PRECONDITION",
        "ATTESTOR_BUSY": "RESOURCE_EXHAUSTED",
    }


async def test_each_refusal_comes_back_as_it_went() -> None:
    refusing, registry = Refusing(), CollectorRegistry()
    calls = Refusals(CallMeasures(registry, "attestor"))
    server = grpc.aio.server(interceptors=[calls])
    add_AttestorServiceServicer_to_server(AttestorServicer(refusing), server)  # type: ignore[arg-type]
    target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    async with grpc.aio.insecure_channel(target) as channel:
        stub = AttestorServiceStub(channel)
        for kind in EVERY:
            refusing.error = sent = example(kind)
            for ask in (stub.Attest(pb.AttestRequest()), stub.AttestSetChange(pb.AttestSetChangeRequest())):
                with pytest.raises(AttestorError) as refusal:
                    await answered(target, ask)
                assert type(refusal.value) is kind
                if kind is not NoAgreement:
                    assert refusal.value.values() == sent.values()
            with pytest.raises(grpc.aio.AioRpcError) as bare:
                await stub.Attest(pb.AttestRequest())
            assert bare.value.code() is code_of(kind)
        refusing.error = example(NoAgreement)
        with pytest.raises(NoAgreement) as hidden:
            await answered(target, stub.Attest(pb.AttestRequest()))
        assert hidden.value.faults == "its log says more"
        for fault in (ValueError("http://10.0.0.1/secret"), AttestationRefused(b"", "http://10.0.0.1/secret")):
            refusing.error = fault
            with pytest.raises(grpc.aio.AioRpcError) as unknown:
                await stub.Attest(pb.AttestRequest())
            assert unknown.value.code() is grpc.StatusCode.INTERNAL
            assert "secret" not in str(unknown.value)
    await server.stop(None)
    counted = {"method": "Attest", "code": "OUT_OF_RANGE"}
    assert registry.get_sample_value("attestor_rpc_calls_total", counted) == 2
    assert issubclass(AttestorError, ChainError)


DETAILS = "grpc-status-details-bin"
ABORTED = grpc.StatusCode.ABORTED.value[0]


def _detailed(reason: str, values: dict[str, str], code: int = ABORTED, message: str = "no") -> bytes:
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=values))
    return bytes(status_pb2.Status(code=code, message=message, details=[detail]).SerializeToString())


ROTTEN = {
    "bytes that are no status": b"\xff\xff\xff",
    "another code than the call's": _detailed("BLOCK_NOT_FINAL", {}, code=5),
    "another message than the call's": _detailed("BLOCK_NOT_FINAL", {}, message="yes"),
    "a detail that is none": status_pb2.Status(
        code=ABORTED,
        message="no",
        details=[any_pb2.Any(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff")],
    ).SerializeToString(),
    "an error that nobody knows": _detailed("NEVER_HEARD_OF", {}),
    "an error without its values": _detailed("BLOCK_NOT_FINAL", {}),
    "a number that is none": _detailed("BLOCK_NOT_FINAL", {"chain": "a", "height": "high"}),
}
SCOPE = AttestationScope(Hash(b"\x11" * 32), ClientId("attested-0"), "depth:2", 31337)


class Lying:
    """An attestor that refuses, or answers, in a way of its own."""

    def __init__(self, rotten: str) -> None:
        self._details = ROTTEN.get(rotten)

    async def attest(self, _: bytes, context: Any) -> bytes:
        if self._details is None:
            return b"\xff\xff\xff"
        context.set_trailing_metadata(((DETAILS, self._details),))
        await context.abort(grpc.StatusCode.ABORTED, "no")
        raise AssertionError("unreachable")

    def register(self, server: grpc.aio.Server) -> None:
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "Attest": grpc.unary_unary_rpc_method_handler(self.attest)
        }
        name = pb.DESCRIPTOR.services_by_name["AttestorService"].full_name
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))


class Honest:
    """An attestor that signs one header."""

    header = AttestedHeader(Epoch(1), Height(7), Hash(b"\x07" * 32), Hash(b"\x08" * 32), UnixSeconds(9))

    def __init__(self, signer: KeySigner) -> None:
        self.address = signer.address
        self._signer = signer

    async def attest(self, client: str, number: int) -> Any:
        return self.header, self._signer.sign(self.header.digest(SCOPE))


@pytest.mark.parametrize("rotten", [*ROTTEN, "an answer that is none"])
async def test_whatever_one_attestor_says_the_others_are_heard(rotten: str) -> None:
    signers = [KeySigner(bytes((number,)) * 32) for number in (1, 2, 3)]
    servers, targets = [], []
    for honest in (None, *signers[:2]):
        server = grpc.aio.server()
        if honest is None:
            Lying(rotten).register(server)
        else:
            add_AttestorServiceServicer_to_server(AttestorServicer(Honest(honest)), server)  # type: ignore[arg-type]
        targets.append(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
        servers.append(server)
        await server.start()
    async with grpc.aio.insecure_channel(targets[0]) as channel:
        with pytest.raises(HubError):
            await answered(targets[0], AttestorServiceStub(channel).Attest(pb.AttestRequest()))
    members = SignerSet.of(Epoch(1), {signer.address: Power(1) for signer in signers})
    attestors = Attestors(
        "chain", Electorate(SCOPE, members, 2), [AttestorTarget(target) for target in targets], timeout_s=5.0
    )
    signed = await attestors.signed_header(Height(7))
    assert signed.header == Honest.header
    await attestors.close()
    for server in servers:
        await server.stop(None)
