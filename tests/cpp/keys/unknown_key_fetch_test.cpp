// What a source of keys does about key ids that it does not know, and about signatures that fail under those it knows.
#include "keys/key_source.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

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

/// What a call that does not wait returns to another thread than that of the fetch in progress.
template <class Ask>
auto elsewhere(Ask ask) {
    decltype(ask()) answer = Result<typename std::variant_alternative_t<0, decltype(ask())>::value_type>(Errc::expired);
    std::thread([&] { answer = ask(); }).join();
    return answer;
}

TEST_F(GivenAWarmSource, RenewAsksPastTheCachesOnTheWay) {
    issuer.then_sends(set_of("new"));

    EXPECT_EQ(renew(source, source.ready()), "new");

    ASSERT_EQ(fetches(), 2U);
    EXPECT_TRUE(was_past_caches());
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

TEST_F(GivenAWarmSource, AnUnknownNameIsNotAskedForAgainInACooldown) {
    const Snapshot keys = source.ready();
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, keys, "made up"), "old");

    clock.advance(kOptions.cooldown - kTick);
    EXPECT_EQ(renew(source, keys, "made up"), "old");
    EXPECT_EQ(fetches(), 2U);

    clock.advance(kTick);
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, keys, "made up"), "old");
    EXPECT_EQ(fetches(), 3U);
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
    EXPECT_EQ(slug_of(source.report().last_failure), "bad_status");
    EXPECT_EQ(source.report().stale_serves, 0U);
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

    clock.advance(kOptions.cooldown - kTick);
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
    clock.advance(kOptions.cooldown);
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

// The attack: ids that are made up in time would keep a key that is published later from being asked for.
TEST_F(GivenAWarmSource, AMadeUpKeyIdBeforeARotationDoesNotRefuseTheNewKey) {
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, source.ready(), "made up"), "old");

    issuer.then_sends(set_of("new"));
    EXPECT_EQ(renew(source, source.ready(), "new"), "new");
}

TEST_F(GivenAWarmSource, AllMadeUpKeyIdsBeforeARotationDelayTheNewKeyByHalfASecond) {
    use_up();
    EXPECT_EQ(renew(source, source.ready(), "new"), "keys_unavailable") << "which is no verdict on the token";
    clock.advance(500ms);
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(renew(source, source.ready(), "new"), "new");
}

// The attack: 1,000 made-up ids a second, for 100 s.
TEST_F(GivenAWarmSource, AFloodOfMadeUpKeyIdsCausesFiveFetchesAndOneEachCooldown) {
    for (int i = 0; i < 14; ++i) issuer.then_sends_nothing_new();
    std::size_t missing = 0, unavailable = 0;
    for (int i = 0; i < 100'000; ++i) {
        const auto answer = waited_for(source.renew(source.ready(), std::to_string(i), WaitPolicy::until_deadline));
        ++(answer ? missing : unavailable);
        clock.advance(1ms);
    }

    EXPECT_EQ(fetches(), 1U + 5U + 9U) << "the first, the burst, and those at 10, 20 ... 90 s";
    EXPECT_EQ(missing, 14U) << "those that were asked about";
    EXPECT_EQ(unavailable, 100'000U - 14U);
    EXPECT_EQ(source.report().throttled, unavailable);
    EXPECT_LE(source.take_events().size(), 14U);
    EXPECT_EQ(name_in(source.ready()), "old");
}

TEST_F(GivenAWarmSource, LackOfPermissionIsNeverTakenForLackOfAKey) {
    use_up();
    for (const auto& [name, wait] : {std::pair{"a", WaitPolicy::until_deadline},
                                     {"b", WaitPolicy::until_deadline},
                                     {"c", WaitPolicy::never},
                                     {"d", WaitPolicy::never}})
        EXPECT_EQ(waited_for(source.renew(source.ready(), name, wait)).error(), Errc::keys_unavailable);
    EXPECT_EQ(waited_for(source.renew(source.ready(), std::nullopt, WaitPolicy::never)).error(),
              Errc::keys_unavailable);

    EXPECT_EQ(source.report().throttled, 5U);
    EXPECT_EQ(kinds_of(source.take_events()), std::vector{EventKind::throttled}) << "once for each fetch";
    EXPECT_EQ(fetches(), 6U);
}

TEST_F(GivenAWarmSource, ThrottlingIsAnEventAgainAfterTheNextFetch) {
    use_up();
    EXPECT_EQ(renew(source, source.ready(), "a"), "keys_unavailable");
    clock.advance(kOptions.cooldown);
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, source.ready(), "b"), "old");
    EXPECT_EQ(renew(source, source.ready(), "c"), "keys_unavailable");
    EXPECT_EQ(kinds_of(source.take_events()), (std::vector{EventKind::throttled, EventKind::throttled}));
}

