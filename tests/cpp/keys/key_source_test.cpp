#include "keys/key_source.hpp"

#include <array>
#include <latch>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/key_pair.hpp"
#include "support/scripted_issuer.hpp"

namespace authjwks {
namespace {

using support::FakeClock;
using support::ScriptedIssuer;
using namespace std::chrono_literals;

constexpr Clock::duration kTick{1};
constexpr KeyOptions kOptions{.ttl = 900s, .max_stale = 3600s, .cooldown = 30s, .timeout = 5s};
constexpr std::size_t kThreads = 8;

/// A set of one key of this name.
std::string set_of(std::string_view key_id) {
    return support::key_set_json({support::KeyPair::of("Ed25519").jwk(key_id)});
}

/// The name of the first key, or "" for no keys.
std::string name_in(const Snapshot& keys) {
    return keys && !keys->usable().empty() ? keys->usable()[0].key_id.value_or("unnamed") : "";
}

/// What obtain() brings: the name of the first key, or the slug of the refusal.
std::string obtain(KeySource& source) {
    const auto keys = source.obtain();
    return keys ? name_in(*keys) : std::string(describe(keys.error()).slug);
}

class GivenAnIssuerOnAScript : public ::testing::Test {
  protected:
    KeySource source_with(const KeyOptions& options) { return {options, issuer.surroundings(clock)}; }
    std::size_t fetches() const { return issuer.calls().size(); }

    FakeClock clock;
    ScriptedIssuer issuer;
};

/// A source that has not asked yet.
class GivenAColdSource : public GivenAnIssuerOnAScript {
  protected:
    KeySource source = source_with(kOptions);
};

/// A source that holds the key "old", fetched just now.
class GivenAWarmSource : public GivenAColdSource {
  protected:
    GivenAWarmSource() {
        issuer.then_sends(set_of("old"));
        if (obtain(source) != "old") throw std::runtime_error("the source did not warm up");
    }
};

/// Many threads that all ask a source, one of which finds out only when all are about to.
class Crowd {
  public:
    /// To be called by the load function: waits until all threads are on their way to the source.
    void wait_for_all() { on_their_way_.wait(); }

    /// What `ask` brought to each thread.
    template <class Ask>
    std::vector<std::string> ask_at_once(Ask ask) {
        std::vector<std::string> answers(kThreads);
        {
            std::vector<std::jthread> threads;
            for (std::string& answer : answers)
                threads.emplace_back([this, &answer, &ask] {
                    on_their_way_.count_down();
                    answer = ask();
                });
        }
        return answers;
    }

