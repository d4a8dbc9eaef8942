"""Roles: who may do what is not proven by itself."""

from hub.accounts.accounts import validate_address
from hub.accounts.errors import LastOperator, RoleMissing
from hub.events import RoleGranted, RoleRevoked
from hub.messages import Role
from hub.quantities import Address
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room
from hub.state.context import Context

_ROLES = Records(Room.ROLES, int)


def roles(state: StateReader, account: Address) -> tuple[Role, ...]:
    """All roles of an account, in order."""
    return tuple(role for role in Role if _ROLES.has(state, _key(role, account)))


def require(state: StateReader, account: Address, role: Role) -> None:
    """Raises RoleMissing."""
    if not _ROLES.has(state, _key(role, account)):
        raise RoleMissing(account, role.name)


def put_role(state: Branch, account: Address, role: Role) -> None:
    """Give a role, without a word: for the genesis."""
    _ROLES.put(state, _key(role, account), 1)


def grant(ctx: Context, account: bytes, role: Role) -> bool:
    """Give a role; False where the account has it already. Raises InvalidAddress."""
    to = validate_address(account)
    if _ROLES.has(ctx.state, _key(role, to)):
        return False
    put_role(ctx.state, to, role)
    ctx.emit(RoleGranted(to, role.name))
    return True


def revoke(ctx: Context, account: bytes, role: Role) -> bool:
    """Take a role; False where the account lacks it. Raises InvalidAddress, LastOperator."""
    of = validate_address(account)
    if not _ROLES.has(ctx.state, _key(role, of)):
        return False
    if role is Role.OPERATOR and sum(1 for _ in _ROLES.scan(ctx.state, bytes((role,)))) == 1:
        raise LastOperator(of)
    _ROLES.delete(ctx.state, _key(role, of))
    ctx.emit(RoleRevoked(of, role.name))
    return True


def _key(role: Role, account: Address) -> bytes:
    return bytes((role,)) + account