TEST_F(GivenAWarmSource, OneFetchAnswersAllNamesThatWereNotedBeforeIt) {
    use_up();
    for (const std::string_view name : {"a", "b"}) EXPECT_EQ(renew(source, source.ready(), name), "keys_unavailable");
    EXPECT_EQ(renew(source, source.ready(), std::nullopt), "keys_unavailable");
    clock.advance(kOptions.cooldown);
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, source.ready(), "c"), "old");

    for (const std::string_view name : {"a", "b"}) EXPECT_EQ(renew(source, source.ready(), name), "old");
    EXPECT_EQ(renew(source, source.ready(), std::nullopt), "old");
    EXPECT_EQ(fetches(), 7U);
}

TEST_F(GivenAWarmSource, AFetchOnCommandAnswersThemAsWell) {
    use_up();
    EXPECT_EQ(renew(source, source.ready(), "a"), "keys_unavailable");
    issuer.then_sends_nothing_new();
    EXPECT_EQ(slug_of(source.refresh()), "");
    EXPECT_EQ(renew(source, source.ready(), "a"), "old");
}

// A cache on the way may have kept what the issuer published before.
TEST_F(GivenAWarmSource, ARefreshThatCachesMayAnswerSaysNothingAboutUnknownKeys) {
    const Snapshot keys = source.ready();
    clock.advance(800s);
    issuer.then([&] {
        const auto joined = elsewhere([&] { return source.renew(keys, "wanted", WaitPolicy::never); });
        EXPECT_FALSE(std::get<Pending>(joined).is_conclusive);
        return LoadedKeys{std::nullopt, {}, issuer.calls().back().known};
    });
    source.run_due_work();
    EXPECT_FALSE(was_past_caches());

    issuer.then_sends(set_of("wanted"));
    EXPECT_EQ(renew(source, keys), "wanted");
}

TEST_F(GivenAWarmSource, WhileTokensAreRefusedForTheirKeysARefreshGoesPastCaches) {
    use_up();
    EXPECT_EQ(renew(source, source.ready(), "a"), "keys_unavailable");
    clock.advance(800s);
    issuer.then_sends_nothing_new();
    source.run_due_work();
    EXPECT_TRUE(was_past_caches());
    EXPECT_EQ(renew(source, source.ready(), "a"), "old") << "it has answered that one";

    clock.advance(800s);
    issuer.then_sends_nothing_new();
    source.run_due_work();
    EXPECT_FALSE(was_past_caches());
}

// The issuer may publish the key while it sends the response that the token joins.
TEST_F(GivenAWarmSource, ATokenThatJoinsARunningFetchIsNotRefusedByItsResponse) {
    const Snapshot keys = source.ready();
    issuer.then([&] {
        const auto joined = elsewhere([&] { return source.renew(keys, "wanted", WaitPolicy::never); });
        EXPECT_TRUE(std::holds_alternative<Pending>(joined));
        EXPECT_FALSE(std::get<Pending>(joined).is_conclusive);
        return LoadedKeys{std::nullopt, {}, issuer.calls().back().known};
    });
    EXPECT_EQ(renew(source, keys, "made up"), "old");

    const auto again = source.renew(keys, "wanted", WaitPolicy::never);
    ASSERT_TRUE(std::holds_alternative<Pending>(again)) << "another fetch is needed";
    EXPECT_TRUE(std::get<Pending>(again).is_conclusive);
    issuer.then_sends(set_of("wanted"));
    source.wait();
    EXPECT_EQ(name_in(waited_for(source.renew(keys, "wanted", WaitPolicy::no_fetch))), "wanted");
}

