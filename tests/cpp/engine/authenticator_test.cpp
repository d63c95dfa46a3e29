#include "engine/authenticator.hpp"

#include <atomic>
#include <cmath>
#include <latch>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/key_pair.hpp"
#include "support/scripted_issuer.hpp"
#include "support/subject_host.hpp"

namespace authjwks {
namespace {

using support::FakeClock;
using support::KeyPair;
using support::outcome_of;
using support::ScriptedIssuer;
using support::SubjectHost;
using support::to_json;
using namespace std::chrono_literals;

constexpr Instant kNow{Seconds{1'700'000'000}};
constexpr KeyOptions kOptions{.ttl = 1000s, .max_stale = 3600s, .cooldown = 10s, .timeout = 5s};

PolicyOptions options() {
    return {.issuers = {{"https://issuer.example/"}},
            .audiences = {{"api"}},
            .token_types = {{"", "JWT"}},
            .algorithms = {"ES256"},
            .required_claims = {"exp"}};
}

/// A key set with the shared key under each of these names.
std::string keys_named(std::initializer_list<std::string_view> names) {
    std::string text = R"({"keys":[)";
    for (const std::string_view name : names)
        text.append(text.ends_with('[') ? "" : ",").append(to_json(KeyPair::of("P-256").jwk(name)));
    return text + "]}";
}

std::string claims_of(std::string_view issuer, std::string_view subject) {
    return R"({"iss":")" + std::string(issuer) + R"(","aud":"api","exp":1700000600,"sub":")" + std::string(subject) +
           "\"}";
}
std::string header_for(std::string_view key_id) { return R"({"alg":"ES256","kid":")" + std::string(key_id) + "\"}"; }

/// A good token, signed by the shared key under that name.
std::string token_by(std::string_view key_id, std::string_view subject = "user",
                     std::string_view issuer = "https://issuer.example/") {
    return KeyPair::of("P-256").token(support::algorithm("ES256"), header_for(key_id), claims_of(issuer, subject));
}

std::string forged(std::string token) { return token.replace(token.rfind('.') + 1, 4, "AAAA"); }

/// The verdict in words, with a host that takes the subject: see outcome_of().
std::string verify(const Authenticator& authenticator, std::string_view token, Instant now = kNow,
                   WaitPolicy wait = WaitPolicy::until_deadline) {
    SubjectHost host;
    return outcome_of(authenticator.verify(token, now, wait, host), host);
}

/// The verdict as a whole.
Verdict verdict_on(const Authenticator& authenticator, std::string_view token,
                   WaitPolicy wait = WaitPolicy::until_deadline) {
    SubjectHost host;
    return authenticator.verify(token, kNow, wait, host);
}

class GivenAColdAuthenticator : public ::testing::Test {
  protected:
    std::string verdict(std::string_view token, WaitPolicy wait = WaitPolicy::until_deadline) {
        return verify(authenticator, token, kNow, wait);
    }
    std::size_t fetches() const { return issuer.calls().size(); }

