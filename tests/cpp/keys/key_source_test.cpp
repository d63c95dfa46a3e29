#include "keys/key_source.hpp"

#include <algorithm>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/in_child.hpp"
#include "support/key_pair.hpp"
#include "support/scripted_issuer.hpp"

namespace authjwks {
namespace {

using support::FakeClock;
using support::ScriptedIssuer;
using support::waited_for;
using namespace std::chrono_literals;

constexpr Clock::duration kTick{1};
constexpr KeyOptions kOptions{.ttl = 1000s, .max_stale = 3600s, .cooldown = 30s, .timeout = 5s};
constexpr std::size_t kThreads = 8;

/// A set of one key of this name.
std::string set_of(std::string_view key_id) {
    return support::key_set_json({support::KeyPair::of("Ed25519").jwk(key_id)});
}

/// The name of the first key, or "" for no keys.
std::string name_in(const Snapshot& keys) {
    return keys && !keys->usable().empty() ? keys->usable()[0].key_id.value_or("unnamed") : "";
}
std::string name_in(const Result<Snapshot>& keys) {
    return keys ? name_in(*keys) : std::string(describe(keys.error()).slug);
}

/// The result for a caller that waits: the name of the first key, or the slug of the refusal.
std::string obtain(KeySource& source) {
    const auto obtained = waited_for(source.obtain(WaitPolicy::until_deadline));
    return obtained ? name_in(obtained->keys) : std::string(describe(obtained.error()).slug);
}
std::string renew(KeySource& source, const Snapshot& seen, std::optional<std::string_view> key_id = "wanted") {
    return name_in(waited_for(source.renew(seen, key_id, WaitPolicy::until_deadline)));
}

std::vector<EventKind> kinds_of(const std::vector<SourceEvent>& events) {
    std::vector<EventKind> kinds;
    for (const SourceEvent& event : events) kinds.push_back(event.kind);
    return kinds;
}

/// A source without threads: a caller that needs keys fetches them, and the test calls run_due_work(). It has not
/// fetched yet.
class GivenAColdSource : public ::testing::Test {
  protected:
    std::shared_ptr<KeySource> source_with(const KeyOptions& options, double jitter = 0) {
        return std::make_shared<KeySource>(options, issuer.dependencies(clock, jitter));
    }
    std::size_t fetches() const { return issuer.calls().size(); }

