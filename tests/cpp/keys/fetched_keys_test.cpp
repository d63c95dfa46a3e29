#include "keys/fetched_keys.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/key_pair.hpp"

namespace authjwks {
namespace {

using support::key_set_json;
using support::KeyPair;
using namespace std::chrono_literals;

constexpr Clock::duration kMemory = 4000s, kTick{1};
using Names = std::vector<std::string>;

/// The shared key under this name.
std::string set_of(std::string_view key_id) { return key_set_json({KeyPair::of("P-256").jwk(key_id)}); }

class GivenFetchedKeys : public ::testing::Test {
  protected:
    using Change = FetchedKeys::Change;

    /// A response with this body. As KeyLocation::load() does, it brings no keys if the body is the same as before.
    Change respond(const std::string& body) {
        LoadedKeys loaded;
        if (body != keys.origin().body) loaded.keys = *KeySet::parse(body, {});
        loaded.origin.body = body;
        return keys.record(std::move(loaded), clock.now(), kMemory);
    }
    /// The names of the keys that serve.
    Names serving() const {
        Names names;
        for (const KeySet::Named& named : keys.read()->usable()) names.push_back(named.key_id.value_or(""));
        return names;
    }
    std::size_t found(std::optional<std::string_view> key_id) const {
        return keys.read()->find(key_id, support::algorithm("ES256")).keys().size();
    }
    /// Responses that alternate twice between two sets.
    void alternate_twice() {
        for (const std::string& body : {a, b, a, b}) respond(body);
    }