  private:
    std::latch on_their_way_{kThreads};
};

TEST_F(GivenAColdSource, NothingIsReady) {
    EXPECT_EQ(source.ready(), nullptr);
    EXPECT_EQ(fetches(), 0U);

    const SourceReport report = source.report();
    EXPECT_EQ(report.state, SourceState::cold);
    EXPECT_EQ(report.keys, nullptr);
    EXPECT_EQ(report.age, std::nullopt);
    EXPECT_EQ(report.next_refresh, Clock::duration::zero());
    EXPECT_EQ(report.last_error, std::nullopt);
    EXPECT_EQ(report.fetches, 0U);
}

TEST_F(GivenAColdSource, ObtainFetchesWithinTheTimeOut) {
    issuer.then_sends(set_of("a"));

    EXPECT_EQ(obtain(source), "a");

    ASSERT_EQ(fetches(), 1U);
    EXPECT_EQ(issuer.calls()[0].deadline, clock.now() + 5s);
    EXPECT_FALSE(issuer.calls()[0].no_cache);
}

TEST_F(GivenAColdSource, AnEmptySetIsASuccess) {
    issuer.then_sends(R"({"keys":[]})");

    const auto keys = source.obtain();

    ASSERT_TRUE(keys);
    EXPECT_TRUE((*keys)->usable().empty());
    EXPECT_EQ(source.report().state, SourceState::fresh);
}

TEST_F(GivenAColdSource, AFailureLeavesNoKeys) {
    issuer.then_fails(FetchFault::timed_out);

    EXPECT_EQ(obtain(source), "keys_unavailable");

    EXPECT_EQ(source.ready(), nullptr);
    const SourceReport report = source.report();
    EXPECT_EQ(report.state, SourceState::failed);
    EXPECT_EQ(report.last_error, FetchFault::timed_out);
    EXPECT_EQ(report.keys, nullptr);
    EXPECT_EQ(report.fetches, 1U);
    EXPECT_EQ(report.next_refresh, 1s);
}

TEST_F(GivenAColdSource, AFailureIsNotRepeatedBeforeItsBackOffEnds) {
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    clock.advance(1s - kTick);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(fetches(), 1U);

    clock.advance(kTick);
    issuer.then_sends(set_of("a"));
    EXPECT_EQ(obtain(source), "a");
}

TEST_F(GivenAColdSource, RetryAfterIsWhatIsLeftOfTheBackOff) {
    EXPECT_LE(source.retry_after(), Clock::duration::zero()) << "nothing stands in the way yet";
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(source.retry_after(), 1s);
    clock.advance(400ms);
    EXPECT_EQ(source.retry_after(), 600ms);
}

TEST_F(GivenAColdSource, ALoadThatThrowsIsAFailure) {
    issuer.then([]() -> Result<LoadedKeys, FetchFault> { throw std::runtime_error("on the way"); });
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(source.report().last_error, FetchFault::unreachable);

    clock.advance(1s);
    issuer.then_sends(set_of("a"));
    EXPECT_EQ(obtain(source), "a") << "the flight that threw has landed";
}

TEST_F(GivenAColdSource, ManyWhoAskAtOnceShareOneFetch) {
    Crowd crowd;
    issuer.then([&crowd] {
        crowd.wait_for_all();
        return ScriptedIssuer::keys(set_of("a"));
    });

    EXPECT_EQ(crowd.ask_at_once([this] { return obtain(source); }), std::vector<std::string>(kThreads, "a"));

    EXPECT_EQ(fetches(), 1U);
    EXPECT_EQ(source.report().fetches, 1U);
}

TEST_F(GivenAColdSource, ManyWhoAskAtOnceShareOneFailure) {
    Crowd crowd;
    issuer.then([&crowd] {
        crowd.wait_for_all();
        return FetchFault::unreachable;
    });

    EXPECT_EQ(crowd.ask_at_once([this] { return obtain(source); }),
              std::vector<std::string>(kThreads, "keys_unavailable"));

    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdSource, ManyWhoAskAtOnceSurviveALoadThatThrows) {
    Crowd crowd;
    issuer.then([&crowd]() -> Result<LoadedKeys, FetchFault> {
        crowd.wait_for_all();
        throw std::runtime_error("on the way");
    });

    EXPECT_EQ(crowd.ask_at_once([this] { return obtain(source); }),
              std::vector<std::string>(kThreads, "keys_unavailable"));
}

TEST_F(GivenAnIssuerOnAScript, JitterShortensTheBackOff) {
    KeySource source{kOptions, issuer.surroundings(clock, 0.5)};
    issuer.then_fails(FetchFault::unreachable);

    EXPECT_EQ(obtain(source), "keys_unavailable");

    EXPECT_EQ(source.retry_after(), 750ms);
}

TEST_F(GivenAWarmSource, ItsKeysAreReadyForTheirTtl) {
    const Snapshot keys = source.ready();
    EXPECT_EQ(name_in(keys), "old");
    EXPECT_EQ(*source.obtain(), keys) << "the same snapshot";
    clock.advance(900s - kTick);
    EXPECT_EQ(source.ready(), keys);
    EXPECT_EQ(*source.obtain(), keys);
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAWarmSource, ItsReportTellsAgeAndNextRefresh) {
    clock.advance(100s);

    const SourceReport report = source.report();

    EXPECT_EQ(report.state, SourceState::fresh);
    EXPECT_EQ(report.age, 100s);
    EXPECT_EQ(report.next_refresh, 800s);
    EXPECT_EQ(report.last_error, std::nullopt);
    EXPECT_EQ(report.fetches, 1U);
    EXPECT_EQ(report.keys, source.ready());
}

TEST_F(GivenAWarmSource, KeysPastTheirTtlAreNotReadyAndReplaced) {
    clock.advance(900s);
    EXPECT_EQ(source.ready(), nullptr);
    EXPECT_EQ(source.report().state, SourceState::stale);
    EXPECT_EQ(source.report().next_refresh, Clock::duration::zero());

    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new");
    EXPECT_EQ(name_in(source.ready()), "new");
    EXPECT_EQ(source.report().age, Clock::duration::zero());
    EXPECT_FALSE(issuer.calls()[1].no_cache);
}

TEST_F(GivenAWarmSource, ASetWithFewerKeysReplacesIt) {
    clock.advance(900s);
    issuer.then_sends(R"({"keys":[]})");
    EXPECT_EQ(obtain(source), "");
    EXPECT_TRUE(source.ready()->usable().empty());
}

TEST_F(GivenAWarmSource, AHeldSnapshotOutlivesItsReplacement) {
    const Snapshot held = source.ready();
    clock.advance(900s);
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new");
    EXPECT_EQ(name_in(held), "old");
}

TEST_F(GivenAWarmSource, AFailedRefreshLeavesTheOldKeysServing) {
    clock.advance(900s);
    issuer.then_fails(FetchFault::bad_status);

    EXPECT_EQ(obtain(source), "old");

    EXPECT_EQ(name_in(source.ready()), "old") << "ready while the back-off lasts";
    const SourceReport report = source.report();
    EXPECT_EQ(report.state, SourceState::stale);
    EXPECT_EQ(report.last_error, FetchFault::bad_status);
    EXPECT_EQ(report.next_refresh, 1s);
    EXPECT_EQ(report.age, 900s);
}

TEST_F(GivenAWarmSource, AFailedRefreshIsRepeatedWhenItsBackOffEnds) {
    clock.advance(900s);
    issuer.then_fails(FetchFault::bad_status);
    EXPECT_EQ(obtain(source), "old");
    clock.advance(1s - kTick);
    EXPECT_EQ(obtain(source), "old");
    EXPECT_EQ(fetches(), 2U);

    clock.advance(kTick);
    EXPECT_EQ(source.ready(), nullptr) << "it is worth asking again";
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new");
    EXPECT_EQ(source.report().last_error, std::nullopt) << "a success takes the error back";
    EXPECT_EQ(source.report().state, SourceState::fresh);
}

TEST_F(GivenAWarmSource, OldKeysServeUntilMaxStaleAndNoLonger) {
    clock.advance(4500s - kTick);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "old");
    EXPECT_EQ(name_in(source.ready()), "old");