    FakeClock clock;
    ScriptedIssuer issuer;
    std::shared_ptr<KeySource> owned = source_with(kOptions);
    KeySource& source = *owned;
};

/// The same with the key "old", fetched just now.
class GivenAWarmSource : public GivenAColdSource {
  protected:
    GivenAWarmSource() {
        issuer.then_sends(set_of("old"));
        if (obtain(source) != "old") throw std::runtime_error("the source did not warm up");
    }
};

/// The same with its ttl over and a refresh that has failed just now.
class GivenAStaleSource : public GivenAWarmSource {
  protected:
    GivenAStaleSource() {
        clock.advance(1000s);
        issuer.then_fails(FetchFault::bad_status);
        if (obtain(source) != "old") throw std::runtime_error("the old keys do not serve");
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
    EXPECT_FALSE(report.refreshing);
    EXPECT_EQ(report.keys, nullptr);
    EXPECT_EQ(report.age, std::nullopt);
    EXPECT_EQ(report.next_refresh, Clock::duration::zero());
    EXPECT_EQ(report.last_error, std::nullopt);
    EXPECT_EQ(report.fetches, 0U);
    EXPECT_EQ(source.label(), "https://issuer.example/");
    EXPECT_FALSE(source.has_events());
}

TEST_F(GivenAColdSource, ObtainFetchesWithinTheTimeOut) {
    issuer.then_sends(set_of("a"));

    const auto obtained = waited_for(source.obtain(WaitPolicy::until_deadline));

    ASSERT_TRUE(obtained);
    EXPECT_EQ(name_in(obtained->keys), "a");
    EXPECT_TRUE(obtained->is_newly_fetched);
    ASSERT_EQ(fetches(), 1U);
    EXPECT_EQ(issuer.calls()[0].deadline, clock.now() + 5s);
    EXPECT_FALSE(issuer.calls()[0].no_cache);
    EXPECT_EQ(issuer.calls()[0].known.body, "");
    EXPECT_FALSE(source.has_events()) << "the first keys are no change";
}

TEST_F(GivenAColdSource, AnEmptySetIsASuccess) {
    issuer.then_sends(R"({"keys":[]})");

    EXPECT_EQ(obtain(source), "");

    EXPECT_NE(source.ready(), nullptr);
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
    const auto events = source.take_events();
    ASSERT_EQ(kinds_of(events), std::vector{EventKind::refresh_failed});
    EXPECT_EQ(events[0].fault, FetchFault::timed_out);
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
    EXPECT_EQ(source.take_events().back().kind, EventKind::recovered);
}

TEST_F(GivenAColdSource, RetryAfterIsWhatIsLeftOfTheBackOff) {
    EXPECT_LE(source.retry_after(), Clock::duration::zero()) << "nothing stands in the way yet";
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(source.retry_after(), 1s);
    clock.advance(400ms);
    EXPECT_EQ(source.retry_after(), 600ms);
}

TEST_F(GivenAColdSource, JitterShortensTheBackOff) {
    const auto other = source_with(kOptions, 0.5);
    issuer.then_fails(FetchFault::unreachable);

    EXPECT_EQ(obtain(*other), "keys_unavailable");

    EXPECT_EQ(other->retry_after(), 750ms);
}

TEST_F(GivenAColdSource, ALoadThatThrowsIsAFailure) {
    issuer.then([]() -> Result<LoadedKeys, FetchFault> { throw std::runtime_error("on the way"); });
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(source.report().last_error, FetchFault::unreachable);

    clock.advance(1s);
    issuer.then_sends(set_of("a"));
    EXPECT_EQ(obtain(source), "a") << "the flight that threw has landed";
}

TEST_F(GivenAColdSource, ConcurrentCallersShareOneFetch) {
    Crowd crowd;
    issuer.then([&crowd] {
        crowd.wait_for_all();
        return ScriptedIssuer::keys(set_of("a"));
    });

    EXPECT_EQ(crowd.ask_at_once([this] { return obtain(source); }), std::vector<std::string>(kThreads, "a"));

    EXPECT_EQ(fetches(), 1U);
    EXPECT_EQ(source.report().fetches, 1U);
}

TEST_F(GivenAColdSource, ConcurrentCallersShareOneFailure) {
    Crowd crowd;
    issuer.then([&crowd] {
        crowd.wait_for_all();
        return FetchFault::unreachable;
    });

    EXPECT_EQ(crowd.ask_at_once([this] { return obtain(source); }),
              std::vector<std::string>(kThreads, "keys_unavailable"));

    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdSource, ConcurrentCallersSurviveALoadThatThrows) {
    Crowd crowd;
    issuer.then([&crowd]() -> Result<LoadedKeys, FetchFault> {
        crowd.wait_for_all();
        throw std::runtime_error("on the way");
    });

    EXPECT_EQ(crowd.ask_at_once([this] { return obtain(source); }),
              std::vector<std::string>(kThreads, "keys_unavailable"));
}

TEST_F(GivenAColdSource, ObtainReturnsPendingAndWaitFetches) {
    issuer.then_sends(set_of("a"));

    const auto answer = source.obtain(WaitPolicy::never);
    ASSERT_TRUE(std::holds_alternative<Pending>(answer));
    EXPECT_TRUE(std::get<Pending>(answer).is_conclusive);
    EXPECT_EQ(fetches(), 0U);
    EXPECT_TRUE(source.report().refreshing);

    source.wait();
    const auto obtained = waited_for(source.obtain(WaitPolicy::no_fetch));
    ASSERT_TRUE(obtained);
    EXPECT_EQ(name_in(obtained->keys), "a");
    EXPECT_FALSE(source.report().refreshing);
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdSource, NoFetchPolicyCausesNoFetch) {
    EXPECT_EQ(waited_for(source.obtain(WaitPolicy::no_fetch)).error(), Errc::keys_unavailable);
    EXPECT_EQ(fetches(), 0U);
    EXPECT_FALSE(source.report().refreshing);
}

TEST_F(GivenAColdSource, WaitReturnsIfThereIsNoFetch) {
    source.wait();
    EXPECT_EQ(fetches(), 0U);
}

// A task may be cancelled between Pending and the wait.
TEST_F(GivenAColdSource, AnUnawaitedFetchIsRunByTheNextCaller) {
    std::ignore = source.obtain(WaitPolicy::never);
    clock.advance(6s);
    issuer.then_sends(set_of("a"));

    EXPECT_EQ(obtain(source), "a");
}

TEST_F(GivenAWarmSource, ItsKeysAreReadyForTheirTtl) {
    const Snapshot keys = source.ready();
    EXPECT_EQ(name_in(keys), "old");
    const auto obtained = waited_for(source.obtain(WaitPolicy::never));
    ASSERT_TRUE(obtained);
    EXPECT_EQ(obtained->keys, keys) << "the same snapshot";
    EXPECT_FALSE(obtained->is_newly_fetched);
    clock.advance(1000s - kTick);
    EXPECT_EQ(source.ready(), keys);
    EXPECT_EQ(obtain(source), "old");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAWarmSource, ItsReportTellsAgeAndNextRefresh) {
    clock.advance(100s);

    const SourceReport report = source.report();

    EXPECT_EQ(report.state, SourceState::fresh);
    EXPECT_EQ(report.age, 100s);
    EXPECT_EQ(report.next_refresh, 700s) << "at 80 % of the ttl";
    EXPECT_EQ(report.last_error, std::nullopt);
    EXPECT_EQ(report.fetches, 1U);
    EXPECT_EQ(report.stale_serves, 0U);
    EXPECT_EQ(report.throttled, 0U);
    EXPECT_EQ(report.keys, source.ready());
}

TEST_F(GivenAWarmSource, ATickAtFourFifthsOfTheTtlRefreshesIt) {
    clock.advance(800s - kTick);
    EXPECT_FALSE(source.has_due_work());
    clock.advance(kTick);
    EXPECT_TRUE(source.has_due_work());
    issuer.then([this] {
        EXPECT_EQ(name_in(source.ready()), "old") << "ready all the while";
        EXPECT_TRUE(source.report().refreshing);
        return ScriptedIssuer::keys(set_of("new"));
    });

    source.run_due_work();

    EXPECT_EQ(name_in(source.ready()), "new");
    EXPECT_FALSE(source.has_due_work());
    EXPECT_FALSE(issuer.calls()[1].no_cache);
    EXPECT_EQ(issuer.calls()[1].known.body, set_of("old")) << "so that the same answer is recognised";
    EXPECT_EQ(kinds_of(source.take_events()), std::vector{EventKind::keys_changed});
}

TEST_F(GivenAWarmSource, ATickBeforeItsTimeDoesNothing) {
    source.run_due_work();
    EXPECT_EQ(fetches(), 1U);
    clock.advance(800s);
    EXPECT_TRUE(source.has_due_work()) << "it has not been forgotten";
}

TEST_F(GivenAWarmSource, AnAnswerWithNothingNewKeepsTheSnapshotForAnotherTtl) {
    const Snapshot keys = source.ready();
    clock.advance(800s);
    issuer.then_sends_nothing_new();

    source.run_due_work();

    EXPECT_EQ(source.ready(), keys);
    EXPECT_EQ(source.report().age, Clock::duration::zero());
    clock.advance(1000s - kTick);
    EXPECT_EQ(source.ready(), keys);
    EXPECT_FALSE(source.has_events());
}

TEST_F(GivenAWarmSource, AfterFourUnusedRefreshesThereAreNoMore) {
    for (int round = 0; round < 5; ++round) {  // the first one's keys were used
        clock.advance(800s);
        ASSERT_TRUE(source.has_due_work()) << round;
        issuer.then_sends_nothing_new();
        source.run_due_work();
    }
    clock.advance(800s);
    source.run_due_work();
    EXPECT_EQ(fetches(), 6U);
    EXPECT_FALSE(source.has_due_work());

    clock.advance(800s);
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new") << "until the next caller";
    clock.advance(800s);
    EXPECT_TRUE(source.has_due_work());
}

TEST_F(GivenAWarmSource, OverdueKeysAreWaitedFor) {
    clock.advance(1000s);
    EXPECT_EQ(source.ready(), nullptr);
    EXPECT_EQ(source.report().state, SourceState::stale);
    EXPECT_EQ(source.report().next_refresh, Clock::duration::zero());

    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new");
    EXPECT_EQ(name_in(source.ready()), "new");
    EXPECT_EQ(source.report().age, Clock::duration::zero());
}

TEST_F(GivenAWarmSource, ConcurrentCallersForOverdueKeysShareOneFetch) {
    clock.advance(1000s);
    Crowd crowd;
    issuer.then([&crowd] {
        crowd.wait_for_all();
        return ScriptedIssuer::keys(set_of("new"));
    });

    EXPECT_EQ(crowd.ask_at_once([this] { return obtain(source); }), std::vector<std::string>(kThreads, "new"));

    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, ASetWithFewerKeysReplacesIt) {
    clock.advance(1000s);
    issuer.then_sends(R"({"keys":[]})");
    EXPECT_EQ(obtain(source), "");
    EXPECT_TRUE(source.ready()->usable().empty());
}

TEST_F(GivenAWarmSource, AHeldSnapshotOutlivesItsReplacement) {
    const Snapshot held = source.ready();
    clock.advance(1000s);
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new");
    EXPECT_EQ(name_in(held), "old");
}

TEST_F(GivenAWarmSource, ALifetimeReplacesTheTtl) {
    clock.advance(1000s);
    issuer.then_sends(set_of("new"), 100s);
    EXPECT_EQ(obtain(source), "new");

    EXPECT_EQ(source.report().next_refresh, 80s);
    clock.advance(100s);
    EXPECT_EQ(source.ready(), nullptr);
}

TEST_F(GivenAWarmSource, TheAgeCountsFromTheEndOfTheFetch) {
    clock.advance(1000s);
    issuer.then([this] {
        clock.advance(4s);
        return ScriptedIssuer::keys(set_of("new"));
    });
    EXPECT_EQ(obtain(source), "new");
    EXPECT_EQ(source.report().age, Clock::duration::zero());
}

TEST_F(GivenAWarmSource, AFailedEarlyRefreshIsRepeatedSilently) {
    clock.advance(800s);
    issuer.then_fails(FetchFault::unreachable);
    source.run_due_work();

    EXPECT_EQ(source.report().state, SourceState::fresh);
    EXPECT_EQ(source.report().last_error, FetchFault::unreachable);
    EXPECT_EQ(kinds_of(source.take_events()), std::vector{EventKind::refresh_failed});
    EXPECT_EQ(name_in(source.ready()), "old");
    EXPECT_FALSE(source.has_due_work());
    clock.advance(1s);
    EXPECT_TRUE(source.has_due_work()) << "when the back-off ends";
    issuer.then_sends(set_of("new"));
    source.run_due_work();
    EXPECT_EQ(name_in(source.ready()), "new");
    EXPECT_EQ(kinds_of(source.take_events()), (std::vector{EventKind::recovered, EventKind::keys_changed}));
}

TEST_F(GivenAStaleSource, ItsOldKeysServeAtOnce) {
    EXPECT_EQ(name_in(source.ready()), "old");
    const SourceReport report = source.report();
    EXPECT_EQ(report.state, SourceState::stale);
    EXPECT_EQ(report.last_error, FetchFault::bad_status);
    EXPECT_EQ(report.next_refresh, 1s);
    EXPECT_EQ(report.age, 1000s);
    EXPECT_EQ(report.stale_serves, 1U);
    EXPECT_EQ(kinds_of(source.take_events()), (std::vector{EventKind::refresh_failed, EventKind::stale_served}));
}

TEST_F(GivenAStaleSource, EachTimeTheyServeIsCounted) {
    for (int i = 0; i < 3; ++i) std::ignore = source.ready();
    EXPECT_EQ(source.report().stale_serves, 3U);
}

TEST_F(GivenAStaleSource, CallersDoNotWaitForTheNextAttempt) {
    clock.advance(1s);
    EXPECT_TRUE(source.has_due_work());
    EXPECT_EQ(name_in(source.ready()), "old");
    EXPECT_EQ(obtain(source), "old");
    EXPECT_EQ(fetches(), 2U);

    issuer.then([this] {
        EXPECT_EQ(name_in(source.ready()), "old");
        EXPECT_EQ(obtain(source), "old");
        return ScriptedIssuer::keys(set_of("new"));
    });
    source.run_due_work();
    EXPECT_EQ(name_in(source.ready()), "new");
    EXPECT_EQ(source.report().last_error, std::nullopt) << "a success takes the error back";
    EXPECT_EQ(source.report().state, SourceState::fresh);
}

TEST_F(GivenAStaleSource, AnOutageIsReportedOnce) {
    for (const auto back_off : {1s, 2s, 4s}) {
        clock.advance(back_off);
        issuer.then_fails(FetchFault::unreachable);
        source.run_due_work();
    }
    const auto kinds = kinds_of(source.take_events());
    EXPECT_EQ(std::ranges::count(kinds, EventKind::stale_served), 1);
    EXPECT_EQ(std::ranges::count(kinds, EventKind::refresh_failed), 4);
}

TEST_F(GivenAStaleSource, OldKeysServeUntilMaxStaleAndNoLonger) {
    clock.advance(3600s - kTick);
    EXPECT_EQ(name_in(source.ready()), "old");
    EXPECT_EQ(obtain(source), "old");

    clock.advance(kTick);
    EXPECT_EQ(source.ready(), nullptr);
    EXPECT_EQ(source.report().state, SourceState::failed);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    clock.advance(10s);
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new") << "they come back with the issuer";
}

TEST_F(GivenAStaleSource, AnUnknownNameMayBeOneThatTheIssuerCannotTell) {
    EXPECT_EQ(renew(source, source.ready()), "keys_unavailable");
    EXPECT_EQ(fetches(), 2U) << "within the back-off";
    EXPECT_EQ(source.report().throttled, 0U);
}

TEST_F(GivenAColdSource, WithoutMaxStaleAFailedRefreshLeavesNoKeys) {
    const auto strict = source_with({.ttl = 1000s, .max_stale = 0s, .cooldown = 30s, .timeout = 5s});
    issuer.then_sends(set_of("old"));
    EXPECT_EQ(obtain(*strict), "old");
    clock.advance(1000s - kTick);
    EXPECT_EQ(obtain(*strict), "old");

    clock.advance(kTick);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(*strict), "keys_unavailable");
    EXPECT_EQ(strict->ready(), nullptr);
    EXPECT_EQ(strict->report().state, SourceState::failed);
}

TEST_F(GivenAWarmSource, RenewAsksPastTheCachesOnTheWay) {
    issuer.then_sends(set_of("new"));

    EXPECT_EQ(renew(source, source.ready()), "new");

    ASSERT_EQ(fetches(), 2U);
    EXPECT_TRUE(issuer.calls()[1].no_cache);
    EXPECT_EQ(issuer.calls()[1].deadline, clock.now() + 5s);
    EXPECT_EQ(name_in(source.ready()), "new");
}

TEST_F(GivenAWarmSource, RenewStartsANewTtl) {
    clock.advance(900s);
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(renew(source, source.ready()), "new");
    clock.advance(1000s - kTick);
    EXPECT_EQ(name_in(source.ready()), "new");
}

TEST_F(GivenAWarmSource, RenewWithinTheCooldownChangesNothing) {
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(renew(source, source.ready()), "new") << "the cold fetch does not count";
    const Snapshot keys = source.ready();
    std::ignore = source.take_events();

    clock.advance(30s - kTick);
    for (const char* name : {"a", "b", "c"}) EXPECT_EQ(renew(source, keys, name), "new") << "at once";
    EXPECT_EQ(fetches(), 2U);
    EXPECT_EQ(source.report().throttled, 3U);
    EXPECT_EQ(kinds_of(source.take_events()), std::vector{EventKind::throttled}) << "reported once";

    clock.advance(kTick);
    issuer.then_sends(set_of("newer"));
    EXPECT_EQ(renew(source, keys), "newer");
}

TEST_F(GivenAWarmSource, AnUnknownNameIsNotAskedForAgainInACooldown) {
    const Snapshot keys = source.ready();
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, keys, "made up"), "old");

