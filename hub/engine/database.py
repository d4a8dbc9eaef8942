"""Creating and opening a store's RocksDB, with the options that were measured (docs/adr/0002)."""

import re
from pathlib import Path

import rocksdict

from hub.engine.cells import FORMAT, META_FORMAT, META_GENESIS
from hub.engine.errors import (
    AnotherGenesis,
    StoreExists,
    StoreInUse,
    StoreMissing,
    StoreUnreadable,
    StoreUnwritable,
    UnknownStoreFormat,
)
from hub.quantities import Hash

_MIB = 2**20
_BLOCK_CACHE_BYTES = 16 * _MIB
_MEMTABLE_BYTES = 64 * _MIB
_HELD = re.compile(r"/LOCK: (?:Resource temporarily unavailable|No locks available)")
"""By another process, by this one."""
_NO_ROOM = re.compile(r"No space left on device|Disk quota exceeded|File too large")


def synced() -> rocksdict.WriteOptions:
    """A write that returns once it is on the disk."""
    options = rocksdict.WriteOptions()
    options.sync = True
    return options


def create_database(path: Path, genesis: Hash) -> rocksdict.Rdict:
    """A new database, marked with the format and the genesis; raises StoreExists, StoreInUse, StoreUnreadable,
    StoreUnwritable.
    """
    if is_database(path) and not _unmarked(path):
        raise StoreExists(str(path))
    path.mkdir(parents=True, exist_ok=True)
    database = _open(path)
    batch = rocksdict.WriteBatch(raw_mode=True)
    batch.put(META_FORMAT, FORMAT.to_bytes(4, "big"))
    batch.put(META_GENESIS, genesis)
    database.write(batch, synced())
    return database


def open_database(path: Path, genesis: Hash) -> rocksdict.Rdict:
    """An existing one; raises StoreMissing, StoreInUse, StoreUnreadable, StoreUnwritable, UnknownStoreFormat,
    AnotherGenesis.
    """
    if not is_database(path):
        raise StoreMissing(str(path))
    database = _open(path)
    try:
        _check_marks(path, database, genesis)
    except BaseException:
        database.close()
        raise
    return database


def is_database(path: Path) -> bool:
    """Whether a RocksDB has been begun there."""
    return (path / "CURRENT").exists()


def holds_data(path: Path) -> bool:
    """Whether there is data of a RocksDB that is none any more. Where nothing is, or a creation was cut short, a
    database may be begun.
    """
    return not is_database(path) and any(file.suffix in (".sst", ".log") for file in path.glob("*"))


def _check_marks(path: Path, database: rocksdict.Rdict, genesis: Hash) -> None:
    found = database.get(META_FORMAT)
    if found is None:
        raise StoreMissing(str(path))
    if found != FORMAT.to_bytes(4, "big"):
        raise UnknownStoreFormat(str(path), int.from_bytes(found, "big"), FORMAT)
    stored: bytes = database.get(META_GENESIS) or b""
    if stored != genesis:
        raise AnotherGenesis(stored, genesis)


def _unmarked(path: Path) -> bool:
    """Whether a creation was cut short before anything was written."""
    database = _open(path)
    try:
        return database.get(META_FORMAT) is None
    finally:
        database.close()


def _open(path: Path) -> rocksdict.Rdict:
    try:
        return rocksdict.Rdict(str(path), _options())
    except Exception as error:  # rocksdict raises nothing more precise
        if _HELD.search(str(error)):
            raise StoreInUse(str(path)) from error
        if _NO_ROOM.search(str(error)):  # what is in the log is written out first: it takes room to read, too
            raise StoreUnwritable(str(error)) from error
        raise StoreUnreadable(str(path), str(error)) from error


def _options() -> rocksdict.Options:
    table = rocksdict.BlockBasedOptions()
    table.set_bloom_filter(10, False)
    table.set_block_cache(rocksdict.Cache(_BLOCK_CACHE_BYTES))
    options = rocksdict.Options(raw_mode=True)
    options.set_block_based_table_factory(table)
    options.set_compression_type(rocksdict.DBCompressionType.none())
    # Hashes do not compress, and uncompressed files can be read in place: half the time of a read, and no second cache.
    options.set_allow_mmap_reads(True)
    options.set_write_buffer_size(_MEMTABLE_BYTES)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    # A crash in the middle of a write cuts the log's last record short; any other fault in it is no crash.
    options.set_wal_recovery_mode(rocksdict.DBRecoveryMode.tolerate_corrupted_tail_records())
    return options
