#include "keys/fetched_keys.hpp"

#include <utility>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

KeySet no_keys() { return *KeySet::parse(R"({"keys":[]})", {}); }

LoadedKeys loaded(std::optional<KeySet> keys, std::string body) {
    LoadedKeys result{.keys = std::move(keys)};
    result.origin.body = std::move(body);
    return result;
}

TEST(GivenNoFetchYet, ThereAreNoKeys) {
    const FetchedKeys keys;
    EXPECT_EQ(keys.read(), nullptr);
    EXPECT_EQ(keys.fetches(), 0);
    EXPECT_FALSE(keys.last_error());
}

TEST(GivenAFetchThatSucceeds, ItsKeysAndOriginAreKept) {
    FetchedKeys keys;

    EXPECT_TRUE(keys.record(loaded(no_keys(), "one")));

    EXPECT_NE(keys.read(), nullptr);
    EXPECT_EQ(keys.origin().body, "one");
    EXPECT_EQ(keys.fetches(), 1);
}

TEST(GivenAFetchThatBringsNothingNew, TheSnapshotStays) {
    FetchedKeys keys;
    static_cast<void>(keys.record(loaded(no_keys(), "one")));
    const Snapshot before = keys.read();

    EXPECT_FALSE(keys.record(loaded(std::nullopt, "two")));

    EXPECT_EQ(keys.read(), before);
    EXPECT_EQ(keys.origin().body, "two");
}

TEST(GivenAFetchThatFails, KeysStayAndTheErrorIsKeptUntilOneSucceeds) {
    FetchedKeys keys;
    static_cast<void>(keys.record(loaded(no_keys(), "one")));
    const Snapshot before = keys.read();

    keys.record(FetchFault::timed_out);

    EXPECT_EQ(keys.read(), before);
    EXPECT_EQ(keys.last_error(), FetchFault::timed_out);
    static_cast<void>(keys.record(loaded(std::nullopt, "one")));
    EXPECT_FALSE(keys.last_error());
    EXPECT_EQ(keys.fetches(), 3);
}

}  // namespace
}  // namespace authjwks