    clock.advance(30s - kTick);
    EXPECT_EQ(renew(source, keys, "made up"), "old");
    EXPECT_EQ(fetches(), 2U);

    clock.advance(kTick);
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, keys, "made up"), "old");
    EXPECT_EQ(fetches(), 3U);
}

TEST_F(GivenAWarmSource, AnotherNameIsAskedForAfterOneCooldown) {
    const Snapshot keys = source.ready();
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, keys, "made up"), "old");
    clock.advance(30s);
    issuer.then_sends(set_of("wanted"));
    EXPECT_EQ(renew(source, keys, "wanted"), "wanted");
}

TEST_F(GivenAWarmSource, AChangedSetClearsWhatWasUnknown) {
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, source.ready(), "wanted"), "old");
    clock.advance(30s);
    issuer.then_sends(set_of("other"));
    EXPECT_EQ(renew(source, source.ready(), "another"), "other");
    clock.advance(29s);
    EXPECT_EQ(renew(source, source.ready(), "wanted"), "other");
    EXPECT_EQ(source.report().throttled, 1U) << "only the cooldown was in its way";
}

TEST_F(GivenAWarmSource, ATokenWithoutANameRenewsToo) {
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(renew(source, source.ready(), std::nullopt), "new");
    EXPECT_EQ(renew(source, source.ready(), std::nullopt), "new");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, AFailedRenewSaysSoAndLeavesTheKeys) {
    const Snapshot keys = source.ready();
    issuer.then_fails(FetchFault::bad_status);

    EXPECT_EQ(renew(source, keys), "keys_unavailable");

    EXPECT_EQ(source.ready(), keys);
    EXPECT_EQ(source.report().state, SourceState::fresh);
    EXPECT_EQ(source.report().last_error, FetchFault::bad_status);
    EXPECT_EQ(source.report().stale_serves, 0U);
}