TEST_F(GivenAWarmSource, ACallerThatWaitsForARunningFetchStartsAnotherOneAfterIt) {
    const Snapshot keys = source.ready();
    std::jthread joining;
    std::string joined;
    issuer.then([&] {
        joining = std::jthread([&] { joined = renew(source, keys, "wanted"); });
        return LoadedKeys{std::nullopt, {}, issuer.calls().back().known};
    });
    issuer.then_sends(set_of("wanted"));

    EXPECT_EQ(renew(source, keys, "made up"), "old");
    joining.join();

    EXPECT_EQ(joined, "wanted");
    EXPECT_EQ(fetches(), 3U);
}

TEST_F(GivenAWarmSource, ACallerThatMayNotAskAfterARunningFetchIsUnavailable) {
    const Snapshot keys = source.ready();
    use_up();
    issuer.then([&] {
        EXPECT_TRUE(std::holds_alternative<Pending>(
            elsewhere([&] { return source.renew(keys, "wanted", WaitPolicy::never); })));
        return LoadedKeys{std::nullopt, {}, issuer.calls().back().known};
    });
    EXPECT_EQ(slug_of(source.refresh()), "");
    EXPECT_EQ(name_in(waited_for(source.renew(keys, "wanted", WaitPolicy::never_again))), "keys_unavailable")
        << "the same token does not count as a second one";
}

TEST_F(GivenAWarmSource, TwoCallersBeforeTheRequestIsSentShareItsAnswer) {
    const Snapshot keys = source.ready();
    for (const std::string_view name : {"a", "b"})
        EXPECT_TRUE(std::get<Pending>(source.renew(keys, name, WaitPolicy::never)).is_conclusive);
    issuer.then_sends_nothing_new();
    source.wait();
    for (const std::string_view name : {"a", "b"})
        EXPECT_EQ(name_in(waited_for(source.renew(keys, name, WaitPolicy::no_fetch))), "old");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAColdSource, OnlyAFetchThatWasNotSentYetIsConclusive) {
    issuer.then([&] {
        const auto joined = elsewhere([&] { return source.obtain(WaitPolicy::never); });
        EXPECT_FALSE(std::get<Pending>(joined).is_conclusive);
        return ScriptedIssuer::keys(set_of("a"));
    });
    EXPECT_TRUE(waited_for(source.obtain(WaitPolicy::until_deadline))->is_conclusive);
}

TEST_F(GivenAWarmSource, ARefreshThatCachesMayAnswerIsNotConclusive) {
    clock.advance(1000s);
    EXPECT_FALSE(std::get<Pending>(source.obtain(WaitPolicy::never)).is_conclusive);
    issuer.then_sends(set_of("new"));
    EXPECT_FALSE(waited_for(source.obtain(WaitPolicy::until_deadline))->is_conclusive);
}

TEST_F(GivenAWarmSource, AFailedFetchIsNotConclusive) {
    EXPECT_TRUE(std::get<Pending>(source.renew(source.ready(), "a", WaitPolicy::never)).is_conclusive);
    issuer.then_fails(FetchFault::unreachable);
    source.wait();
    EXPECT_EQ(name_in(waited_for(source.renew(source.ready(), "a", WaitPolicy::no_fetch))), "keys_unavailable");
}

