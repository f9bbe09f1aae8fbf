#!/usr/bin/env python3
"""kill -9 at every named failpoint while posts go to a real PDS, and replies that never arrive. Counted by listing the
PDS's repositories. OPENPOST_KILL_TURNS (default 1; 5 for the whole) repeats every kill, at other passages in turn."""

import collections
import os

import pds
from pds import harness, Pds, Proxy
import failpoints_test as failpoints

TURNS = int(os.environ.get("OPENPOST_KILL_TURNS", "1"))


class Platform(Proxy):
    """The PDS behind its proxy, with an account for each round."""

    def __init__(self, world, server, accounts):
        super().__init__(world, server)
        self.accounts = [server.create_account(f"account-{number}") for number in range(accounts)]

    def texts(self):
        return [record["value"]["text"] for account in self.accounts for record in self.pds.records(account)]


def rounds():
    """Each failpoint twice a turn: at its last passage (the outcome), in odd turns at the one before (the start)."""
    return [(failpoints.Round(name, max(1, failpoints.PASSAGES.get(name, 1) - turn % 2), accepted, turn), process)
            for turn in range(TURNS) for name, process in failpoints.failpoints().items() for accepted in (False, True)]


class Kills(failpoints.Kills):
    def test_every_post_is_in_its_repository_exactly_once(self):
        played = rounds()
        platform = Platform(self.world, Pds(self.world), len(played) + failpoints.SPARE_ACCOUNTS)
        place = failpoints.Place(self.world, "real", platform)
        self.play_all(place, played, [(one.handle, one.password) for one in platform.accounts])
        dropped = failpoints.Round("a_reply_that_never_arrives", 1, True)
        place.play(dropped, lambda: None)
        self.wait_settled(place, ("published",), failpoints.SETTLED_WITHIN_S)
        place.parts.stop()
        live = platform.texts()
        self.assertEqual(collections.Counter(live), collections.Counter(place.posts.keys()))
        for account, (text, post) in zip(platform.accounts, place.posts.items()):
            records = platform.pds.records(account)
            self.assertEqual([record["value"]["text"] for record in records], [text])
        self.assert_verified_and_replayed(place.parts.data)
        self.assert_shown_in_time(place)
        killed = collections.Counter(which.failpoint for which in place.deaths)
        print(f"real PDS: {len(place.posts)} rounds, {sum(killed.values())} processes killed "
              f"({min(killed[name] for name in failpoints.failpoints())} or more per failpoint), {len(live)} live, 0 duplicates, 0 lost")


if __name__ == "__main__":
    pds.main()
