#include "keys/refresh_gate.hpp"

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace authjwks {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration kTick{1};

class GivenAGate : public ::testing::Test {
  protected:
    Tick now() const { return clock.now(); }
    bool allows(Need need) const { return gate.allows(need, now()); }
    /// One attempt for keys that fails, without jitter.
    void fail(double jitter = 0) {
        gate.started(Need::keys, now());
        gate.failed(now(), jitter);
    }

    support::FakeClock clock;
    RefreshGate gate{{.ttl = 900s, .max_stale = 3600s, .cooldown = 30s}};
};

TEST_F(GivenAGate, InTheBeginningEverythingMayBeAskedAndNothingServes) {
    EXPECT_TRUE(allows(Need::keys));
    EXPECT_TRUE(allows(Need::unknown_key));
    EXPECT_FALSE(gate.may_serve(now()));
    EXPECT_FALSE(gate.is_fresh(now()));
    EXPECT_FALSE(gate.fetched_at());
    EXPECT_LE(gate.next_attempt(), now());
}

TEST_F(GivenAGate, FreshKeysAreNotAskedForAgainBeforeTheirTtl) {
    const Tick fetched = now();
    gate.succeeded(fetched, std::nullopt);

    EXPECT_EQ(gate.fetched_at(), fetched);
    EXPECT_EQ(gate.next_attempt(), fetched + 900s);
    EXPECT_FALSE(allows(Need::keys));
    clock.advance(900s - kTick);
    EXPECT_FALSE(allows(Need::keys));
    EXPECT_TRUE(gate.is_fresh(now()));
    clock.advance(kTick);
    EXPECT_TRUE(allows(Need::keys));
    EXPECT_FALSE(gate.is_fresh(now()));
}

TEST_F(GivenAGate, OldKeysServeUntilMaxStaleAfterTheirTtl) {
    gate.succeeded(now(), std::nullopt);

    EXPECT_EQ(gate.serves_until(), now() + 4500s);
    clock.advance(4500s - kTick);
    EXPECT_TRUE(gate.may_serve(now()));
    EXPECT_FALSE(gate.is_fresh(now()));
    clock.advance(kTick);
    EXPECT_FALSE(gate.may_serve(now()));
}

TEST_F(GivenAGate, WithoutMaxStaleKeysServeUntilTheirTtl) {
    gate = RefreshGate({.ttl = 900s, .max_stale = 0s, .cooldown = 30s});
    gate.succeeded(now(), std::nullopt);

    clock.advance(900s - kTick);
    EXPECT_TRUE(gate.may_serve(now()));
    clock.advance(kTick);
    EXPECT_FALSE(gate.may_serve(now()));
}

TEST_F(GivenAGate, AMaxAgeStandsInForTheTtlWithinItsBounds) {
    struct Row {
        std::chrono::seconds max_age, lifetime;
    };
    for (const auto& [max_age, lifetime] : {Row{0s, 60s}, {1s, 60s}, {60s, 60s}, {61s, 61s}, {3600s, 3600s}, {3601s, 3600s},
                                            {std::chrono::seconds(0xFFFFFFFF), 3600s}, {-5s, 60s}}) {
        gate.succeeded(now(), max_age);
        EXPECT_EQ(gate.next_attempt(), now() + lifetime) << max_age.count();
        EXPECT_EQ(gate.serves_until(), now() + lifetime + 3600s) << max_age.count();
    }
}

TEST_F(GivenAGate, FailuresBackOffFromOneSecondDoublingToSixty) {
    for (const auto back_off : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
        fail();
        EXPECT_EQ(gate.next_attempt(), now() + back_off);
        clock.advance(back_off - kTick);
        EXPECT_FALSE(allows(Need::keys)) << back_off.count();
        EXPECT_FALSE(allows(Need::unknown_key)) << back_off.count();
        clock.advance(kTick);
        EXPECT_TRUE(allows(Need::keys)) << back_off.count();
        EXPECT_TRUE(allows(Need::unknown_key)) << back_off.count();
    }
}

TEST_F(GivenAGate, TheBackOffStaysAtSixtySecondsHoweverManyFailures) {
    for (int failure = 0; failure < 200; ++failure) {
        fail();
        clock.advance(60s);
    }
    fail();
    EXPECT_EQ(gate.next_attempt(), now() + 60s);
}

TEST_F(GivenAGate, JitterTakesUpToHalfOfTheBackOffAway) {
    fail(0.5);
    EXPECT_EQ(gate.next_attempt(), now() + 750ms);
    clock.advance(1s);
    fail(1.0 - 1e-9);
    EXPECT_GT(gate.next_attempt(), now() + 1s);
    EXPECT_LT(gate.next_attempt(), now() + 1001ms);
}

TEST_F(GivenAGate, ASuccessEndsTheBackOffAndItsDoubling) {
    fail();
    clock.advance(1s);
    fail();
    gate.succeeded(now(), std::nullopt);
    EXPECT_FALSE(allows(Need::keys)) << "fresh";
    EXPECT_TRUE(allows(Need::unknown_key)) << "no back-off is left";
    clock.advance(900s);
    fail();
    EXPECT_EQ(gate.next_attempt(), now() + 1s);
}

TEST_F(GivenAGate, AFailureLeavesTheKeysOfBefore) {
    const Tick fetched = now();
    gate.succeeded(fetched, std::nullopt);
    clock.advance(900s);
    fail();

    EXPECT_EQ(gate.fetched_at(), fetched);
    EXPECT_TRUE(gate.may_serve(now()));
    EXPECT_EQ(gate.next_attempt(), now() + 1s);
}

TEST_F(GivenAGate, ABackOffThatEndsBeforeTheTtlDoesNotHastenIt) {
    gate.succeeded(now(), std::nullopt);
    const Tick expiry = now() + 900s;
    gate.started(Need::unknown_key, now());
    gate.failed(now(), 0);

    EXPECT_EQ(gate.next_attempt(), expiry);
    clock.advance(1s);
    EXPECT_FALSE(allows(Need::keys));
}

TEST_F(GivenAGate, UnknownKeysAreAskedForOncePerCooldown) {
    gate.succeeded(now(), std::nullopt);
    EXPECT_TRUE(allows(Need::unknown_key));
    gate.started(Need::unknown_key, now());
    EXPECT_FALSE(allows(Need::unknown_key));
    clock.advance(30s - kTick);
    EXPECT_FALSE(allows(Need::unknown_key));
    clock.advance(kTick);
    EXPECT_TRUE(allows(Need::unknown_key));
}

TEST_F(GivenAGate, TheCooldownRunsFromTheStartWhateverTheOutcome) {
    gate.succeeded(now(), std::nullopt);
    gate.started(Need::unknown_key, now());
    clock.advance(5s);
    gate.failed(now(), 0);
    clock.advance(20s);
    EXPECT_FALSE(allows(Need::unknown_key)) << "the back-off is over, the cooldown is not";
    clock.advance(5s);
    EXPECT_TRUE(allows(Need::unknown_key));

    gate.started(Need::unknown_key, now());
    gate.succeeded(now(), std::nullopt);
    EXPECT_FALSE(allows(Need::unknown_key)) << "a success does not shorten it";
}

TEST_F(GivenAGate, TheCooldownDoesNotHoldUpKeysThatAreMissing) {
    gate.started(Need::unknown_key, now());
    EXPECT_TRUE(allows(Need::keys));
}

TEST_F(GivenAGate, AskingForMissingKeysDoesNotCountAsAskingForAnUnknownOne) {
    gate.started(Need::keys, now());
    gate.succeeded(now(), std::nullopt);
    EXPECT_TRUE(allows(Need::unknown_key));
}

TEST_F(GivenAGate, WithoutACooldownUnknownKeysMayAlwaysBeAskedFor) {
    gate = RefreshGate({.cooldown = 0s});
    gate.started(Need::unknown_key, now());
    EXPECT_TRUE(allows(Need::unknown_key));
}

TEST(GivenTheDefaults, TheyAreTheDocumentedOnes) {
    const KeyOptions options;
    EXPECT_EQ(options.ttl, 900s);
    EXPECT_EQ(options.max_stale, 24h);
    EXPECT_EQ(options.cooldown, 30s);
    EXPECT_EQ(options.timeout, 5s);
}

}  // namespace
}  // namespace authjwks