TEST_F(GivenAWarmSource, AFailedRenewMayBeRepeatedAfterItsBackOff) {
    const Snapshot keys = source.ready();
    issuer.then_fails(FetchFault::bad_status);
    EXPECT_EQ(renew(source, keys), "keys_unavailable");
    clock.advance(500ms - kTick);
    EXPECT_EQ(renew(source, keys), "keys_unavailable");
    EXPECT_EQ(fetches(), 2U);

    clock.advance(kTick);
    EXPECT_EQ(renew(source, keys), "keys_unavailable") << "nobody waits for an issuer that fails";
    issuer.then_sends(set_of("wanted"));
    source.run_due_work();
    EXPECT_EQ(renew(source, keys), "wanted");
}

// The set that no longer has it says so, whether the issuer may be asked again or not.
TEST_F(GivenAWarmSource, TokensOfAWithdrawnKeyAreRefusedAtOnce) {
    use_up();
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(slug_of(source.refresh()), "");

    EXPECT_EQ(renew(source, source.ready(), "old"), "new");
    EXPECT_EQ(renew(source, source.ready(), "made up"), "keys_unavailable");
    EXPECT_EQ(fetches(), 7U);
}

// Made-up key ids must not occupy the threads of a service for as long as an issuer hangs.
TEST_F(GivenAWarmSource, WhileTheIssuerFailsNobodyWaitsForAnUnknownKey) {
    issuer.then_fails(FetchFault::timed_out);
    EXPECT_EQ(renew(source, source.ready(), "first"), "keys_unavailable");
    clock.advance(source.retry_after());
    issuer.then([this] {
        for (const WaitPolicy wait : {WaitPolicy::until_deadline, WaitPolicy::never, WaitPolicy::never_again}) {
            auto answer = elsewhere([&] { return source.renew(source.ready(), "made up", wait); });
            EXPECT_EQ(name_in(waited_for(std::move(answer))), "keys_unavailable");
        }
        return ScriptedIssuer::keys(set_of("new"));
    });

    EXPECT_EQ(renew(source, source.ready(), "made up"), "keys_unavailable");
    EXPECT_EQ(fetches(), 2U) << "nor does the one who has the issuer asked";
    EXPECT_TRUE(source.has_due_work());
    source.run_due_work();
    EXPECT_EQ(fetches(), 3U);
    EXPECT_EQ(name_in(source.ready()), "new");
}

// Which of the made-up ids and the new one it is cannot be told: the limit is that of an issuer that fails.
TEST_F(GivenAWarmSource, DuringAnOutageOnlyTheBackOffLimitsUnknownKeys) {
    use_up();
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(slug_of(source.refresh()), "unreachable");
    std::ignore = source.take_events();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(renew(source, source.ready(), "flood " + std::to_string(i)), "keys_unavailable");
        clock.advance(source.retry_after());
        EXPECT_EQ(renew(source, source.ready(), "outage " + std::to_string(i)), "keys_unavailable");
        issuer.then_fails(FetchFault::unreachable);
        source.run_due_work();
        EXPECT_EQ(fetches(), 8U + static_cast<std::size_t>(i));
    }
    for (const EventKind kind : kinds_of(source.take_events())) EXPECT_EQ(kind, EventKind::refresh_failed);

    clock.advance(source.retry_after());
    EXPECT_EQ(renew(source, source.ready(), "new"), "keys_unavailable");
    issuer.then_sends(set_of("new"));
    source.run_due_work();
    EXPECT_EQ(renew(source, source.ready(), "new"), "new");
}

TEST_F(GivenAWarmSource, ARefusedTokenHastensTheEndOfAnOutage) {
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(slug_of(source.refresh()), "unreachable");
    clock.advance(100ms);
    EXPECT_EQ(renew(source, source.ready(), "new"), "keys_unavailable");
    EXPECT_EQ(source.retry_after(), 400ms);

    clock.advance(400ms - kTick);
    EXPECT_FALSE(source.has_due_work());
    clock.advance(kTick);
    EXPECT_TRUE(source.has_due_work()) << "long before 80 % of the ttl";
    issuer.then_sends(set_of("new"));
    source.run_due_work();
    EXPECT_EQ(name_in(source.ready()), "new");
}