TEST_F(GivenAWarmSource, AFailedRenewMayBeRepeatedAfterHalfTheCooldown) {
    const Snapshot keys = source.ready();
    issuer.then_fails(FetchFault::bad_status);
    EXPECT_EQ(renew(source, keys), "keys_unavailable");
    clock.advance(15s - kTick);
    EXPECT_EQ(renew(source, keys), "keys_unavailable") << "the back-off of 1 s is over, half the cooldown is not";
    EXPECT_EQ(fetches(), 2U);

    clock.advance(kTick);
    issuer.then_sends(set_of("wanted"));
    EXPECT_EQ(renew(source, keys), "wanted");
}

TEST_F(GivenAWarmSource, RenewOfAnOlderSnapshotTakesTheNewerOneWithoutAsking) {
    const Snapshot older = source.ready();
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(renew(source, older), "new");

    EXPECT_EQ(renew(source, older), "new");
    EXPECT_EQ(name_in(waited_for(source.renew(older, "wanted", WaitPolicy::never))), "new");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, RenewReturnsPending) {
    const Snapshot keys = source.ready();
    const auto answer = source.renew(keys, "wanted", WaitPolicy::never);
    ASSERT_TRUE(std::holds_alternative<Pending>(answer));
    EXPECT_TRUE(std::get<Pending>(answer).is_conclusive);
    EXPECT_EQ(fetches(), 1U);

    issuer.then_sends(set_of("wanted"));
    source.wait();
    EXPECT_EQ(name_in(waited_for(source.renew(keys, "wanted", WaitPolicy::no_fetch))), "wanted");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, NoFetchPolicyAcceptsTheLastResponse) {
    const Snapshot keys = source.ready();
    std::ignore = source.renew(keys, "made up", WaitPolicy::never);
    issuer.then_sends_nothing_new();
    source.wait();
    EXPECT_EQ(name_in(waited_for(source.renew(keys, "made up", WaitPolicy::no_fetch))), "old");

    clock.advance(30s - kTick);
    EXPECT_EQ(renew(source, keys, "made up"), "old") << "cached as unknown";
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, NoFetchPolicyIsUnavailableBeforeTheResponse) {
    std::ignore = source.renew(source.ready(), "wanted", WaitPolicy::never);

    EXPECT_EQ(name_in(waited_for(source.renew(source.ready(), "wanted", WaitPolicy::no_fetch))), "keys_unavailable");
    issuer.then_sends(set_of("wanted"));
    EXPECT_EQ(renew(source, source.ready()), "wanted") << "and it is not cached as unknown";
}

