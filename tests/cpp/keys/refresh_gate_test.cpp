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
    /// An attempt that fails just now.
    void fail(double jitter = 0, std::optional<std::chrono::seconds> retry_after = std::nullopt) {
        gate.failed(now(), jitter, retry_after);
    }
    Clock::duration back_off() const { return gate.blocked_until() - now(); }

    support::FakeClock clock;
    RefreshGate gate{{.ttl = 1000s, .max_stale = 3600s}};
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

TEST_F(GivenAGate, WithKeysThatServeFailuresBackOffFromOneSecondDoublingToSixty) {
    succeed();
    clock.advance(1000s);
    for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        fail();
        EXPECT_EQ(phase(), Phase::failing);
        EXPECT_EQ(back_off(), expected);
        EXPECT_EQ(gate.refresh_at(), now() + expected);
        clock.advance(expected - kTick);
        EXPECT_FALSE(allows(Need::keys)) << expected.count();
        EXPECT_FALSE(allows(Need::unknown_key)) << expected.count();
        clock.advance(kTick);
        EXPECT_TRUE(allows(Need::keys)) << expected.count();
        EXPECT_TRUE(allows(Need::unknown_key)) << expected.count();
    }
}

// The end of an outage is noticed soon after it, however long it was.
TEST_F(GivenAGate, WithoutKeysABackOffIsAFifthOfTheOutageFromHalfASecondToTen) {
    struct Row {
        Clock::duration since, back_off;
    };
    const Tick began = now();
    for (const auto& [since, expected] : {Row{0s, 500ms},
                                          {500ms, 500ms},
                                          {2500ms, 500ms},
                                          {3s, 600ms},
                                          {10s, 2s},
                                          {40s, 8s},
                                          {50s, 10s},
                                          {51s, 10s},
                                          {24h, 10s}}) {
        clock.advance(began + since - now());
        fail();
        EXPECT_EQ(back_off(), expected) << since.count();
        EXPECT_EQ(gate.refresh_at(), now() + expected);
        EXPECT_EQ(phase(), Phase::failing);
    }
    clock.advance(10s - kTick);
    EXPECT_FALSE(allows(Need::keys));
    EXPECT_FALSE(allows(Need::unknown_key));
    clock.advance(kTick);
    EXPECT_TRUE(allows(Need::keys));
    EXPECT_TRUE(allows(Need::unknown_key));
}

TEST_F(GivenAGate, OnceKeysNoLongerServeTheBackOffIsShort) {
    succeed();
    clock.advance(4590s);
    for (int failure = 0; failure < 8; ++failure) fail();
    EXPECT_EQ(back_off(), 60s);
    clock.advance(15s);
    fail();
    EXPECT_EQ(back_off(), 3s) << "a fifth of an outage of 15 s";
}

TEST_F(GivenAGate, TheBackOffStaysBoundedHoweverManyFailures) {
    for (int failure = 0; failure < 200; ++failure) fail();
    EXPECT_EQ(back_off(), 500ms);
    succeed();
    for (int failure = 0; failure < 200; ++failure) fail();
    EXPECT_EQ(back_off(), 60s);
}

TEST_F(GivenAGate, JitterTakesUpToHalfOfTheBackOffAway) {
    fail(0.5);
    EXPECT_EQ(back_off(), 375ms);
    succeed();
    fail(0.5);
    EXPECT_EQ(back_off(), 750ms);
    clock.advance(1s);
    fail(1.0 - 1e-9);
    EXPECT_GT(back_off(), 1s);
    EXPECT_LT(back_off(), 1001ms);
}

TEST_F(GivenAGate, AServerThatWantsToBeLeftAloneIsForUpToAMinute) {
    for (const bool has_keys : {true, false}) {
        gate = RefreshGate({.ttl = 1000s, .max_stale = 3600s});
        if (has_keys) succeed();
        fail(0.5, 17s);
        EXPECT_EQ(back_off(), 17s) << "jitter takes nothing away";
        EXPECT_FALSE(allows(Need::unknown_key));
        for (const auto longer : {60s, 61s, 86400s, std::chrono::seconds::max()}) {
            fail(0, longer);
            EXPECT_EQ(back_off(), 60s) << longer.count();
        }
        fail(0, 0s);
        EXPECT_LT(back_off(), 60s) << "the latest failure decides";
    }
}

