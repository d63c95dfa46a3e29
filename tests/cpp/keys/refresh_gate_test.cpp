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
    Phase phase() const { return gate.phase(now()); }
    /// An answer just now, which puts the next refresh at 80 %, unless it names a lifetime or jitter.
    void succeed(std::optional<std::chrono::seconds> lifetime = std::nullopt, double jitter = 0) {
        gate.succeeded(now(), lifetime, jitter);
    }
    /// An attempt for keys that fails just now.
    void fail(double jitter = 0) {
        gate.started(Need::keys, now());
        gate.failed(now(), jitter);
    }

    support::FakeClock clock;
    RefreshGate gate{{.ttl = 1000s, .max_stale = 3600s, .cooldown = 30s}};
};

TEST_F(GivenAGate, InTheBeginningItIsColdAndEverythingMayBeAsked) {
    EXPECT_EQ(phase(), Phase::cold);
    for (const Need need : {Need::keys, Need::unknown_key, Need::command}) EXPECT_TRUE(allows(need));
    EXPECT_FALSE(gate.is_failing());
    EXPECT_FALSE(gate.may_serve(now()));
    EXPECT_FALSE(gate.fetched_at());
    EXPECT_LE(gate.refresh_at(), now());
    EXPECT_LE(gate.blocked_until(), now());
}

TEST_F(GivenAGate, AnAnswerIsFreshForItsTtl) {
    const Tick fetched = now();
    succeed();

    EXPECT_EQ(gate.fetched_at(), fetched);
    EXPECT_EQ(gate.expires_at(), fetched + 1000s);
    clock.advance(1000s - kTick);
    EXPECT_EQ(phase(), Phase::fresh);
    clock.advance(kTick);
    EXPECT_EQ(phase(), Phase::overdue);
}

TEST_F(GivenAGate, AnAnswerIsRefreshedAtFourFifthsOfItsTtl) {
    succeed();

    EXPECT_EQ(gate.refresh_at(), now() + 800s);
    clock.advance(800s - kTick);
    EXPECT_FALSE(allows(Need::keys));
    clock.advance(kTick);
    EXPECT_TRUE(allows(Need::keys));
}

TEST_F(GivenAGate, JitterBringsTheRefreshForwardByATwentiethAtMost) {
    succeed(std::nullopt, 0.5);
    EXPECT_EQ(gate.refresh_at(), now() + 775s);
    succeed(std::nullopt, 1.0 - 1e-12);
    EXPECT_GE(gate.refresh_at(), now() + 750s);
    EXPECT_LT(gate.refresh_at(), now() + 751s);
}

TEST_F(GivenAGate, SpreadChoosesTheMomentAgain) {
    succeed();
    const Tick fetched = now();
    clock.advance(10s);

    gate.spread(0.5);

    EXPECT_EQ(gate.refresh_at(), fetched + 775s);
    EXPECT_EQ(gate.expires_at(), fetched + 1000s) << "the ttl stays";
}

TEST_F(GivenAGate, SpreadBeforeTheFirstAnswerChangesNothing) {
    gate.spread(0.5);
    EXPECT_EQ(phase(), Phase::cold);
    EXPECT_TRUE(allows(Need::keys));
}

TEST_F(GivenAGate, OldKeysServeUntilMaxStalePastTheirTtl) {
    succeed();

    EXPECT_EQ(gate.serves_until(), now() + 4600s);
    clock.advance(4600s - kTick);
    EXPECT_TRUE(gate.may_serve(now()));
    clock.advance(kTick);
    EXPECT_FALSE(gate.may_serve(now()));
}

TEST_F(GivenAGate, WithoutMaxStaleKeysServeUntilTheirTtl) {
    gate = RefreshGate({.ttl = 1000s, .max_stale = 0s});
    succeed();

    clock.advance(1000s - kTick);
    EXPECT_TRUE(gate.may_serve(now()));
    clock.advance(kTick);
    EXPECT_FALSE(gate.may_serve(now()));
}

TEST_F(GivenAGate, ALifetimeReplacesTheTtlWithinBounds) {
    struct Row {
        std::chrono::seconds named, life;
    };
    for (const auto& [named, life] : {Row{0s, 60s},
                                      {1s, 60s},
                                      {60s, 60s},
                                      {61s, 61s},
                                      {3600s, 3600s},
                                      {3601s, 3600s},
                                      {std::chrono::seconds(0xFFFFFFFF), 3600s},
                                      {-5s, 60s}}) {
        succeed(named);
        EXPECT_EQ(gate.expires_at(), now() + life) << named.count();
        EXPECT_EQ(gate.refresh_at(), now() + Clock::duration(life) * 4 / 5) << named.count();
        EXPECT_EQ(gate.serves_until(), now() + life + 3600s) << named.count();
    }
}

TEST_F(GivenAGate, WithoutKeysFailuresBackOffFromOneSecondDoublingToTen) {
    for (const auto back_off : {1s, 2s, 4s, 8s, 10s, 10s, 10s}) {
        fail();
        EXPECT_EQ(phase(), Phase::failing);
        EXPECT_EQ(gate.blocked_until(), now() + back_off);
        EXPECT_EQ(gate.refresh_at(), now() + back_off);
        clock.advance(back_off - kTick);
        EXPECT_FALSE(allows(Need::keys)) << back_off.count();
        EXPECT_FALSE(allows(Need::unknown_key)) << back_off.count();
        clock.advance(kTick);
        EXPECT_TRUE(allows(Need::keys)) << back_off.count();
        EXPECT_TRUE(allows(Need::unknown_key)) << back_off.count();
    }
}