TEST_F(GivenAWarmSource, AnUnawaitedRenewalIsRunByTheNextCaller) {
    std::ignore = source.renew(source.ready(), "wanted", WaitPolicy::never);
    clock.advance(30s);
    issuer.then_sends(set_of("wanted"));

    EXPECT_EQ(renew(source, source.ready()), "wanted");
}

// A refresh that was under way already may bring what a cache on the way has kept.
TEST_F(GivenAWarmSource, AnUnknownNameIsAskedForAfterAnEmptyRefresh) {
    const Snapshot keys = source.ready();
    clock.advance(1000s);
    const auto first = source.obtain(WaitPolicy::never);
    ASSERT_TRUE(std::holds_alternative<Pending>(first));
    const auto second = source.renew(keys, "wanted", WaitPolicy::never);
    ASSERT_TRUE(std::holds_alternative<Pending>(second));
    EXPECT_FALSE(std::get<Pending>(second).is_conclusive);
    issuer.then_sends_nothing_new();
    issuer.then_sends(set_of("wanted"));

    EXPECT_EQ(renew(source, keys), "wanted");

    ASSERT_EQ(fetches(), 3U);
    EXPECT_FALSE(issuer.calls()[1].no_cache);
    EXPECT_TRUE(issuer.calls()[2].no_cache);
}

