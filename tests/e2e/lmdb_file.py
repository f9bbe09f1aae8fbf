"""An LMDB data file (version 1, lmdb 0.9) as bytes on the disk: where each key and each value of a table lies.

Structures are those of mdb.c: a page begins with its number (8 bytes), pad (2), flags (2), lower and upper (2 each), then
the offsets of its nodes (2 each). A node is lo, hi, flags, ksize (2 each), key, data. A leaf's data is as long as
lo | hi << 16 says; with flag F_BIGDATA it is the number of the overflow page that holds it, behind a header of 16 bytes.
A branch's child is lo | hi << 16 | flags << 32. A named table's record (MDB_db, 48 bytes) is the data of a node of the
main tree."""

import functools
import struct

PAGE_HEADER = 16
P_BRANCH, P_LEAF = 0x01, 0x02
F_BIGDATA, F_SUBDATA = 0x01, 0x02
DB_FORM = "<IHHQQQQQ"  # pad, flags, depth, branch pages, leaf pages, overflow pages, entries, root


class Row:
    """One key and its value: offsets in the file."""

    def __init__(self, key, key_at, value_at, value_len):
        self.key, self.key_at, self.value_at, self.value_len = key, key_at, value_at, value_len


class LmdbFile:
    def __init__(self, file):
        self.file, self.page_size = file, 4096
        metas = [self.meta(0), self.meta(1)]
        newest = max(metas, key=lambda one: one["txnid"])
        self.page_size, self.used = newest["page_size"], (newest["last_page"] + 1) * newest["page_size"]
        self.main = newest["main"]

    @functools.cached_property
    def tables(self):
        """The named ones, where the main tree holds nothing else."""
        return {row.key.decode(): self.database(self.bytes(row.value_at, row.value_len)) for row in self.rows(self.main)}

    def bytes(self, at, length):
        self.file.seek(at)
        return self.file.read(length)

    def database(self, raw):
        values = struct.unpack(DB_FORM, raw[:48])
        return {"depth": values[2], "entries": values[6], "root": values[7]}

    def meta(self, number):
        raw = self.bytes(number * self.page_size + PAGE_HEADER, 24 + 2 * 48 + 16)
        magic, version = struct.unpack_from("<II", raw)
        assert (magic, version) == (0xBEEFC0DE, 1), "not a data file of LMDB"
        last_page, txnid = struct.unpack_from("<QQ", raw, 24 + 2 * 48)
        return {"page_size": struct.unpack_from("<I", raw, 24)[0], "main": self.database(raw[24 + 48:]),
                "last_page": last_page, "txnid": txnid}

    def nodes(self, page):
        """(flags of the page, its bytes, the offsets of its nodes)."""
        raw = self.bytes(page * self.page_size, self.page_size)
        flags, lower = struct.unpack_from("<HH", raw, 10)
        return flags, raw, struct.unpack_from(f"<{(lower - PAGE_HEADER) // 2}H", raw, PAGE_HEADER)

    def leaf_row(self, page, raw, node):
        low, high, flags, key_len = struct.unpack_from("<HHHH", raw, node)
        key, length = raw[node + 8:node + 8 + key_len], low | high << 16
        value_at = page * self.page_size + node + 8 + key_len
        if flags & F_BIGDATA:
            (first,) = struct.unpack_from("<Q", raw, node + 8 + key_len)
            value_at = first * self.page_size + PAGE_HEADER
        return Row(key, page * self.page_size + node + 8, value_at, length)

    def child(self, raw, node):
        low, high, flags = struct.unpack_from("<HHH", raw, node)
        return low | high << 16 | flags << 32

    def rows(self, database):
        """All rows, in order."""
        pages = [database["root"]] if database["entries"] else []
        while pages:
            page = pages.pop()
            flags, raw, nodes = self.nodes(page)
            if flags & P_LEAF:
                yield from (self.leaf_row(page, raw, node) for node in nodes)
            else:
                pages.extend(self.child(raw, node) for node in reversed(nodes))

    def some_row(self, table, dice):
        """A row by chance: nearly every row is as likely as any other."""
        page = self.tables[table]["root"]
        flags, raw, nodes = self.nodes(page)
        while flags & P_BRANCH:
            page = self.child(raw, dice.choice(nodes))
            flags, raw, nodes = self.nodes(page)
        return self.leaf_row(page, raw, dice.choice(nodes))