TEST_F(GivenAGate, WithKeysThatServeFailuresBackOffToSixty) {
    succeed();
    clock.advance(1000s);
    for (const auto back_off : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        fail();
        EXPECT_EQ(gate.blocked_until(), now() + back_off);
        clock.advance(back_off);
    }
}

TEST_F(GivenAGate, OnceKeysNoLongerServeTheBackOffIsShortAgain) {
    succeed();
    clock.advance(4599s);
    for (int failure = 0; failure < 8; ++failure) fail();
    EXPECT_EQ(gate.blocked_until(), now() + 60s);
    clock.advance(60s);
    fail();
    EXPECT_EQ(gate.blocked_until(), now() + 10s);
}

TEST_F(GivenAGate, TheBackOffStaysBoundedHoweverManyFailures) {
    for (int failure = 0; failure < 200; ++failure) fail();
    EXPECT_EQ(gate.blocked_until(), now() + 10s);
}

TEST_F(GivenAGate, JitterTakesUpToHalfOfTheBackOffAway) {
    fail(0.5);
    EXPECT_EQ(gate.blocked_until(), now() + 750ms);
    clock.advance(1s);
    fail(1.0 - 1e-9);
    EXPECT_GT(gate.blocked_until(), now() + 1s);
    EXPECT_LT(gate.blocked_until(), now() + 1001ms);
}

TEST_F(GivenAGate, ASuccessEndsTheBackOffAndItsDoubling) {
    fail();
    clock.advance(1s);
    fail();
    succeed();
    EXPECT_FALSE(gate.is_failing());
    EXPECT_FALSE(allows(Need::keys)) << "fresh";
    EXPECT_TRUE(allows(Need::unknown_key)) << "no back-off is left";
    clock.advance(1000s);
    fail();
    EXPECT_EQ(gate.blocked_until(), now() + 1s);
}

TEST_F(GivenAGate, AFailureLeavesTheKeysOfBefore) {
    const Tick fetched = now();
    succeed();
    clock.advance(800s);
    fail();

    EXPECT_EQ(gate.fetched_at(), fetched);
    EXPECT_EQ(gate.expires_at(), fetched + 1000s);
    EXPECT_TRUE(gate.is_failing());
    EXPECT_EQ(phase(), Phase::fresh) << "the ttl is not over";
    EXPECT_EQ(gate.refresh_at(), now() + 1s);
    clock.advance(200s);
    EXPECT_EQ(phase(), Phase::failing);
    EXPECT_TRUE(gate.may_serve(now()));
}

TEST_F(GivenAGate, ABackOffThatEndsBeforeTheRefreshIsDueDoesNotHastenIt) {
    succeed();
    const Tick due = now() + 800s;
    gate.started(Need::unknown_key, now());
    gate.failed(now(), 0);

    EXPECT_EQ(gate.refresh_at(), due);
    clock.advance(1s);
    EXPECT_FALSE(allows(Need::keys));
}

TEST_F(GivenAGate, UnknownKeysAreAskedForOncePerCooldown) {
    succeed();
    EXPECT_TRUE(allows(Need::unknown_key));
    gate.started(Need::unknown_key, now());
    EXPECT_FALSE(allows(Need::unknown_key));
    clock.advance(30s - kTick);
    EXPECT_FALSE(allows(Need::unknown_key));
    clock.advance(kTick);
    EXPECT_TRUE(allows(Need::unknown_key));
}

TEST_F(GivenAGate, TheCooldownRunsFromTheStartWhateverTheOutcome) {
    succeed();
    gate.started(Need::unknown_key, now());
    clock.advance(5s);
    gate.failed(now(), 0);
    clock.advance(9s);
    EXPECT_FALSE(allows(Need::unknown_key)) << "the back-off is over, half the cooldown is not";
    clock.advance(1s);
    EXPECT_TRUE(allows(Need::unknown_key)) << "one that failed is asked twice a cooldown";

    gate.started(Need::unknown_key, now());
    succeed();
    EXPECT_FALSE(allows(Need::unknown_key)) << "a success does not shorten it";
}

TEST_F(GivenAGate, TheCooldownDoesNotHoldUpKeysThatAreMissing) {
    gate.started(Need::unknown_key, now());
    EXPECT_TRUE(allows(Need::keys));
}

TEST_F(GivenAGate, OtherNeedsDoNotCountForTheCooldown) {
    gate.started(Need::keys, now());
    gate.started(Need::command, now());
    succeed();
    EXPECT_TRUE(allows(Need::unknown_key));
}

TEST_F(GivenAGate, WithoutACooldownUnknownKeysMayAlwaysBeAskedFor) {
    gate = RefreshGate({.cooldown = 0s});
    gate.started(Need::unknown_key, now());
    EXPECT_TRUE(allows(Need::unknown_key));
}

TEST_F(GivenAGate, OnCommandTheIssuerMayAlwaysBeAsked) {
    succeed();
    gate.started(Need::unknown_key, now());
    EXPECT_TRUE(allows(Need::command)) << "fresh keys, within the cooldown";
    fail();
    EXPECT_TRUE(allows(Need::command)) << "within a back-off";
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