TEST_F(GivenAWarmSource, ConcurrentCallersForAnUnknownKeyShareOneFetch) {
    const Snapshot keys = source.ready();
    Crowd crowd;
    issuer.then([&] {
        crowd.wait_for_all();
        return ScriptedIssuer::keys(set_of("wanted"));
    });

    EXPECT_EQ(crowd.ask_at_once([&] { return renew(source, keys); }), std::vector<std::string>(kThreads, "wanted"));

    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, KnownKeysAreReadyDuringAFetchForAnUnknownOne) {
    const Snapshot keys = source.ready();
    issuer.then([&] {
        EXPECT_EQ(source.ready(), keys);
        EXPECT_EQ(obtain(source), "old");
        return ScriptedIssuer::keys(set_of("wanted"));
    });

    EXPECT_EQ(renew(source, keys), "wanted");
}

TEST_F(GivenAWarmSource, ReadersAndARefreshDoNotDisturbEachOther) {
    const Snapshot keys = source.ready();
    Crowd crowd;
    issuer.then([&crowd] {
        crowd.wait_for_all();
        return ScriptedIssuer::keys(set_of("wanted"));
    });
    std::jthread renewing([&] { EXPECT_EQ(renew(source, keys), "wanted"); });

    const auto seen = crowd.ask_at_once([this] {
        std::string name;
        while (name != "wanted") {
            std::this_thread::yield();
            name = name_in(source.ready());
            if (name != "old" && name != "wanted") return "neither: " + name;
        }
        return name;
    });

    EXPECT_EQ(seen, std::vector<std::string>(kThreads, "wanted"));
}

TEST_F(GivenAWarmSource, OnCommandTheIssuerIsAskedWhateverIsAtHand) {
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(source.refresh(), std::nullopt);
    EXPECT_EQ(name_in(source.ready()), "new");
    EXPECT_TRUE(issuer.calls()[1].no_cache);

    issuer.then_fails(FetchFault::tls_failed);
    EXPECT_EQ(source.refresh(), FetchFault::tls_failed);
    issuer.then_sends(set_of("newer"));
    EXPECT_EQ(source.refresh(), std::nullopt) << "within the back-off";
    EXPECT_EQ(name_in(source.ready()), "newer");
}

TEST_F(GivenAWarmSource, AfterCloseKeysServeAndNothingIsFetched) {
    source.close();

    EXPECT_EQ(name_in(source.ready()), "old");
    EXPECT_EQ(source.refresh(), FetchFault::stopped);
    EXPECT_EQ(renew(source, source.ready()), "old");
    clock.advance(800s);
    source.run_due_work();
    clock.advance(200s);
    EXPECT_EQ(obtain(source), "old");
    clock.advance(3600s);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdSource, OnceClosedItHasNoKeys) {
    source.close();
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(fetches(), 0U);
}

TEST_F(GivenAWarmSource, AForkedProcessHasItsKeysAndAsksForItself) {
    clock.advance(1000s - kTick);
    EXPECT_TRUE(support::holds_in_child([this] {
        const bool has_keys = obtain(source) == "old" && name_in(source.ready()) == "old" && fetches() == 1;
        clock.advance(kTick);
        issuer.then_sends(set_of("new"));
        return has_keys && obtain(source) == "new";
    }));
    EXPECT_EQ(name_in(source.ready()), "old") << "the parent goes on as before";
}

TEST_F(GivenAColdSource, AForkDuringAFetchLeavesTheChildToFetchAnew) {
    bool child_fetched = false;
    issuer.then([&] {
        child_fetched = support::holds_in_child([this] {
            issuer.then_sends(set_of("child's"));
            return !source.report().refreshing && obtain(source) == "child's";
        });
        return ScriptedIssuer::keys(set_of("parent's"));
    });

    EXPECT_EQ(obtain(source), "parent's");

    EXPECT_TRUE(child_fetched);
}

