#!/usr/bin/env python3
"""Tests of what counts as a finding of clang-tidy: nothing that is ours may be let through."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import tidy  # noqa: E402

IN_ASIO = ("/usr/include/boost/asio/impl/awaitable.hpp:490:40: error: dereference [clang-analyzer-core.NullDereference]\n"
           f"{tidy.ROOT}/server/stream_call.cpp:132:10: note: Calling 'async_initiate'\n")
OURS = f"{tidy.ROOT}/server/stream_call.hpp:43:7: error: destructor is private [cppcoreguidelines-x]\n"


class IsOurs(unittest.TestCase):
    def test_a_finding_in_a_library_is_not(self):
        self.assertFalse(tidy.is_ours(IN_ASIO))

    def test_a_finding_of_ours_beside_one_of_a_library_is(self):
        self.assertTrue(tidy.is_ours(IN_ASIO + OURS))

    def test_output_without_a_finding_is_a_file_that_was_not_read(self):
        self.assertTrue(tidy.is_ours("error: unknown argument '-fx'\n"))


if __name__ == "__main__":
    unittest.main()