    support::FakeClock clock;
    FetchedKeys keys;
    const std::string a = set_of("a"), b = set_of("b"), c = set_of("c");
};

TEST_F(GivenFetchedKeys, BeforeTheFirstFetchThereAreNone) {
    EXPECT_EQ(keys.read(), nullptr);
    EXPECT_EQ(keys.fetches(), 0U);
    EXPECT_FALSE(keys.last_failure());
}

TEST_F(GivenFetchedKeys, AResponseIsKeptWithItsOrigin) {
    const Change change = respond(a);

    EXPECT_TRUE(change.keys);
    EXPECT_FALSE(change.replaces_a_key);
    EXPECT_FALSE(change.replicas_differ);
    EXPECT_EQ(serving(), Names{"a"});
    EXPECT_EQ(keys.origin().body, a);
    EXPECT_EQ(keys.fetches(), 1U);
}

TEST_F(GivenFetchedKeys, AResponseWithNothingNewLeavesTheSnapshot) {
    respond(a);
    const Snapshot before = keys.read();
    LoadedKeys unchanged;
    unchanged.origin = {.url = "https://keys.example/", .body = a, .version = {.etag = "2", .last_modified = {}}};

    const Change change = keys.record(std::move(unchanged), clock.now(), kMemory);

    EXPECT_FALSE(change.keys || change.replaces_a_key || change.replicas_differ);
    EXPECT_EQ(keys.read(), before);
    EXPECT_EQ(keys.origin().version.etag, "2");
}

TEST_F(GivenFetchedKeys, AFailureLeavesTheKeysAndIsKeptUntilOneSucceeds) {
    respond(a);
    const Snapshot before = keys.read();

    keys.record(FetchFault::timed_out);

    EXPECT_EQ(keys.read(), before);
    ASSERT_TRUE(keys.last_failure());
    EXPECT_EQ(keys.last_failure()->fault, FetchFault::timed_out);
    respond(a);
    EXPECT_FALSE(keys.last_failure());
    EXPECT_EQ(keys.fetches(), 3U);
}

TEST_F(GivenFetchedKeys, AnotherKeyUnderAKnownNameIsReported) {
    respond(a);
    EXPECT_FALSE(respond(b).replaces_a_key) << "a key under another name";
    EXPECT_TRUE(respond(key_set_json({KeyPair::generate("P-256").jwk("b")})).replaces_a_key);
    EXPECT_FALSE(respond(key_set_json({KeyPair::of("P-384").jwk("b")})).replaces_a_key) << "for another algorithm";
}

// Two servers of one issuer that do not agree: each token is of a key of either.
TEST_F(GivenFetchedKeys, TwoSetsThatAlternateTwiceServeTogether) {
    respond(a);
    EXPECT_FALSE(respond(b).replicas_differ);
    EXPECT_FALSE(respond(a).replicas_differ);
    EXPECT_EQ(serving(), Names{"a"});

    const Change joined = respond(b);

    EXPECT_TRUE(joined.keys);
    EXPECT_TRUE(joined.replicas_differ);
    EXPECT_EQ(serving(), (Names{"a", "b"}));
}

TEST_F(GivenFetchedKeys, FurtherAlternationChangesNothing) {
    alternate_twice();
    const Snapshot joined = keys.read();
    for (const std::string& body : {a, b, b, a, a, b}) {
        clock.advance(kMemory / 4);
        const Change change = respond(body);
        EXPECT_FALSE(change.keys || change.replaces_a_key || change.replicas_differ);
        EXPECT_EQ(keys.origin().body, body);
    }
    EXPECT_EQ(keys.read(), joined);
}

// An issuer that takes a new key back has one set, the first.
TEST_F(GivenFetchedKeys, ARollbackDoesNotJoin) {
    respond(a);
    respond(b);
    const Change back = respond(a);
    EXPECT_TRUE(back.keys);
    EXPECT_FALSE(back.replicas_differ);
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(respond(a).keys);
    EXPECT_EQ(serving(), Names{"a"});
}

TEST_F(GivenFetchedKeys, OneThatWasNotSeenForItsMemoryNoLongerServes) {
    alternate_twice();
    clock.advance(kMemory / 2);
    EXPECT_FALSE(respond(b).keys);
    clock.advance(kMemory / 2 - kTick);
    EXPECT_FALSE(respond(b).keys) << "the other was seen just within it";
    clock.advance(kTick);

    const Change alone = respond(b);

    EXPECT_TRUE(alone.keys);
    EXPECT_FALSE(alone.replicas_differ);
    EXPECT_EQ(serving(), Names{"b"});
    EXPECT_FALSE(respond(b).keys);
}

TEST_F(GivenFetchedKeys, OneThatComesBackTooLateServesAlone) {
    alternate_twice();
    clock.advance(kMemory);
    EXPECT_TRUE(respond(a).keys);
    EXPECT_EQ(serving(), Names{"a"});
}

TEST_F(GivenFetchedKeys, SetsThatAlternateTooSlowlyAreRotations) {
    for (const std::string& body : {a, b, a, b, a, b}) {
        EXPECT_FALSE(respond(body).replicas_differ);
        clock.advance(kMemory);
    }
}

TEST_F(GivenFetchedKeys, AThirdSetEndsIt) {
    alternate_twice();

    const Change third = respond(c);

    EXPECT_TRUE(third.keys);
    EXPECT_FALSE(third.replicas_differ);
    EXPECT_EQ(serving(), Names{"c"});
    respond(b);
    EXPECT_EQ(serving(), Names{"b"}) << "what came before does not count";
}

TEST_F(GivenFetchedKeys, TwoSetsThatServeTogetherMayDoSoAgain) {
    alternate_twice();
    respond(c);
    int joined = 0;
    for (const std::string& body : {b, c, b, c, b}) joined += respond(body).replicas_differ ? 1 : 0;
    EXPECT_EQ(joined, 1);
    EXPECT_EQ(serving(), (Names{"b", "c"}));
}

TEST_F(GivenFetchedKeys, AKeyInBothSetsIsThereOnce) {
    const std::string other = key_set_json({KeyPair::of("P-256").jwk("a"), KeyPair::of("P-384").jwk("b")});
    for (const std::string& body : {a, other, a, other}) respond(body);
    EXPECT_EQ(found("a"), 1U);
    EXPECT_EQ(found(std::nullopt), 1U) << "for a token without a key id";
}

TEST_F(GivenFetchedKeys, TwoKeysUnderOneNameServeBoth) {
    const std::string other = key_set_json({KeyPair::generate("P-256").jwk("a")});
    for (const std::string& body : {a, other, a, other}) respond(body);
    EXPECT_EQ(found("a"), 2U);
    EXPECT_FALSE(respond(a).replaces_a_key);
}

}  // namespace
}  // namespace authjwks