// A greenlet beside the one that fetches, or a fetch that verifies a token itself: waiting would stop both for good.
TEST_F(GivenAColdSource, TheThreadThatFetchesNeverWaitsForItself) {
    std::string inside, command;
    bool put_off = true;
    issuer.then([&] {
        inside = obtain(source);
        put_off = std::holds_alternative<Pending>(source.obtain(WaitPolicy::never));
        source.wait();
        const auto fault = source.refresh();
        command = fault ? name_of(*fault) : "answered";
        return ScriptedIssuer::keys(set_of("a"));
    });

    EXPECT_EQ(obtain(source), "a");

    EXPECT_EQ(inside, "keys_unavailable");
    EXPECT_FALSE(put_off);
    EXPECT_EQ(command, "timed_out");
}

TEST_F(GivenAWarmSource, TheThreadThatFetchesAnUnknownKeyNeverWaitsForItself) {
    const Snapshot old = source.ready();
    std::string inside;
    issuer.then([&] {
        inside = renew(source, old, "another");
        return ScriptedIssuer::keys(set_of("wanted"));
    });

    EXPECT_EQ(renew(source, old), "wanted");

    EXPECT_EQ(inside, "keys_unavailable");
}

TEST_F(GivenAWarmSource, KeysThatCameAndExpiredDuringTheWaitAreNotServed) {
    const Snapshot old = source.ready();
    issuer.then([this] {
        clock.advance(2 * kOptions.timeout);
        issuer.then_sends(set_of("new"));
        EXPECT_EQ(source.refresh(), std::nullopt) << "the fetch in progress is not given up";
        clock.advance(kOptions.ttl + kOptions.max_stale);
        return ScriptedIssuer::keys(set_of("late"));
    });

    EXPECT_EQ(renew(source, old), "keys_unavailable");
}

/// A fetch that goes on until the test lets it end.
class GivenAFetchThatDoesNotReturn : public GivenAColdSource {
  protected:
    void start_hanging_fetch() {
        hanging.emplace_back([this] { obtain(source); });
        while (!source.report().refreshing) std::this_thread::yield();
    }
    void script_hanging(std::string_view late) {
        issuer.then([this, late = std::string(late)] {
            entered.count_down();
            released.wait();
            return ScriptedIssuer::keys(set_of(late));
        });
    }
    ~GivenAFetchThatDoesNotReturn() override { release(); }
    void release() {
        if (!released.try_wait()) released.count_down();
        hanging.clear();
    }

    std::latch released{1}, entered{1};
    std::vector<std::jthread> hanging;
};

TEST_F(GivenAFetchThatDoesNotReturn, ItIsGivenUpOneTimeoutAfterItsDeadline) {
    script_hanging("late");
    start_hanging_fetch();
    entered.wait();

    clock.advance(2 * kOptions.timeout - kTick);
    EXPECT_FALSE(source.has_due_work());
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_TRUE(source.report().refreshing);

    clock.advance(kTick);
    EXPECT_TRUE(source.has_due_work());
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_FALSE(source.report().refreshing);
    EXPECT_EQ(source.report().last_error, FetchFault::timed_out);

    clock.advance(1s);
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new");
}

TEST_F(GivenAFetchThatDoesNotReturn, ItsLateAnswerIsDropped) {
    script_hanging("late");
    start_hanging_fetch();
    entered.wait();
    clock.advance(2 * kOptions.timeout);
    source.run_due_work();
    clock.advance(1s);
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new");

    release();

    EXPECT_EQ(name_in(source.ready()), "new");
    EXPECT_EQ(source.report().fetches, 2U);
}

TEST_F(GivenAFetchThatDoesNotReturn, NoMoreThanFourAreLeftRunning) {
    static_assert(FetchInProgress::kMaxAbandoned == 4);
    for (std::size_t i = 0; i < FetchInProgress::kMaxAbandoned; ++i) {
        script_hanging("late");
        start_hanging_fetch();
        while (fetches() <= i) std::this_thread::yield();
        clock.advance(2 * kOptions.timeout);
        EXPECT_EQ(obtain(source), "keys_unavailable");
        clock.advance(60s);
    }
    EXPECT_EQ(obtain(source), "keys_unavailable");
    source.run_due_work();
    EXPECT_EQ(source.refresh(), FetchFault::timed_out);
    EXPECT_EQ(fetches(), FetchInProgress::kMaxAbandoned);

    release();
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(obtain(source), "new");
}

/// A source whose ticks are a scheduler's to give; the test plays the scheduler.
class GivenAScheduledSource : public GivenAColdSource {
  protected:
    std::shared_ptr<KeySource> scheduled(const KeyOptions& options) {
        KeySourceDependencies dependencies = issuer.dependencies(clock);
        dependencies.wake = [this](const std::shared_ptr<KeySource>&, Tick at) {
            agreed = at;
            if (at <= clock.now()) called.count_down();
            return !is_stopped;
        };
        return std::make_shared<KeySource>(options, std::move(dependencies));
    }

    Tick agreed{};         // the latest appointment
    std::latch called{1};  // open once a tick is wanted at once
    bool is_stopped = false;
    std::shared_ptr<KeySource> owned_too = scheduled(kOptions);
    KeySource& source_on_schedule = *owned_too;
};

