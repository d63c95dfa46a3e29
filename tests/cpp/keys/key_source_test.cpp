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

#include "support/in_child.hpp"
#include "support/source_fixtures.hpp"

namespace authjwks {
namespace {

using support::Crowd;
using support::GivenAColdSource;
using support::GivenAStaleSource;
using support::GivenAWarmSource;
using support::kinds_of;
using support::kOptions;
using support::kThreads;
using support::kTick;
using support::name_in;
using support::obtain;
using support::renew;
using support::ScriptedIssuer;
using support::set_of;
using support::slug_of;
using support::waited_for;
using namespace std::chrono_literals;

TEST_F(GivenAColdSource, NothingIsReady) {
    EXPECT_EQ(source.ready(), nullptr);
    EXPECT_EQ(fetches(), 0U);

    const SourceReport report = source.report();
    EXPECT_EQ(report.state, SourceState::cold);
    EXPECT_FALSE(report.refreshing);
    EXPECT_EQ(report.keys, nullptr);
    EXPECT_EQ(report.age, std::nullopt);
    EXPECT_EQ(report.next_refresh, Clock::duration::zero());
    EXPECT_EQ(slug_of(report.last_failure), "");
    EXPECT_EQ(report.fetches, 0U);
    EXPECT_EQ(source.label(), "https://issuer.example/");
    EXPECT_FALSE(source.has_events());
}

TEST_F(GivenAColdSource, ObtainFetchesWithinTheTimeOut) {
    issuer.then_sends(set_of("a"));

    const auto obtained = waited_for(source.obtain(WaitPolicy::until_deadline));

    ASSERT_TRUE(obtained);
    EXPECT_EQ(name_in(obtained->keys), "a");
    EXPECT_TRUE(obtained->is_conclusive);
    ASSERT_EQ(fetches(), 1U);
    EXPECT_EQ(issuer.calls()[0].deadline, clock.now() + 5s);
    EXPECT_TRUE(was_past_caches()) << "what they have kept may be older than the token";
    EXPECT_EQ(issuer.calls()[0].known.body, "");
    EXPECT_FALSE(source.has_events()) << "the first keys are no change";
}

TEST_F(GivenAColdSource, AFailureLeavesNoKeys) {
    issuer.then_fails(FetchFault::timed_out);

    EXPECT_EQ(obtain(source), "keys_unavailable");

    EXPECT_EQ(source.ready(), nullptr);
    const SourceReport report = source.report();
    EXPECT_EQ(report.state, SourceState::failed);
    EXPECT_EQ(slug_of(report.last_failure), "timed_out");
    EXPECT_EQ(report.keys, nullptr);
    EXPECT_EQ(report.fetches, 1U);
    EXPECT_EQ(report.next_refresh, 500ms);
    const auto events = source.take_events();
    ASSERT_EQ(kinds_of(events), std::vector{EventKind::refresh_failed});
    EXPECT_EQ(slug_of(events[0].failure), "timed_out");
}

TEST_F(GivenAColdSource, AFailureIsNotRepeatedBeforeItsBackOffEnds) {
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    clock.advance(500ms - kTick);
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
    EXPECT_EQ(source.retry_after(), 500ms);
    clock.advance(400ms);
    EXPECT_EQ(source.retry_after(), 100ms);
}

TEST_F(GivenAColdSource, AServerThatWantsToBeLeftAloneIs) {
    FetchFailure busy{FetchFault::too_many_requests};
    busy.retry_after = 30s;
    issuer.then_fails(busy);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(source.retry_after(), 30s);
    clock.advance(30s - kTick);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(fetches(), 1U);
    clock.advance(kTick);
    issuer.then_sends(set_of("a"));
    EXPECT_EQ(obtain(source), "a");
}

TEST_F(GivenAColdSource, JitterShortensTheBackOff) {
    const auto other = source_with(kOptions, 0.5);
    issuer.then_fails(FetchFault::unreachable);

    EXPECT_EQ(obtain(*other), "keys_unavailable");

    EXPECT_EQ(other->retry_after(), 375ms);
}

TEST_F(GivenAColdSource, ALoadThatThrowsIsAFailure) {
    issuer.then([]() -> Result<LoadedKeys, FetchFailure> { throw std::runtime_error("on the way"); });
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(slug_of(source.report().last_failure), "unreachable");

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
    issuer.then([&crowd]() -> Result<LoadedKeys, FetchFailure> {
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

// Somebody who names made-up tenants must not cause more than one fetch for each.
TEST_F(GivenAColdSource, AFailureIsNotRepeatedForNobody) {
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    clock.advance(source.retry_after());
    EXPECT_TRUE(source.has_due_work());
    source.run_due_work();
    EXPECT_EQ(fetches(), 1U);
    EXPECT_FALSE(source.has_due_work());

    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(obtain(source), "keys_unavailable");
    EXPECT_EQ(obtain(source), "keys_unavailable") << "but for whoever came during the back-off";
    clock.advance(source.retry_after());
    issuer.then_sends(set_of("a"));
    source.run_due_work();
    EXPECT_EQ(name_in(source.ready()), "a");
}

// What was asked for before the command may be what the issuer had before it.
TEST_F(GivenAWarmSource, ACommandDuringAFetchHasTheIssuerAskedAgain) {
    clock.advance(1000s);
    std::jthread commander;
    std::string command;
    issuer.then([&] {
        std::latch commanding(1);
        commander = std::jthread([&] {
            commanding.count_down();
            command = slug_of(source.refresh());
        });
        commanding.wait();
        std::this_thread::sleep_for(20ms);  // until it waits
        return ScriptedIssuer::keys(set_of("before"));
    });
    issuer.then_sends(set_of("after"));

    EXPECT_EQ(obtain(source), "before");
    commander.join();

    EXPECT_EQ(command, "");
    EXPECT_EQ(name_in(source.ready()), "after");
    EXPECT_EQ(fetches(), 3U);
}

// The thread of an event loop must not wait, however often its task has to.
TEST_F(GivenAColdSource, ACallerThatHasWaitedBeforeGetsPendingToo) {
    for (const WaitPolicy wait : {WaitPolicy::never, WaitPolicy::never_again}) {
        EXPECT_TRUE(std::holds_alternative<Pending>(source.obtain(wait)));
        EXPECT_EQ(fetches(), 0U);
    }
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
    EXPECT_FALSE(obtained->is_conclusive);
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
    EXPECT_EQ(slug_of(report.last_failure), "");
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
    EXPECT_FALSE(was_past_caches());
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

TEST_F(GivenAWarmSource, AfterUnusedRefreshesFreshKeysServeAtOnceAndAreRefreshed) {
    for (int round = 0; round < 5; ++round) {
        clock.advance(800s);
        issuer.then_sends_nothing_new();
        source.run_due_work();
    }
    clock.advance(800s);
    source.run_due_work();
    EXPECT_FALSE(source.has_due_work());

    clock.advance(100s);
    EXPECT_EQ(obtain(source), "old") << "within their ttl";
    EXPECT_EQ(fetches(), 6U);
    EXPECT_TRUE(source.has_due_work());
    issuer.then_sends(set_of("new"));
    source.run_due_work();
    EXPECT_EQ(name_in(source.ready()), "new");
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

TEST_F(GivenAWarmSource, AKeyThatIsWithdrawnDiesWithTheSet) {
    clock.advance(1000s);
    issuer.then_sends(
        support::key_set_json({support::KeyPair::of("P-256").jwk("a"), support::KeyPair::of("P-384").jwk("b")}));
    EXPECT_EQ(obtain(source), "a");
    clock.advance(1000s);
    issuer.then_sends(set_of("a"));
    EXPECT_EQ(obtain(source), "a");
    EXPECT_EQ(source.ready()->usable().size(), 1U);
}

TEST_F(GivenAWarmSource, ASetWithoutAUsableKeyIsAFailureAndTheOldKeysServe) {
    clock.advance(1000s);
    issuer.then_fails({FetchFault::no_usable_keys, "the set is empty"});
    EXPECT_EQ(obtain(source), "old");
    EXPECT_EQ(source.report().last_failure->cause, "the set is empty");
    EXPECT_EQ(source.report().state, SourceState::stale);
}

// An issuer whose key store is gone for a while sends {"keys":[]} with status 200.
TEST_F(GivenAWarmSource, AnEmptySetDoesNotReplaceAWorkingOne) {
    std::string body = set_of("old");
    const Fetch fetch = [&body](const HttpRequest&) { return HttpResponse{.status = 200, .body = body}; };
    const KeyLocation location({.jwks_uri = "https://keys.example/"});
    KeySourceDependencies dependencies = issuer.dependencies(clock);
    dependencies.load = [&](const LoadRequest& request) { return location.load(fetch, request); };
    const auto real = std::make_shared<KeySource>(kOptions, std::move(dependencies));
    EXPECT_EQ(obtain(*real), "old");

    for (const char* useless : {R"({"keys":[]})", R"({"keys":[{"kty":"oct","k":"AAAA"}]})"}) {
        body = useless;
        EXPECT_EQ(slug_of(real->refresh()), "no_usable_keys");
        EXPECT_EQ(name_in(real->ready()), "old");
    }

    body = set_of("new");
    EXPECT_EQ(slug_of(real->refresh()), "");
    EXPECT_EQ(name_in(real->ready()), "new");
}

TEST_F(GivenAWarmSource, AnotherKeyUnderAKnownNameIsAnEvent) {
    clock.advance(1000s);
    issuer.then_sends(support::key_set_json({support::KeyPair::generate("P-256").jwk("old")}));
    EXPECT_EQ(obtain(source), "old");
    EXPECT_EQ(kinds_of(source.take_events()), (std::vector{EventKind::keys_changed, EventKind::key_replaced}));
}

// Two servers of one issuer that do not agree on its keys.
TEST_F(GivenAWarmSource, SetsThatAlternateServeTogetherAndAreReportedOnce) {
    for (const std::string_view name : {"new", "old", "new"}) {
        issuer.then_sends(set_of(name));
        EXPECT_EQ(slug_of(source.refresh()), "");
    }
    EXPECT_EQ(kinds_of(source.take_events()), (std::vector{EventKind::keys_changed, EventKind::keys_changed,
                                                           EventKind::keys_changed, EventKind::replicas_differ}));
    const Snapshot joined = source.ready();
    EXPECT_EQ(joined->usable().size(), 2U);

    for (const std::string_view name : {"old", "new", "old", "old", "new"}) {
        clock.advance(kOptions.ttl);
        issuer.then_sends(set_of(name));
        EXPECT_EQ(waited_for(source.obtain(WaitPolicy::until_deadline))->keys, joined);
    }
    EXPECT_FALSE(source.has_events());
}

TEST_F(GivenAWarmSource, ASetThatWasNotSeenForFourLivesNoLongerServes) {
    for (const std::string_view name : {"new", "old", "new"}) {
        issuer.then_sends(set_of(name));
        EXPECT_EQ(slug_of(source.refresh()), "");
    }
    for (int life = 0; life < 4; ++life) {
        EXPECT_EQ(source.report().keys->usable().size(), 2U) << life;
        clock.advance(kOptions.ttl);
        issuer.then_sends(set_of("new"));
        EXPECT_EQ(slug_of(source.refresh()), "");
    }
    EXPECT_EQ(source.ready()->usable().size(), 1U);
    EXPECT_EQ(name_in(source.ready()), "new");
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
    EXPECT_EQ(slug_of(source.report().last_failure), "unreachable");
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
    EXPECT_EQ(slug_of(report.last_failure), "bad_status");
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
    EXPECT_EQ(slug_of(source.report().last_failure), "") << "a success takes the error back";
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

// An outage that began while nobody came must not leave a withdrawn key in use for a day.
TEST_F(GivenAStaleSource, WhereNobodyCameForAWhileTheNextUseHasTheIssuerAsked) {
    for (int attempt = 0; attempt < 5; ++attempt) {
        clock.advance(60s);
        issuer.then_fails(FetchFault::unreachable);
        source.run_due_work();
    }
    clock.advance(60s);
    source.run_due_work();
    EXPECT_EQ(fetches(), 7U);
    EXPECT_FALSE(source.has_due_work()) << "nobody uses the keys";
    std::ignore = source.take_events();

    EXPECT_EQ(obtain(source), "old") << "at once";
    EXPECT_EQ(fetches(), 7U);
    EXPECT_TRUE(source.has_due_work());
    EXPECT_EQ(name_in(source.ready()), "old");
    issuer.then_sends(set_of("new"));
    source.run_due_work();
    EXPECT_EQ(name_in(source.ready()), "new");
    EXPECT_EQ(kinds_of(source.take_events()), (std::vector{EventKind::recovered, EventKind::keys_changed}));
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
    EXPECT_EQ(source.report().throttled, 1U);
}

TEST_F(GivenAColdSource, WithoutMaxStaleAFailedRefreshLeavesNoKeys) {
    const auto strict = source_with({.ttl = 1000s, .max_stale = 0s, .timeout = 5s});
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
    EXPECT_EQ(slug_of(source.refresh()), "");
    EXPECT_EQ(name_in(source.ready()), "new");
    EXPECT_TRUE(was_past_caches());

    issuer.then_fails(FetchFault::tls_failed);
    EXPECT_EQ(slug_of(source.refresh()), "tls_failed");
    issuer.then_sends(set_of("newer"));
    EXPECT_EQ(slug_of(source.refresh()), "") << "within the back-off";
    EXPECT_EQ(name_in(source.ready()), "newer");
}

TEST_F(GivenAWarmSource, AfterCloseKeysServeAndNothingIsFetched) {
    source.close();

    EXPECT_EQ(name_in(source.ready()), "old");
    EXPECT_EQ(slug_of(source.refresh()), "stopped");
    EXPECT_EQ(waited_for(source.renew(source.ready(), "wanted", WaitPolicy::never)).error(), Errc::source_closed);
    source.recheck(source.ready());
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
        command = slug_of(source.refresh());
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
        EXPECT_EQ(slug_of(source.refresh()), "") << "the fetch in progress is not given up";
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
    EXPECT_EQ(slug_of(source.report().last_failure), "timed_out");

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
    EXPECT_EQ(slug_of(source.refresh()), "timed_out");
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

TEST_F(GivenAScheduledSource, AfterUnusedRefreshesTheNextUseWakesAThread) {
    std::ignore = source_on_schedule.obtain(WaitPolicy::never);
    for (int round = 0; round < 6; ++round) {
        issuer.then_sends(set_of("old"));
        source_on_schedule.run_due_work();
        clock.advance(800s);
    }
    agreed = Tick{};
    source_on_schedule.run_due_work();
    EXPECT_EQ(agreed, Tick{}) << "nothing more is agreed";
    clock.advance(100s);

    EXPECT_EQ(obtain(source_on_schedule), "old");

    EXPECT_NE(agreed, Tick{});
    EXPECT_LE(agreed, clock.now());
}

TEST_F(GivenAScheduledSource, ItIsCalledAgainWhenABackOffEnds) {
    issuer.then_fails(FetchFault::unreachable);
    std::jthread scheduler([this] {
        called.wait();
        source_on_schedule.run_due_work();
    });

    EXPECT_EQ(obtain(source_on_schedule), "keys_unavailable");

    EXPECT_EQ(agreed, clock.now() + 500ms);
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
    EXPECT_EQ(slug_of(source_on_schedule.report().last_failure), "stopped");
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
    EXPECT_EQ(slug_of(source.refresh()), "");
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
    EXPECT_EQ(slug_of(report.last_failure), "");
    EXPECT_EQ(report.fetches, 0U);
}

}  // namespace
}  // namespace authjwks