TEST_F(GivenAGate, ItsOwnBackOffMayBeLongerThanTheServers) {
    succeed();
    for (int failure = 0; failure < 5; ++failure) fail();
    fail(0, 1s);
    EXPECT_EQ(back_off(), 32s);
}

TEST_F(GivenAGate, CallersThatAreRefusedShortenTheBackOff) {
    succeed();
    for (int failure = 0; failure < 6; ++failure) fail();
    EXPECT_EQ(back_off(), 32s);
    EXPECT_TRUE(gate.want());
    EXPECT_EQ(back_off(), 500ms);
    EXPECT_FALSE(gate.want()) << "it is as short already";
    clock.advance(10s);
    fail();
    EXPECT_EQ(back_off(), 2s) << "for the rest of the outage";

    succeed();
    fail();
    EXPECT_EQ(back_off(), 1s) << "the next outage refuses nobody yet";
}

TEST_F(GivenAGate, WithoutAFailureNobodyIsRefused) {
    EXPECT_FALSE(gate.want());
    succeed();
    EXPECT_FALSE(gate.want());
    fail();
    EXPECT_EQ(back_off(), 1s);
}

TEST_F(GivenAGate, WantDoesNotShortenWhatTheServerDemands) {
    succeed();
    fail(0, 40s);
    EXPECT_TRUE(gate.want()) << "the refresh at 80 % of the ttl comes at its end";
    EXPECT_EQ(back_off(), 40s);
    EXPECT_EQ(gate.refresh_at(), now() + 40s);
}

TEST_F(GivenAGate, CallersThatAreRefusedNeverLengthenTheBackOff) {
    succeed();
    fail();
    clock.advance(1000s);
    fail();
    EXPECT_EQ(back_off(), 2s) << "a fifth of the outage is longer";
    EXPECT_FALSE(gate.want());
    EXPECT_EQ(back_off(), 2s);
}

// A rotation during an outage: the keys at hand are fresh, and tokens of the new key are refused all the same.
TEST_F(GivenAGate, WhereCallersAreRefusedFreshKeysAreRefreshedAfterTheBackOff) {
    succeed();
    fail();
    EXPECT_EQ(gate.refresh_at(), now() + 800s);
    EXPECT_TRUE(gate.want());

    EXPECT_EQ(gate.refresh_at(), now() + 500ms);
    EXPECT_FALSE(allows(Need::keys));
    clock.advance(500ms);
    EXPECT_TRUE(allows(Need::keys));
    EXPECT_EQ(phase(), Phase::fresh);
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
    EXPECT_EQ(back_off(), 1s);
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
    fail();

    EXPECT_EQ(gate.refresh_at(), due);
    clock.advance(1s);
    EXPECT_FALSE(allows(Need::keys));
    EXPECT_TRUE(allows(Need::unknown_key));
}

TEST_F(GivenAGate, UnknownKeysAreLimitedByABackOffAlone) {
    succeed();
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(allows(Need::unknown_key)) << "how many there may be is not known here";
    fail();
    EXPECT_FALSE(allows(Need::unknown_key));
}

TEST_F(GivenAGate, OnCommandTheIssuerMayAlwaysBeAsked) {
    succeed();
    EXPECT_TRUE(allows(Need::command)) << "fresh keys";
    fail(0, 60s);
    EXPECT_TRUE(allows(Need::command)) << "within a back-off";
}

TEST_F(GivenAGate, TheLifeOfItsKeysIsToldWhateverTheirAge) {
    EXPECT_EQ(gate.life(), 1000s);
    succeed(120s);
    clock.advance(500s);
    fail();
    EXPECT_EQ(gate.life(), 120s);
}

TEST(GivenTheDefaults, TheyAreTheDocumentedOnes) {
    const KeyOptions options;
    EXPECT_EQ(options.ttl, 900s);
    EXPECT_EQ(options.max_stale, 24h);
    EXPECT_EQ(options.cooldown, 10s);
    EXPECT_EQ(options.timeout, 5s);
}

}  // namespace
}  // namespace authjwks