    clock.advance(kTick);
    EXPECT_EQ(source.ready(), nullptr);
    EXPECT_EQ(obtain(source), "keys_unavailable") << "the back-off still runs";
    EXPECT_EQ(source.report().state, SourceState::failed);
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, KeysThatWereTooOldComeBackWithTheIssuer) {
    clock.advance(10'000s);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    clock.advance(1s);
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new");
}

TEST_F(GivenAnIssuerOnAScript, WithoutMaxStaleAFailedRefreshLeavesNoKeys) {
    KeySource source = source_with({.ttl = 900s, .max_stale = 0s, .cooldown = 30s, .timeout = 5s});
    issuer.then_sends(set_of("old"));
    EXPECT_EQ(obtain(source), "old");
    clock.advance(900s - kTick);
    EXPECT_EQ(obtain(source), "old");

    clock.advance(kTick);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(source.ready(), nullptr);
}

TEST_F(GivenAnIssuerOnAScript, WithoutMaxStaleManyWhoAskForOldKeysShareOneFetch) {
    KeySource source = source_with({.ttl = 900s, .max_stale = 0s, .cooldown = 30s, .timeout = 5s});
    issuer.then_sends(set_of("old"));
    EXPECT_EQ(obtain(source), "old");
    clock.advance(900s);
    Crowd crowd;
    issuer.then([&crowd] {
        crowd.wait_for_all();
        return ScriptedIssuer::keys(set_of("new"));
    });

    EXPECT_EQ(crowd.ask_at_once([&source] { return obtain(source); }), std::vector<std::string>(kThreads, "new"));

    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, WhoMayDoWithOldKeysDoesNotWaitForNewOnes) {
    clock.advance(900s);
    std::latch asked(1), old_keys_taken(1);
    issuer.then([&] {
        asked.count_down();
        old_keys_taken.wait();
        return ScriptedIssuer::keys(set_of("new"));
    });

    std::jthread refreshing([this] { EXPECT_EQ(obtain(source), "new"); });
    asked.wait();
    EXPECT_EQ(name_in(source.ready()), "old");
    EXPECT_EQ(obtain(source), "old");
    old_keys_taken.count_down();
    refreshing.join();

    EXPECT_EQ(name_in(source.ready()), "new");
}

TEST_F(GivenAWarmSource, KeysThatGrowTooOldDuringAFetchAreNotReady) {
    clock.advance(4500s - kTick);
    issuer.then([this] {
        EXPECT_EQ(name_in(source.ready()), "old");
        clock.advance(kTick);
        EXPECT_EQ(source.ready(), nullptr);
        return ScriptedIssuer::keys(set_of("new"));
    });

    EXPECT_EQ(obtain(source), "new");
}

TEST_F(GivenAWarmSource, AMaxAgeStandsInForTheTtl) {
    clock.advance(900s);
    issuer.then_sends(set_of("new"), 120s);
    EXPECT_EQ(obtain(source), "new");

    EXPECT_EQ(source.report().next_refresh, 120s);
    clock.advance(120s);
    EXPECT_EQ(source.ready(), nullptr);
}

TEST_F(GivenAWarmSource, TheAgeCountsFromTheEndOfTheFetch) {
    clock.advance(900s);
    issuer.then([this] {
        clock.advance(4s);
        return ScriptedIssuer::keys(set_of("new"));
    });
    EXPECT_EQ(obtain(source), "new");
    EXPECT_EQ(source.report().age, Clock::duration::zero());
}

TEST_F(GivenAWarmSource, RenewAsksPastTheCachesOnTheWay) {
    issuer.then_sends(set_of("new"));

    EXPECT_EQ(name_in(source.renew(source.ready())), "new");

    ASSERT_EQ(fetches(), 2U);
    EXPECT_TRUE(issuer.calls()[1].no_cache);
    EXPECT_EQ(issuer.calls()[1].deadline, clock.now() + 5s);
    EXPECT_EQ(name_in(source.ready()), "new");
}

TEST_F(GivenAWarmSource, RenewStartsANewTtl) {
    clock.advance(800s);
    issuer.then_sends(set_of("new"));
    std::ignore = source.renew(source.ready());
    clock.advance(900s - kTick);
    EXPECT_EQ(name_in(source.ready()), "new");
}

TEST_F(GivenAWarmSource, RenewWithinTheCooldownChangesNothing) {
    EXPECT_TRUE(source.can_renew(source.ready())) << "the cold fetch does not count";
    issuer.then_sends(set_of("new"));
    const Snapshot keys = source.renew(source.ready());

    clock.advance(30s - kTick);
    EXPECT_FALSE(source.can_renew(keys));
    EXPECT_EQ(source.renew(keys), keys) << "at once";
    EXPECT_EQ(fetches(), 2U);

    clock.advance(kTick);
    EXPECT_TRUE(source.can_renew(keys));
    issuer.then_sends(set_of("newer"));
    EXPECT_EQ(name_in(source.renew(keys)), "newer");
}

TEST_F(GivenAWarmSource, AFailedRenewLeavesTheKeysAndCountsForTheCooldown) {
    const Snapshot keys = source.ready();
    issuer.then_fails(FetchFault::bad_status);

    EXPECT_EQ(source.renew(keys), keys);

    EXPECT_EQ(source.ready(), keys);
    EXPECT_EQ(source.report().state, SourceState::fresh);
    EXPECT_EQ(source.report().last_error, FetchFault::bad_status);
    clock.advance(29s);
    EXPECT_FALSE(source.can_renew(keys)) << "the back-off of 1 s is over, the cooldown is not";
    EXPECT_EQ(source.renew(keys), keys);
    EXPECT_EQ(fetches(), 2U);
    clock.advance(1s);
    EXPECT_TRUE(source.can_renew(keys));
}

TEST_F(GivenAWarmSource, RenewDuringABackOffChangesNothing) {
    clock.advance(900s);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "old");

    const Snapshot keys = source.ready();
    EXPECT_FALSE(source.can_renew(keys));
    EXPECT_EQ(source.renew(keys), keys);
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, RenewOfAnOlderSnapshotTakesTheNewerOneWithoutAsking) {
    const Snapshot older = source.ready();
    issuer.then_sends(set_of("new"));
    std::ignore = source.renew(older);

    EXPECT_TRUE(source.can_renew(older));
    EXPECT_EQ(name_in(source.renew(older)), "new");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, ManyWhoMissAKeyShareOneFetch) {
    const Snapshot keys = source.ready();
    Crowd crowd;
    issuer.then([&] {
        crowd.wait_for_all();
        EXPECT_TRUE(source.can_renew(keys)) << "somebody is asking";
        return ScriptedIssuer::keys(set_of("new"));
    });

    EXPECT_EQ(crowd.ask_at_once([&] { return name_in(source.renew(keys)); }), std::vector<std::string>(kThreads, "new"));

    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, KnownKeysStayReadyWhileAnUnknownOneIsAskedFor) {
    const Snapshot keys = source.ready();
    issuer.then([&] {
        EXPECT_EQ(source.ready(), keys);
        EXPECT_EQ(*source.obtain(), keys);
        return ScriptedIssuer::keys(set_of("new"));
    });

    EXPECT_EQ(name_in(source.renew(keys)), "new");
}

TEST_F(GivenAWarmSource, ReadersAndARefreshDoNotDisturbEachOther) {
    const Snapshot keys = source.ready();
    Crowd crowd;
    issuer.then([&crowd] {
        crowd.wait_for_all();
        return ScriptedIssuer::keys(set_of("new"));
    });
    std::jthread renewing([&] { std::ignore = source.renew(keys); });

    const auto seen = crowd.ask_at_once([this] {
        std::string name;
        while (name != "new") {
            name = name_in(source.ready());
            if (name != "old" && name != "new") return "neither: " + name;
        }
        return name;
    });

    EXPECT_EQ(seen, std::vector<std::string>(kThreads, "new"));
}

TEST(GivenFixedKeys, TheyServeForEver) {
    KeySource source(*KeySet::parse(set_of("a"), {}));
    const Snapshot keys = source.ready();

    EXPECT_EQ(name_in(keys), "a");
    EXPECT_EQ(*source.obtain(), keys);
    EXPECT_FALSE(source.can_renew(keys));
    EXPECT_EQ(source.renew(keys), keys);
}

TEST(GivenFixedKeys, TheirReportTellsNoTimes) {
    const KeySource source(*KeySet::parse(set_of("a"), {}));

    const SourceReport report = source.report();

    EXPECT_EQ(report.state, SourceState::fixed);
    EXPECT_EQ(report.keys, source.ready());
    EXPECT_EQ(report.age, std::nullopt);
    EXPECT_EQ(report.next_refresh, std::nullopt);
    EXPECT_EQ(report.last_error, std::nullopt);
    EXPECT_EQ(report.fetches, 0U);
}

}  // namespace
}  // namespace authjwks