    FakeClock clock;
    ScriptedIssuer issuer;
    const std::shared_ptr<KeySource> source = std::make_shared<KeySource>(kOptions, issuer.dependencies(clock));
    const Authenticator authenticator{source, Policy(options()), nullptr};
};

/// One that holds the key "known", fetched just now.
class GivenAWarmAuthenticator : public GivenAColdAuthenticator {
  protected:
    GivenAWarmAuthenticator() {
        issuer.then_sends(keys_named({"known"}));
        if (verdict(token_by("known")) != "user") throw std::runtime_error("the authenticator did not warm up");
    }
};

TEST_F(GivenAColdAuthenticator, AGoodTokenIsAcceptedAfterOneFetch) {
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("known")), "user");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdAuthenticator, KeysJustFetchedAreNotFetchedAgain) {
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("unknown")), "unknown_key");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdAuthenticator, WithoutTheIssuerItIsTheKeysThatAreMissing) {
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verdict(token_by("known")), "keys_unavailable");
    EXPECT_EQ(verdict(token_by("unknown")), "keys_unavailable");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdAuthenticator, WhatNeedsNoKeyIsRefusedWithoutAskingForOne) {
    for (const WaitPolicy wait : {WaitPolicy::no_fetch, WaitPolicy::never, WaitPolicy::until_deadline}) {
        EXPECT_EQ(verdict("nonsense", wait), "malformed");
        EXPECT_EQ(verdict(std::string(20'000, 'x'), wait), "too_long");
        EXPECT_EQ(verdict("eyJhbGciOiJub25lIn0.e30.AA", wait), "unsupported_alg");
    }
    EXPECT_EQ(fetches(), 0U);
    EXPECT_FALSE(source->report().refreshing);
}

TEST_F(GivenAColdAuthenticator, AVerdictNamesTheSourceOfItsKeys) {
    EXPECT_FALSE(verdict_on(authenticator, "nonsense", WaitPolicy::never).source);
    EXPECT_EQ(verdict_on(authenticator, token_by("known"), WaitPolicy::never).source.share(), source);
}

TEST_F(GivenAWarmAuthenticator, ARefusalNamesTheClaimAtFault) {
    const auto signed_with = [](std::string_view claims) {
        return KeyPair::of("P-256").token(support::algorithm("ES256"), header_for("known"), claims);
    };
    EXPECT_EQ(verdict_on(authenticator, signed_with(R"({"iss":"https://issuer.example/","aud":"api"})")).claim, "exp");
    EXPECT_EQ(verdict_on(authenticator, signed_with(R"({"iss":"https://issuer.example/","aud":7})")).claim, "aud");
    EXPECT_EQ(verdict_on(authenticator, forged(token_by("known"))).claim, "");
    EXPECT_EQ(verdict_on(authenticator, token_by("known")).claim, "");
}

TEST_F(GivenAColdAuthenticator, APendingTokenIsAcceptedAfterTheWait) {
    EXPECT_EQ(verdict(token_by("known"), WaitPolicy::never), "waits");
    EXPECT_EQ(fetches(), 0U);
    issuer.then_sends(keys_named({"known"}));
    source->wait();
    EXPECT_EQ(verdict(token_by("known"), WaitPolicy::no_fetch), "user");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdAuthenticator, KeysWaitedForAreNotFetchedAgain) {
    EXPECT_EQ(verdict(token_by("unknown"), WaitPolicy::never), "waits");
    issuer.then_sends(keys_named({"known"}));
    source->wait();
    EXPECT_EQ(verdict(token_by("unknown"), WaitPolicy::no_fetch), "unknown_key");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdAuthenticator, ManyTokensAtOnceCostOneFetch) {
    constexpr std::size_t threads = 8;
    std::latch on_their_way(threads);
    issuer.then([&on_their_way] {
        on_their_way.wait();
        return ScriptedIssuer::keys(keys_named({"known"}));
    });
    std::vector<std::string> verdicts(threads);
    {
        std::vector<std::jthread> running;
        for (std::size_t i = 0; i < threads; ++i)
            running.emplace_back([&, i] {
                on_their_way.count_down();
                verdicts[i] = verdict(token_by("known", "user " + std::to_string(i)));
            });
    }
    for (std::size_t i = 0; i < threads; ++i) EXPECT_EQ(verdicts[i], "user " + std::to_string(i));
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAWarmAuthenticator, AGoodTokenIsAcceptedWithoutWaiting) {
    for (const WaitPolicy wait : {WaitPolicy::no_fetch, WaitPolicy::never, WaitPolicy::until_deadline})
        EXPECT_EQ(verdict(token_by("known"), wait), "user");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAWarmAuthenticator, ABadTokenOfAKnownKeyIsRefusedWithoutWaiting) {
    EXPECT_EQ(verdict(forged(token_by("known"))), "bad_signature");
    EXPECT_EQ(verdict(forged(token_by("known")), WaitPolicy::never), "bad_signature");
    EXPECT_EQ(verify(authenticator, token_by("known"), kNow + Seconds{700}, WaitPolicy::never), "expired");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAWarmAuthenticator, AnUnknownNameIsAskedForOnceAndFound) {
    issuer.then_sends(keys_named({"known", "new"}));

    EXPECT_EQ(verdict(token_by("new")), "user");

    EXPECT_EQ(fetches(), 2U);
    EXPECT_TRUE(issuer.calls()[1].no_cache);
    EXPECT_EQ(verdict(token_by("new"), WaitPolicy::never), "user");
}

TEST_F(GivenAWarmAuthenticator, AnUnknownNameIsAskedForOnceAndNotFound) {
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, APendingUnknownKeyIsDecidedAfterTheWait) {
    EXPECT_EQ(verdict(token_by("new"), WaitPolicy::never), "waits");
    issuer.then_sends(keys_named({"known", "new"}));
    source->wait();
    EXPECT_EQ(verdict(token_by("new"), WaitPolicy::no_fetch), "user");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, ANameThatTheIssuerWasAskedForIsRefusedAtOnce) {
    issuer.then_sends(keys_named({"known"}));
    for (const WaitPolicy wait : {WaitPolicy::until_deadline, WaitPolicy::never, WaitPolicy::until_deadline})
        EXPECT_EQ(verdict(token_by("made up"), wait), "unknown_key");
    EXPECT_EQ(fetches(), 2U);

    clock.advance(kOptions.cooldown);
    EXPECT_EQ(verdict(token_by("made up"), WaitPolicy::never), "waits");
}

TEST_F(GivenAWarmAuthenticator, ANameThatMayNotBeAskedForIsUnavailable) {
    for (const std::string_view name : {"1", "2", "3", "4", "5"}) {
        issuer.then_sends(keys_named({"known"}));
        EXPECT_EQ(verdict(token_by(name)), "unknown_key");
    }
    for (const auto& [name, wait] : {std::pair{"new", WaitPolicy::until_deadline}, {"other", WaitPolicy::never}})
        EXPECT_EQ(verdict(token_by(name), wait), "keys_unavailable");
    EXPECT_EQ(verdict(token_by("known"), WaitPolicy::never), "user");
    EXPECT_EQ(fetches(), 6U);

    // Another token of that key.
    issuer.then_sends(keys_named({"known", "new"}));
    EXPECT_EQ(verdict(token_by("new")), "user");
}

TEST_F(GivenAWarmAuthenticator, AMadeUpNameBeforeARotationDoesNotRefuseTheNewKeysTokens) {
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    issuer.then_sends(keys_named({"known", "new"}));
    EXPECT_EQ(verdict(token_by("new")), "user");
}

TEST_F(GivenAWarmAuthenticator, ATokenWithoutANameIsAskedForAsWell) {
    const std::string nameless = KeyPair::of("P-256").token(support::algorithm("ES256"), R"({"alg":"ES256"})",
                                                            claims_of("https://issuer.example/", "user"));
    issuer.then_sends(support::key_set_json({KeyPair::of("P-384").jwk("other")}));
    EXPECT_FALSE(source->refresh());
    issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(verdict(nameless), "user");
}

TEST_F(GivenAWarmAuthenticator, AKeyThatWasSkippedIsUnusableOnceTheIssuerWasAskedForABetterOne) {
    support::Members skipped = KeyPair::of("P-256").jwk("skipped");
    skipped["use"] = support::json_text("enc");
    const std::string keys = support::key_set_json({KeyPair::of("P-256").jwk("known"), skipped});
    issuer.then_sends(keys);
    EXPECT_FALSE(source->refresh());

    issuer.then_sends(keys);
    EXPECT_EQ(verdict(token_by("skipped")), "unusable_key");
    EXPECT_EQ(verdict(token_by("skipped"), WaitPolicy::never), "unusable_key");
    EXPECT_EQ(fetches(), 3U);

    clock.advance(kOptions.cooldown);
    issuer.then_sends(keys_named({"known", "skipped"}));
    EXPECT_EQ(verdict(token_by("skipped")), "user") << "it was published anew";
}

// Its name is too long to be remembered, so each newer set may be older than the token.
TEST_F(GivenAWarmAuthenticator, ThreeSetsThatLackAKeyAreNoVerdictOnIt) {
    const std::string name(300, 'n');
    for (const std::string_view other : {"a", "b", "c"}) issuer.then_sends(keys_named({other}));

    EXPECT_EQ(verdict(token_by(name)), "keys_unavailable");

    EXPECT_EQ(fetches(), 4U);
}

TEST_F(GivenAWarmAuthenticator, TheThirdNewerSetMayHaveTheKey) {
    const std::string name(300, 'n');
    for (const std::string_view other : {"a", "b"}) issuer.then_sends(keys_named({other}));
    issuer.then_sends(keys_named({name}));

    EXPECT_EQ(verdict(token_by(name)), "user");

    EXPECT_EQ(fetches(), 4U);
}

TEST_F(GivenAWarmAuthenticator, ASetThatChangesWithoutTheKeyRefusesItsToken) {
    issuer.then_sends(keys_named({"other"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, AfterCloseAnUnknownNameIsUnavailable) {
    source->close();
    EXPECT_EQ(verdict_on(authenticator, token_by("new")).refusal, Errc::source_closed);
    EXPECT_EQ(verdict(token_by("known")), "user");
    EXPECT_EQ(fetches(), 1U);
}

// A key was replaced under its name.
TEST_F(GivenAWarmAuthenticator, ABadSignatureUnderAKnownKeyFindsAReplacedKey) {
    const KeyPair replacing = KeyPair::generate("P-256");
    const std::string token =
        replacing.token(support::algorithm("ES256"), header_for("known"), claims_of("https://issuer.example/", "user"));
    EXPECT_EQ(verdict(token), "bad_signature");
    EXPECT_EQ(fetches(), 1U) << "nobody waits for it";
    EXPECT_TRUE(source->has_due_work());

    issuer.then_sends(support::key_set_json({replacing.jwk("known")}));
    source->run_due_work();

    EXPECT_EQ(verdict(token), "user");
    EXPECT_EQ(verdict(token_by("known")), "bad_signature") << "of the key that was replaced";
}

TEST_F(GivenAWarmAuthenticator, OtherRefusalsHaveNothingRechecked) {
    EXPECT_EQ(verify(authenticator, token_by("known"), kNow + Seconds{700}), "expired");
    EXPECT_EQ(verdict(token_by("known", "user", "https://other.example/")), "wrong_issuer");
    EXPECT_EQ(verdict("a.b.c"), "malformed");
    EXPECT_FALSE(source->has_due_work());
    EXPECT_FALSE(source->has_events());
}

TEST_F(GivenAWarmAuthenticator, ForgedSignaturesDoNotKeepANewKeyFromBeingFound) {
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(verdict(forged(token_by("known"))), "bad_signature");
        if (!source->has_due_work()) continue;
        issuer.then_sends(keys_named({"known"}));
        source->run_due_work();
    }
    EXPECT_EQ(fetches(), 5U);
    issuer.then_sends(keys_named({"known", "new"}));
    EXPECT_EQ(verdict(token_by("new")), "user");
}

// The issuer may publish its key while it sends the response that the token waits for.
TEST_F(GivenAWarmAuthenticator, ATokenThatJoinsARunningFetchIsNotRefusedByItsResponse) {
    std::string joined;
    issuer.then([&] {
        std::thread([&] { joined = verdict(token_by("new"), WaitPolicy::never); }).join();
        return ScriptedIssuer::keys(keys_named({"known"}));
    });
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    EXPECT_EQ(joined, "waits and asks again");

    EXPECT_EQ(verdict(token_by("new"), WaitPolicy::never), "waits");
    issuer.then_sends(keys_named({"known", "new"}));
    source->wait();
    EXPECT_EQ(verdict(token_by("new"), WaitPolicy::no_fetch), "user");
}

TEST_F(GivenAWarmAuthenticator, AnUnknownNameIsUnavailableWhileTheIssuerFails) {
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verdict(token_by("made up")), "keys_unavailable");
    EXPECT_EQ(verdict(token_by("made up"), WaitPolicy::never), "keys_unavailable");
    EXPECT_EQ(verdict(token_by("known")), "user") << "known keys go on serving";
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, AKeyThatWasWithdrawnRefusesItsTokens) {
    issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(verdict(token_by("new")), "user");
    issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(verdict(token_by("known")), "unknown_key");
}

// A cache on the way may answer the refresh, so it decides nothing about an unknown name.
TEST_F(GivenAWarmAuthenticator, OverdueKeysAreRefreshedBeforeAnUnknownNameIsAskedFor) {
    clock.advance(1000s);
    EXPECT_EQ(verdict(token_by("known"), WaitPolicy::never), "waits and asks again");
    issuer.then_sends(keys_named({"known"}));
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    ASSERT_EQ(fetches(), 3U);
    EXPECT_FALSE(issuer.calls()[1].no_cache);
    EXPECT_TRUE(issuer.calls()[2].no_cache);
}

TEST_F(GivenAWarmAuthenticator, OldKeysServeWhileTheIssuerIsAway) {
    clock.advance(1000s);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verdict(token_by("known")), "user");
    EXPECT_EQ(verdict(token_by("known"), WaitPolicy::never), "user");
    EXPECT_EQ(verdict(token_by("unknown"), WaitPolicy::never), "keys_unavailable");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, VerdictDoesNotDependOnTheWaitPolicy) {
    for (const std::string& token :
         {token_by("known"), forged(token_by("known")), std::string("a.b"), std::string(20'000, 'x'), std::string()})
        EXPECT_EQ(verdict(token, WaitPolicy::never), verdict(token));
}

TEST(GivenFixedKeys, AnUnknownNameNeverWaits) {
    const auto source = std::make_shared<KeySource>(*KeySet::parse(keys_named({"known"}), {}), "static");
    const Authenticator authenticator(source, Policy(options()), nullptr);

    EXPECT_EQ(verify(authenticator, token_by("known"), kNow, WaitPolicy::never), "user");
    for (const WaitPolicy wait : {WaitPolicy::no_fetch, WaitPolicy::never, WaitPolicy::until_deadline})
        EXPECT_EQ(verify(authenticator, token_by("unknown"), kNow, wait), "unknown_key");
}

/// The subject that the cache has for a token, or "" when the token would have to be judged. Counts as a use.
std::string cached(const Authenticator& authenticator, std::string_view token, Instant now = kNow) {
    SubjectHost host;
    host.may_cache = false;  // a look changes nothing
    const Verdict verdict = authenticator.verify(token, now, WaitPolicy::no_fetch, host);
    return verdict.is_from_cache ? host.subject : "";
}

std::unique_ptr<TokenCache> some_cache() {
    return std::make_unique<TokenCache>(TokenCache::Limits{std::size_t{1} << 20, 100});
}

/// One with a cache, that has accepted a token just now.
class CachedTokenTest : public ::testing::Test {
  protected:
    CachedTokenTest() {
        issuer.then_sends(keys_named({"known"}));
        if (verify(authenticator, token) != "user") throw std::runtime_error("the token was not accepted");
    }
    std::size_t fetches() const { return issuer.calls().size(); }

    FakeClock clock;
    ScriptedIssuer issuer;
    const std::shared_ptr<KeySource> source = std::make_shared<KeySource>(kOptions, issuer.dependencies(clock));
    const Authenticator authenticator{source, Policy(options()), some_cache()};
    const std::string token = token_by("known");
};

TEST_F(CachedTokenTest, ItIsFoundWithTheSourceOfItsKeys) {
    SubjectHost host;
    const Verdict verdict = authenticator.verify(token, kNow, WaitPolicy::never, host);
    EXPECT_TRUE(verdict.is_from_cache);
    EXPECT_EQ(verdict.source.share(), source);
    EXPECT_EQ(host.subject, "user");
    EXPECT_EQ(host.runs, 0U) << "the host's lock is not released for a hit";
    EXPECT_EQ(authenticator.cache()->report().hits, 1U);
    EXPECT_EQ(authenticator.cache()->report().misses, 1U) << "before it was judged";
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(CachedTokenTest, NothingIsDeliveredToAHostThatGivesUp) {
    SubjectHost host;
    host.gives_up = true;
    const std::string other = token_by("known", "other");
    EXPECT_EQ(outcome_of(authenticator.verify(other, kNow, WaitPolicy::never, host), host), "abandoned");
    EXPECT_EQ(host.subject, "nothing was delivered");
    EXPECT_EQ(cached(authenticator, other), "");
}

TEST_F(CachedTokenTest, AClosedSourceIsTheReasonAfterItsKeysExpire) {
    source->close();
    EXPECT_EQ(verify(authenticator, token), "user");
    clock.advance(5000s);
    const Verdict verdict = verdict_on(authenticator, token);
    EXPECT_EQ(verdict.refusal, Errc::source_closed);
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(CachedTokenTest, AnotherTokenIsNotFound) {
    EXPECT_EQ(cached(authenticator, forged(token)), "");
    EXPECT_EQ(cached(authenticator, token_by("known", "user")), "") << "ECDSA signs differently each time";
    EXPECT_EQ(cached(authenticator, token.substr(0, token.size() - 1)), "");
    EXPECT_EQ(cached(authenticator, ""), "");
    EXPECT_EQ(cached(authenticator, "nonsense"), "");
    EXPECT_EQ(authenticator.cache()->report().misses, 6U);
}

TEST_F(CachedTokenTest, ARefusedTokenIsNotCached) {
    for (const std::string& bad : {forged(token), token_by("known", "user", "https://other.example/")}) {
        const std::string refusal = verify(authenticator, bad);
        EXPECT_EQ(verify(authenticator, bad), refusal);
        EXPECT_EQ(cached(authenticator, bad), "");
    }
    EXPECT_EQ(authenticator.cache()->report().entries, 1U);
}

TEST_F(CachedTokenTest, ItExpiresAtItsTime) {
    const Instant death = Instant{Seconds{1'700'000'600}} + options().leeway;
    EXPECT_EQ(cached(authenticator, token, Instant{Seconds{std::nextafter(death.time_since_epoch().count(), 0)}}),
              "user");
    EXPECT_EQ(cached(authenticator, token, death), "");
    EXPECT_EQ(verify(authenticator, token, death), "expired");
    EXPECT_EQ(authenticator.cache()->report().entries, 0U) << "it does not keep its place";
    EXPECT_EQ(verify(authenticator, token, kNow), "user") << "should the clock be put right again";
}

TEST_F(CachedTokenTest, ItIsNotFoundBeforeItsTime) {
    const std::string early = KeyPair::of("P-256").token(
        support::algorithm("ES256"), header_for("known"),
        R"({"iss":"https://issuer.example/","aud":"api","exp":1700000600,"nbf":1699999900,"sub":"user"})");
    EXPECT_EQ(verify(authenticator, early), "user");

    const Instant birth = Instant{Seconds{1'699'999'900}} - options().leeway;
    EXPECT_EQ(cached(authenticator, early, birth), "user");
    EXPECT_EQ(cached(authenticator, early, birth - Seconds{0.001}), "");
    EXPECT_EQ(verify(authenticator, early, birth - Seconds{0.001}), "not_yet_valid");
}

TEST_F(CachedTokenTest, NoTimeThatIsNoneLetsItPass) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    for (const double none : {std::numeric_limits<double>::quiet_NaN(), infinite, -infinite})
        EXPECT_EQ(cached(authenticator, token, Instant{Seconds{none}}), "") << none;
}

TEST_F(CachedTokenTest, ItGoesWithItsKey) {
    issuer.then_sends(keys_named({"new"}));
    EXPECT_FALSE(source->refresh());

    EXPECT_EQ(cached(authenticator, token), "");
    issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(verify(authenticator, token), "unknown_key");
}

TEST_F(CachedTokenTest, ItIsJudgedAnewWhenItsKeysNameStandsForAnotherKey) {
    const KeyPair other = KeyPair::generate("P-256");
    issuer.then_sends(support::key_set_json({other.jwk("known")}));
    EXPECT_FALSE(source->refresh());

    EXPECT_EQ(cached(authenticator, token), "");
    EXPECT_EQ(verify(authenticator, token), "bad_signature");
}

TEST_F(CachedTokenTest, AnotherSetWithTheSameKeyHasItJudgedOnceMore) {
    issuer.then_sends(keys_named({"known", "new"}));
    EXPECT_FALSE(source->refresh());

    EXPECT_EQ(cached(authenticator, token), "");
    EXPECT_EQ(verify(authenticator, token), "user");
    EXPECT_EQ(cached(authenticator, token), "user");
    EXPECT_EQ(authenticator.cache()->report().entries, 1U);
}

TEST_F(CachedTokenTest, AnUnchangedKeySetKeepsIt) {
    issuer.then_sends_nothing_new();
    EXPECT_FALSE(source->refresh());
    EXPECT_EQ(cached(authenticator, token), "user");
}

TEST_F(CachedTokenTest, AFailingIssuerKeepsItWhileKeysMayServe) {
    clock.advance(1000s);
    EXPECT_EQ(cached(authenticator, token), "") << "past the ttl the issuer is asked first";
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verify(authenticator, token), "user");
    EXPECT_EQ(cached(authenticator, token), "user") << "stale keys serve";

    clock.advance(3600s);
    EXPECT_EQ(cached(authenticator, token), "");
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verify(authenticator, token), "keys_unavailable");
}

TEST_F(CachedTokenTest, KeysThatCameBackAfterAnOutageDecide) {
    clock.advance(10'000s);
    for (int i = 0; i < 2; ++i) issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(verify(authenticator, token), "unknown_key");
    EXPECT_EQ(cached(authenticator, token), "");
}

TEST_F(CachedTokenTest, AnotherPolicyOverTheSameKeysKnowsNothingOfIt) {
    PolicyOptions others = options();
    others.audiences = {{"another api"}};
    const Authenticator other(source, Policy(others), some_cache());
    EXPECT_EQ(cached(other, token), "");
    EXPECT_EQ(verify(other, token), "wrong_audience");
    EXPECT_EQ(cached(authenticator, token), "user");
}

TEST_F(CachedTokenTest, StaleServicesAreCountedOncePerToken) {
    clock.advance(1000s);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verify(authenticator, token), "user");
    const auto before = source->report().stale_serves;

    EXPECT_EQ(verify(authenticator, token), "user");
    EXPECT_EQ(verify(authenticator, token_by("known")), "user");

    EXPECT_EQ(source->report().stale_serves, before + 2);
}

TEST(GivenNoCache, NothingIsFound) {
    const auto source = std::make_shared<KeySource>(*KeySet::parse(keys_named({"known"}), {}), "static");
    const Authenticator authenticator(source, Policy(options()), nullptr);
    const std::string token = token_by("known");

    EXPECT_EQ(verify(authenticator, token), "user");
    EXPECT_EQ(cached(authenticator, token), "");
    EXPECT_EQ(authenticator.cache(), nullptr);
}

TEST(GivenATokenWithoutExpiry, ItIsFoundAtAnyTime) {
    PolicyOptions lenient = options();
    lenient.required_claims.clear();
    const Authenticator authenticator(std::make_shared<KeySource>(*KeySet::parse(keys_named({"known"}), {}), "static"),
                                      Policy(lenient), some_cache());
    const std::string token =
        KeyPair::of("P-256").token(support::algorithm("ES256"), header_for("known"),
                                   R"({"iss":"https://issuer.example/","aud":"api","sub":"user"})");

    EXPECT_EQ(verify(authenticator, token), "user");
    for (const double now : {-1e15, 0.0, 1e15}) EXPECT_EQ(cached(authenticator, token, Instant{Seconds{now}}), "user");
}

/// Many threads ask for good and bad tokens while the keys change under them.
TEST(GivenManyThreadsAndChangingKeys, VerdictsAreCorrect) {
    constexpr std::size_t threads = 4, rounds = 400, refreshes = 40;
    FakeClock clock;
    ScriptedIssuer issuer;
    for (std::size_t i = 0; i <= refreshes; ++i)
        issuer.then_sends(i % 2 == 0 ? keys_named({"known"}) : keys_named({"known", "new"}));
    const auto source = std::make_shared<KeySource>(kOptions, issuer.dependencies(clock));
    const Authenticator authenticator(source, Policy(options()), some_cache());
    std::vector<std::string> tokens;
    for (int i = 0; i < 50; ++i) tokens.push_back(token_by("known", "user " + std::to_string(i)));
    ASSERT_EQ(verify(authenticator, tokens[0]), "user 0");
    std::atomic<std::size_t> wrong{0};
    {
        std::vector<std::jthread> running;
        for (std::size_t thread = 0; thread < threads; ++thread)
            running.emplace_back([&, thread] {
                for (std::size_t round = 0; round < rounds; ++round) {
                    const std::size_t i = (round * 31 + thread) % tokens.size();
                    if (verify(authenticator, tokens[i]) != "user " + std::to_string(i)) ++wrong;
                    if (round % 8 == 0 && verify(authenticator, forged(tokens[i])) != "bad_signature") ++wrong;
                }
            });
        for (std::size_t i = 0; i < refreshes; ++i) EXPECT_FALSE(source->refresh());
    }
    EXPECT_EQ(wrong, 0U);
    EXPECT_GT(authenticator.cache()->report().hits, 0U);
}

/// One that trusts two issuers, each with a key of its own under the same name.
class GivenSeveralIssuers : public ::testing::Test {
  protected:
    std::shared_ptr<KeySource> open(const std::string& issuer) const {
        const KeyPair& pair = issuer == "https://issuer.example/" ? KeyPair::of("P-256") : other;
        return std::make_shared<KeySource>(*KeySet::parse(support::key_set_json({pair.jwk("a")}), {}), issuer);
    }
    std::string verdict(std::string_view token) {
        SubjectHost host;
        const Verdict verdict = authenticator.verify(token, kNow, WaitPolicy::until_deadline, host);
        used = verdict.source ? verdict.source->label() : "";
        return outcome_of(verdict, host);
    }
    std::string token(const KeyPair& signer, std::string_view claims) const {
        return signer.token(support::algorithm("ES256"), header_for("a"), claims);
    }

    const KeyPair other = KeyPair::generate("P-256");
    std::string used;  // the label of the latest verdict's source
    const Authenticator authenticator{
        std::make_shared<IssuerRegistry>(
            std::vector<std::string>{"https://issuer.example/", "https://other.example/"},
            std::vector<IssuerTemplate>{},
            IssuerRegistry::Dependencies{
                .open = [this](const std::string& issuer, const auto&, const auto&) { return open(issuer); },
                .now = [] { return Tick{}; },
                .random = [] { return 0.0; }}),
        [] {
            PolicyOptions all = options();
            all.issuers = std::nullopt;  // the registry's to say
            return Policy(all);
        }(),
        some_cache()};
};

TEST_F(GivenSeveralIssuers, EachTokenIsJudgedByItsIssuersKeys) {
    EXPECT_EQ(verdict(token(KeyPair::of("P-256"), claims_of("https://issuer.example/", "one"))), "one");
    EXPECT_EQ(used, "https://issuer.example/");
    EXPECT_EQ(verdict(token(other, claims_of("https://other.example/", "two"))), "two");
    EXPECT_EQ(used, "https://other.example/");
}

TEST_F(GivenSeveralIssuers, OneCannotSignForTheOther) {
    EXPECT_EQ(verdict(token(KeyPair::of("P-256"), claims_of("https://other.example/", "x"))), "bad_signature");
    EXPECT_EQ(verdict(token(other, claims_of("https://issuer.example/", "x"))), "bad_signature");
}

TEST_F(GivenSeveralIssuers, OtherIssuersAreRefused) {
    EXPECT_EQ(verdict(token(other, claims_of("https://evil.example/", "x"))), "wrong_issuer");
    EXPECT_EQ(verdict(token(other, claims_of("https://issuer.example", "x"))), "wrong_issuer");
    EXPECT_EQ(used, "");
}

TEST_F(GivenSeveralIssuers, EachTokenIsFoundWithItsIssuersSource) {
    const std::string one = token(KeyPair::of("P-256"), claims_of("https://issuer.example/", "one"));
    const std::string two = token(other, claims_of("https://other.example/", "two"));
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(verify(authenticator, one), "one");
        EXPECT_EQ(verify(authenticator, two), "two");
    }
    EXPECT_EQ(verdict_on(authenticator, one).source->label(), "https://issuer.example/");
    EXPECT_EQ(verdict_on(authenticator, two).source->label(), "https://other.example/");
    EXPECT_TRUE(verdict_on(authenticator, one).is_from_cache);
    EXPECT_EQ(verify(authenticator, token(other, claims_of("https://issuer.example/", "x"))), "bad_signature");
}

TEST_F(GivenSeveralIssuers, ATokenThatDoesNotNameOneIsRefused) {
    EXPECT_EQ(verdict(token(other, "{}")), "claim_missing");
    EXPECT_EQ(verdict_on(authenticator, token(other, "{}")).claim, "iss");
    EXPECT_EQ(verdict(token(other, R"({"iss":7})")), "claim_invalid");
    EXPECT_EQ(verdict(token(other, R"({"iss":"https://issuer.example/","iss":"https://other.example/"})")),
              "malformed");
    EXPECT_EQ(verdict(token(other, "not claims")), "malformed");
}

TEST_F(GivenSeveralIssuers, TheOtherChecksAreMadeAsWell) {
    EXPECT_EQ(verdict(token(other, R"({"iss":"https://other.example/","aud":"x","exp":1700000600})")),
              "wrong_audience");
    EXPECT_EQ(verdict(token(other, R"({"iss":"https://other.example/","aud":"api","exp":1600000000})")), "expired");
}

}  // namespace
}  // namespace authjwks