TEST_F(GivenAWarmSource, RetryAfterIsThatOfTheAllowanceForUnknownKeys) {
    EXPECT_EQ(source.retry_after(), 0s);
    use_up();
    EXPECT_EQ(renew(source, source.ready(), "made up"), "keys_unavailable");
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, source.ready(), "made up"), "old");
    EXPECT_EQ(renew(source, source.ready(), "new"), "keys_unavailable");
    EXPECT_EQ(source.retry_after(), 1s);
    clock.advance(source.retry_after());
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(renew(source, source.ready(), "new"), "new");
}

TEST_F(GivenAWarmSource, AfterCloseAnUnknownKeyIsUnavailable) {
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, source.ready(), "made up"), "old");
    source.close();
    for (const WaitPolicy wait : {WaitPolicy::until_deadline, WaitPolicy::never})
        EXPECT_EQ(waited_for(source.renew(source.ready(), "new", wait)).error(), Errc::source_closed);
    EXPECT_EQ(renew(source, source.ready(), "made up"), "old") << "which it was asked for";
    EXPECT_FALSE(source.has_events());
    EXPECT_EQ(fetches(), 2U);
}

// A key that was replaced under its id: its tokens fail the signature of the former one.
TEST_F(GivenAWarmSource, ABadSignatureUnderAKnownKeyFindsAReplacedKey) {
    const std::string replaced = support::key_set_json({support::KeyPair::generate("P-256").jwk("old")});
    const Snapshot keys = source.ready();
    EXPECT_FALSE(source.has_due_work());

    source.recheck(keys);

    EXPECT_EQ(fetches(), 1U) << "it never waits";
    EXPECT_TRUE(source.has_due_work());
    EXPECT_EQ(kinds_of(source.take_events()), std::vector{EventKind::rechecked});
    issuer.then_sends(replaced);
    source.run_due_work();
    EXPECT_TRUE(was_past_caches());
    EXPECT_NE(source.ready(), keys);
    EXPECT_EQ(kinds_of(source.take_events()), (std::vector{EventKind::keys_changed, EventKind::key_replaced}));
    EXPECT_FALSE(source.has_due_work());
}

TEST_F(GivenAWarmSource, ARecheckIsAlsoRunByTheNextCallerToWait) {
    source.recheck(source.ready());
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(renew(source, source.ready(), "new"), "new");
    EXPECT_EQ(fetches(), 2U);
}

// The attack: forged signatures under a known key, to make the source deaf to a rotation.
TEST_F(GivenAWarmSource, ForgedSignaturesCannotUseUpTheAllowanceOfUnknownKeys) {
    for (int i = 0; i < 1000; ++i) {
        source.recheck(source.ready());
        if (!source.has_due_work()) continue;
        issuer.then_sends_nothing_new();
        source.run_due_work();
    }
    EXPECT_EQ(fetches(), 5U) << "the first, and four of the burst";

    issuer.then_sends(set_of("new"));
    EXPECT_EQ(renew(source, source.ready(), "new"), "new");
}

TEST_F(GivenAWarmSource, OneRecheckIsEnoughForManyForgedSignatures) {
    for (int i = 0; i < 1000; ++i) source.recheck(source.ready());
    EXPECT_EQ(kinds_of(source.take_events()), std::vector{EventKind::rechecked});
    issuer.then_sends_nothing_new();
    source.run_due_work();
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmSource, NothingIsRecheckedWhileAFetchExists) {
    const Snapshot keys = source.ready();
    clock.advance(1000s);
    EXPECT_TRUE(std::holds_alternative<Pending>(source.obtain(WaitPolicy::never)));
    source.recheck(keys);
    EXPECT_FALSE(source.has_events());
    issuer.then([&] {
        elsewhere([&] {
            source.recheck(keys);
            return source.obtain(WaitPolicy::no_fetch);
        });
        return ScriptedIssuer::keys(set_of("new"));
    });
    source.wait();
    EXPECT_EQ(fetches(), 2U);
    EXPECT_EQ(kinds_of(source.take_events()), std::vector{EventKind::keys_changed});
}