TEST_F(GivenAScheduledSource, AWaitingCallerGetsTheScheduledFetch) {
    issuer.then_sends(set_of("a"));
    std::jthread scheduler([this] {
        called.wait();
        source_on_schedule.run_due_work();
    });

    EXPECT_EQ(obtain(source_on_schedule), "a");

    EXPECT_EQ(agreed, clock.now() + 800s) << "the next one";
    EXPECT_FALSE(source_on_schedule.has_due_work()) << "there is nothing to do";
}

TEST_F(GivenAScheduledSource, ASignalEndsTheWaitAtOnce) {
    KeySourceDependencies dependencies = issuer.dependencies(clock);
    dependencies.wake = [](const std::shared_ptr<KeySource>&, Tick) { return true; };
    int asked = 0;
    dependencies.interrupted = [&asked] { return ++asked == 2; };
    const auto interruptible = std::make_shared<KeySource>(KeyOptions{.timeout = 1h}, std::move(dependencies));

    EXPECT_EQ(obtain(*interruptible), "keys_unavailable");

    EXPECT_EQ(asked, 2);
}

TEST_F(GivenAScheduledSource, AForkInASignalHandlerEndsTheChildsWait) {
    KeySourceDependencies dependencies = issuer.dependencies(clock);
    dependencies.wake = [](const std::shared_ptr<KeySource>&, Tick) { return true; };
    pid_t child = -1;
    dependencies.interrupted = [&child] {
        if (child < 0) child = fork();
        return child != 0;
    };
    const auto interruptible = std::make_shared<KeySource>(KeyOptions{.timeout = 1h}, std::move(dependencies));

    const std::string answer = obtain(*interruptible);

    if (child == 0) _exit(answer == "keys_unavailable" ? 0 : 1);
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

TEST_F(GivenAScheduledSource, ItsEndCancelsWhatWasAgreed) {
    KeySourceDependencies dependencies = issuer.dependencies(clock);
    const KeySource* cancelled = nullptr;
    dependencies.cancel = [&cancelled](const KeySource& ending) { cancelled = &ending; };
    auto short_lived = std::make_shared<KeySource>(kOptions, std::move(dependencies));
    const KeySource* const address = short_lived.get();

    short_lived.reset();

    EXPECT_EQ(cancelled, address);
}

TEST_F(GivenAScheduledSource, ItIsCalledAgainWhenABackOffEnds) {
    issuer.then_fails(FetchFault::unreachable);
    std::jthread scheduler([this] {
        called.wait();
        source_on_schedule.run_due_work();
    });

    EXPECT_EQ(obtain(source_on_schedule), "keys_unavailable");

    EXPECT_EQ(agreed, clock.now() + 1s);
}

TEST_F(GivenAScheduledSource, AResponseAfterTheDeadlineIsStillUsed) {
    const auto hurried = scheduled({.timeout = 10ms});
    EXPECT_EQ(obtain(*hurried), "keys_unavailable") << "run_due_work() was not called";

    issuer.then_sends(set_of("late"));
    hurried->run_due_work();

    EXPECT_EQ(name_in(hurried->ready()), "late");
}

TEST_F(GivenAScheduledSource, WithoutAThreadToCarryItOutAFetchFails) {
    is_stopped = true;
    EXPECT_EQ(obtain(source_on_schedule), "keys_unavailable");
    EXPECT_EQ(source_on_schedule.report().last_error, FetchFault::stopped);
    EXPECT_EQ(fetches(), 0U);
}

TEST_F(GivenAScheduledSource, OnceClosedNothingMoreIsAgreed) {
    source_on_schedule.close();
    EXPECT_EQ(obtain(source_on_schedule), "keys_unavailable");
    EXPECT_EQ(agreed, Tick{});
}

TEST(GivenFixedKeys, TheyServeForEver) {
    KeySource source(*KeySet::parse(set_of("a"), {}), "static");
    const Snapshot keys = source.ready();

    EXPECT_EQ(name_in(keys), "a");
    for (const WaitPolicy wait : {WaitPolicy::no_fetch, WaitPolicy::never, WaitPolicy::until_deadline}) {
        EXPECT_EQ(waited_for(source.obtain(wait))->keys, keys);
        EXPECT_EQ(*waited_for(source.renew(keys, "b", wait)), keys);
    }
    source.wait();
    EXPECT_EQ(source.refresh(), std::nullopt);
    source.close();
    EXPECT_EQ(source.ready(), keys);
}

TEST(GivenFixedKeys, NothingIsEverDue) {
    KeySource source(*KeySet::parse(set_of("a"), {}), "static");
    EXPECT_FALSE(source.has_due_work());
    EXPECT_NO_THROW(source.run_due_work());
}

TEST(GivenFixedKeys, TheirReportTellsNoTimes) {
    const KeySource source(*KeySet::parse(set_of("a"), {}), "static");

    const SourceReport report = source.report();

    EXPECT_EQ(source.label(), "static");
    EXPECT_EQ(report.state, SourceState::fixed);
    EXPECT_EQ(report.keys, source.ready());
    EXPECT_EQ(report.age, std::nullopt);
    EXPECT_EQ(report.next_refresh, std::nullopt);
    EXPECT_EQ(report.last_error, std::nullopt);
    EXPECT_EQ(report.fetches, 0U);
}

}  // namespace
}  // namespace authjwks