TEST_F(GivenAStaleSource, NothingIsRecheckedWhileTheIssuerFails) {
    std::ignore = source.take_events();
    clock.advance(60s);
    source.recheck(source.ready());
    EXPECT_FALSE(source.has_events());
    EXPECT_FALSE(source.report().refreshing);
}

TEST_F(GivenAWarmSource, NothingIsRecheckedWhereThereAreNewerKeys) {
    const Snapshot older = source.ready();
    issuer.then_sends(set_of("new"));
    EXPECT_EQ(slug_of(source.refresh()), "");
    std::ignore = source.take_events();
    source.recheck(older);
    EXPECT_FALSE(source.has_events());
    EXPECT_FALSE(source.report().refreshing);
}

TEST_F(GivenAWarmSource, NothingIsRecheckedAfterClose) {
    source.close();
    source.recheck(source.ready());
    EXPECT_FALSE(source.has_events());
    EXPECT_FALSE(source.report().refreshing);
}

// A bad signature must not wait behind those who hold the lock.
TEST_F(GivenAColdSource, NothingIsRecheckedWhereTheLockIsTaken) {
    KeySourceDependencies dependencies = issuer.dependencies(clock);
    std::shared_ptr<KeySource> locked;
    Snapshot keys;
    dependencies.jitter = [&] {  // called with the lock held
        if (keys) std::thread([&] { locked->recheck(keys); }).join();
        return 0.0;
    };
    locked = std::make_shared<KeySource>(kOptions, std::move(dependencies));
    issuer.then_sends(set_of("old"));
    EXPECT_EQ(obtain(*locked), "old");
    keys = locked->ready();
    issuer.then_sends_nothing_new();

    EXPECT_EQ(slug_of(locked->refresh()), "");

    EXPECT_FALSE(locked->has_events());
    EXPECT_FALSE(locked->report().refreshing);
    keys = nullptr;
}

TEST_F(GivenAColdSource, WithThreadsARecheckWakesOne) {
    KeySourceDependencies dependencies = issuer.dependencies(clock);
    Tick agreed{};
    dependencies.wake = [&agreed](const std::shared_ptr<KeySource>&, Tick at) {
        agreed = at;
        return true;
    };
    const auto scheduled = std::make_shared<KeySource>(kOptions, std::move(dependencies));
    std::ignore = scheduled->obtain(WaitPolicy::never);
    issuer.then_sends(set_of("old"));
    scheduled->run_due_work();
    EXPECT_EQ(agreed, clock.now() + 800s);

    scheduled->recheck(scheduled->ready());

    EXPECT_EQ(agreed, clock.now());
    EXPECT_FALSE(scheduled->has_due_work()) << "it is not for the caller to do";
    issuer.then_sends(set_of("new"));
    scheduled->run_due_work();
    EXPECT_EQ(name_in(scheduled->ready()), "new");
}

TEST(GivenFixedKeys, NothingIsRechecked) {
    KeySource source(*KeySet::parse(set_of("a"), {}), "static");
    source.recheck(source.ready());
    EXPECT_FALSE(source.has_events());
    EXPECT_FALSE(source.report().refreshing);
}

TEST_F(GivenAWarmSource, AnUnknownKeyHasTheMetadataAskedForIfItIsAMinuteOld) {
    issuer.then_sends_nothing_new();
    EXPECT_EQ(renew(source, source.ready(), "made up"), "old");
    EXPECT_EQ(issuer.calls().back().max_location_age, 1min);
    EXPECT_EQ(issuer.calls().back().now, clock.now());
    issuer.then_sends_nothing_new();
    EXPECT_EQ(slug_of(source.refresh()), "");
    EXPECT_EQ(issuer.calls().back().max_location_age, 0s) << "a command asks for everything";
    clock.advance(800s);
    issuer.then_sends_nothing_new();
    source.run_due_work();
    EXPECT_EQ(issuer.calls().back().max_location_age, 24h);
}

}  // namespace
}  // namespace authjwks
