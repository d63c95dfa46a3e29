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
#include <vector>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/key_pair.hpp"
#include "support/scripted_issuer.hpp"

namespace authjwks {
namespace {

using support::FakeClock;
using support::KeyPair;
using support::ScriptedIssuer;
using support::to_json;
using namespace std::chrono_literals;

constexpr Instant kNow{Seconds{1'700'000'000}};
constexpr KeyOptions kOptions{.ttl = 1000s, .max_stale = 3600s, .cooldown = 30s, .timeout = 5s};

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

/// The subject, the slug of the refusal, or who has to wait for what.
std::string told(const Verdict& verdict) {
    if (const auto* pending = std::get_if<Pending>(&verdict.outcome))
        return pending->is_conclusive ? "waits" : "waits and asks again";
    const auto& accepted = std::get<Result<Accepted>>(verdict.outcome);
    return accepted ? std::string(*json::text_of(accepted->claims.at_key("sub").value()))
                    : std::string(describe(accepted.error()).slug);
}

class GivenAColdAuthenticator : public ::testing::Test {
  protected:
    std::string verdict(std::string_view token, WaitPolicy wait = WaitPolicy::until_deadline) {
        const ScratchLease scratch;
        return told(authenticator.authenticate(token, *scratch, kNow, wait));
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

TEST_F(GivenAColdAuthenticator, KeysThatThisCallFetchedAreNotFetchedAgainForAnUnknownName) {
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

TEST_F(GivenAColdAuthenticator, AVerdictTellsWhoseKeysItCameBy) {
    const ScratchLease scratch;
    EXPECT_EQ(authenticator.authenticate("nonsense", *scratch, kNow, WaitPolicy::never).source, nullptr);
    EXPECT_EQ(authenticator.authenticate(token_by("known"), *scratch, kNow, WaitPolicy::never).source, source);
}

TEST_F(GivenAColdAuthenticator, WhoHasNoPatienceIsToldOnceTheSourceIsAttendedTo) {
    EXPECT_EQ(verdict(token_by("known"), WaitPolicy::never), "waits");
    EXPECT_EQ(fetches(), 0U);
    issuer.then_sends(keys_named({"known"}));
    source->wait();
    EXPECT_EQ(verdict(token_by("known"), WaitPolicy::no_fetch), "user");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdAuthenticator, KeysThatWereWaitedForAreNotFetchedAgainForAnUnknownName) {
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
    const ScratchLease scratch;
    EXPECT_EQ(told(authenticator.authenticate(token_by("known"), *scratch, kNow + Seconds{700}, WaitPolicy::never)),
              "expired");
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

TEST_F(GivenAWarmAuthenticator, WhoHasNoPatienceForAnUnknownNameIsToldAfterwards) {
    EXPECT_EQ(verdict(token_by("new"), WaitPolicy::never), "waits");
    issuer.then_sends(keys_named({"known", "new"}));
    source->wait();
    EXPECT_EQ(verdict(token_by("new"), WaitPolicy::no_fetch), "user");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, WithinTheCooldownAnUnknownNameIsRefusedAtOnce) {
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");

    for (const std::string_view name : {"made up", "another", "and another"}) {
        EXPECT_EQ(verdict(token_by(name)), "unknown_key");
        EXPECT_EQ(verdict(token_by(name), WaitPolicy::never), "unknown_key");
    }
    EXPECT_EQ(fetches(), 2U);

    clock.advance(30s);
    EXPECT_EQ(verdict(token_by("another"), WaitPolicy::never), "waits");
}

TEST_F(GivenAWarmAuthenticator, WhileTheIssuerFailsAnUnknownNameIsNoFaultOfTheToken) {
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verdict(token_by("made up")), "keys_unavailable");
    EXPECT_EQ(verdict(token_by("made up"), WaitPolicy::never), "keys_unavailable");
    EXPECT_EQ(verdict(token_by("known")), "user") << "known keys go on serving";
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, AKeyThatWasWithdrawnRefusesItsTokens) {
    issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(verdict(token_by("new")), "user");
    EXPECT_EQ(verdict(token_by("known")), "unknown_key");
}

TEST_F(GivenAWarmAuthenticator, KeysPastTheirTtlAreFetchedOnceEvenForAnUnknownName) {
    clock.advance(1000s);
    EXPECT_EQ(verdict(token_by("known"), WaitPolicy::never), "waits");
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, OldKeysServeWhileTheIssuerIsAway) {
    clock.advance(1000s);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verdict(token_by("known")), "user");
    EXPECT_EQ(verdict(token_by("known"), WaitPolicy::never), "user");
    EXPECT_EQ(verdict(token_by("unknown"), WaitPolicy::never), "keys_unavailable");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, WithPatienceOrWithoutTheVerdictIsTheSame) {
    for (const std::string& token :
         {token_by("known"), forged(token_by("known")), std::string("a.b"), std::string(20'000, 'x'), std::string()})
        EXPECT_EQ(verdict(token, WaitPolicy::never), verdict(token));
}

TEST(GivenFixedKeys, AnUnknownNameNeverWaits) {
    const auto source = std::make_shared<KeySource>(*KeySet::parse(keys_named({"known"}), {}), "static");
    const Authenticator authenticator(source, Policy(options()), nullptr);
    const ScratchLease scratch;

    EXPECT_EQ(told(authenticator.authenticate(token_by("known"), *scratch, kNow, WaitPolicy::never)), "user");
    for (const WaitPolicy wait : {WaitPolicy::no_fetch, WaitPolicy::never, WaitPolicy::until_deadline})
        EXPECT_EQ(told(authenticator.authenticate(token_by("unknown"), *scratch, kNow, wait)), "unknown_key");
}

/// What a test keeps of claims: their subject.
struct CachedSubject : CachedClaims {
    explicit CachedSubject(std::string_view text) : subject(text) {}
    std::size_t bytes() const noexcept override { return subject.size(); }

    std::string subject;
};

/// The subject that is recalled of a token, or "" when it has to be judged anew.
std::string recalled(const Authenticator& authenticator, std::string_view token, Instant now = kNow) {
    const auto known = authenticator.recall(token, now);
    return known ? static_cast<const CachedSubject&>(*known->token->claims).subject : "";
}

/// What a caller of both gets, and what it costs: a subject is recalled, or the token is judged and remembered if it
/// passed. @return as told().
std::string asked(const Authenticator& authenticator, std::string_view token, Instant now = kNow) {
    if (auto subject = recalled(authenticator, token, now); !subject.empty()) return subject;
    const ScratchLease scratch;
    const Verdict verdict = authenticator.authenticate(token, *scratch, now, WaitPolicy::until_deadline);
    const std::string said = told(verdict);
    const auto* const accepted = std::get_if<Result<Accepted>>(&verdict.outcome);
    if (accepted != nullptr && *accepted)
        authenticator.remember(token, verdict, std::make_unique<const CachedSubject>(said));
    return said;
}

std::unique_ptr<TokenCache> some_cache() {
    return std::make_unique<TokenCache>(TokenCache::Limits{std::size_t{1} << 20, 100});
}

/// One with a cache, that has accepted a token just now.
class GivenARememberedToken : public ::testing::Test {
  protected:
    GivenARememberedToken() {
        issuer.then_sends(keys_named({"known"}));
        if (asked(authenticator, token) != "user") throw std::runtime_error("the token was not accepted");
    }
    std::size_t fetches() const { return issuer.calls().size(); }

    FakeClock clock;
    ScriptedIssuer issuer;
    const std::shared_ptr<KeySource> source = std::make_shared<KeySource>(kOptions, issuer.dependencies(clock));
    const Authenticator authenticator{source, Policy(options()), some_cache()};
    const std::string token = token_by("known");
};

TEST_F(GivenARememberedToken, ItIsRecalledWithTheSourceOfItsKeys) {
    const auto known = authenticator.recall(token, kNow);
    ASSERT_TRUE(known);
    EXPECT_EQ(known->source, source);
    EXPECT_EQ(known->token->token, token);
    EXPECT_EQ(authenticator.cache()->report().hits, 1U);
    EXPECT_EQ(authenticator.cache()->report().misses, 1U) << "before it was judged";
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenARememberedToken, AnotherIsNotRecalled) {
    EXPECT_EQ(recalled(authenticator, forged(token)), "");
    EXPECT_EQ(recalled(authenticator, token_by("known", "user")), "") << "ECDSA signs differently each time";
    EXPECT_EQ(recalled(authenticator, token.substr(0, token.size() - 1)), "");
    EXPECT_EQ(recalled(authenticator, ""), "");
    EXPECT_EQ(recalled(authenticator, "nonsense"), "");
    EXPECT_EQ(authenticator.cache()->report().misses, 6U);
}

TEST_F(GivenARememberedToken, WhatWasRefusedIsNotRemembered) {
    for (const std::string& bad : {forged(token), token_by("known", "user", "https://other.example/")}) {
        const std::string refusal = asked(authenticator, bad);
        EXPECT_EQ(asked(authenticator, bad), refusal);
        EXPECT_EQ(recalled(authenticator, bad), "");
    }
    EXPECT_EQ(authenticator.cache()->report().entries, 1U);
}

TEST_F(GivenARememberedToken, ItExpiresAtItsTime) {
    const Instant death = Instant{Seconds{1'700'000'600}} + options().leeway;
    EXPECT_EQ(recalled(authenticator, token, Instant{Seconds{std::nextafter(death.time_since_epoch().count(), 0)}}),
              "user");
    EXPECT_EQ(recalled(authenticator, token, death), "");
    EXPECT_EQ(asked(authenticator, token, death), "expired");
    EXPECT_EQ(authenticator.cache()->report().entries, 0U) << "who sends it again cannot keep its place";
    EXPECT_EQ(asked(authenticator, token, kNow), "user") << "should the clock be put right again";
}

TEST_F(GivenARememberedToken, ItIsNotRecalledBeforeItsTime) {
    const std::string early = KeyPair::of("P-256").token(
        support::algorithm("ES256"), header_for("known"),
        R"({"iss":"https://issuer.example/","aud":"api","exp":1700000600,"nbf":1699999900,"sub":"user"})");
    EXPECT_EQ(asked(authenticator, early), "user");

    const Instant birth = Instant{Seconds{1'699'999'900}} - options().leeway;
    EXPECT_EQ(recalled(authenticator, early, birth), "user");
    EXPECT_EQ(recalled(authenticator, early, birth - Seconds{0.001}), "");
    EXPECT_EQ(asked(authenticator, early, birth - Seconds{0.001}), "not_yet_valid");
}

TEST_F(GivenARememberedToken, NoTimeThatIsNoneLetsItPass) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    for (const double none : {std::numeric_limits<double>::quiet_NaN(), infinite, -infinite})
        EXPECT_EQ(recalled(authenticator, token, Instant{Seconds{none}}), "") << none;
}

TEST_F(GivenARememberedToken, ItGoesWithItsKey) {
    issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(source->refresh(), std::nullopt);

    EXPECT_EQ(recalled(authenticator, token), "");
    issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(asked(authenticator, token), "unknown_key");
}

TEST_F(GivenARememberedToken, ItIsJudgedAnewWhenItsKeysNameStandsForAnotherKey) {
    const KeyPair other = KeyPair::generate("P-256");
    issuer.then_sends(support::key_set_json({other.jwk("known")}));
    EXPECT_EQ(source->refresh(), std::nullopt);

    EXPECT_EQ(recalled(authenticator, token), "");
    EXPECT_EQ(asked(authenticator, token), "bad_signature");
}

TEST_F(GivenARememberedToken, AnotherSetWithTheSameKeyHasItJudgedOnceMore) {
    issuer.then_sends(keys_named({"known", "new"}));
    EXPECT_EQ(source->refresh(), std::nullopt);

    EXPECT_EQ(recalled(authenticator, token), "");
    EXPECT_EQ(asked(authenticator, token), "user");
    EXPECT_EQ(recalled(authenticator, token), "user");
    EXPECT_EQ(authenticator.cache()->report().entries, 1U);
}

TEST_F(GivenARememberedToken, AnIssuerWithNothingNewLeavesItAlone) {
    issuer.then_sends_nothing_new();
    EXPECT_EQ(source->refresh(), std::nullopt);
    EXPECT_EQ(recalled(authenticator, token), "user");
}

TEST_F(GivenARememberedToken, AnIssuerThatFailsLeavesItAloneForAsLongAsItsKeysMayServe) {
    clock.advance(1000s);
    EXPECT_EQ(recalled(authenticator, token), "") << "past the ttl the issuer is asked first";
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(asked(authenticator, token), "user");
    EXPECT_EQ(recalled(authenticator, token), "user") << "stale keys serve";

    clock.advance(3600s);
    EXPECT_EQ(recalled(authenticator, token), "");
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(asked(authenticator, token), "keys_unavailable");
}

TEST_F(GivenARememberedToken, KeysThatCameBackAfterAnOutageDecide) {
    clock.advance(10'000s);
    issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(asked(authenticator, token), "unknown_key");
    EXPECT_EQ(recalled(authenticator, token), "");
}

TEST_F(GivenARememberedToken, AnotherPolicyOverTheSameKeysKnowsNothingOfIt) {
    PolicyOptions others = options();
    others.audiences = {{"another api"}};
    const Authenticator other(source, Policy(others), some_cache());
    EXPECT_EQ(recalled(other, token), "");
    EXPECT_EQ(asked(other, token), "wrong_audience");
    EXPECT_EQ(recalled(authenticator, token), "user");
}

TEST_F(GivenARememberedToken, StaleServicesAreCountedOncePerToken) {
    clock.advance(1000s);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(asked(authenticator, token), "user");
    const auto before = source->report().stale_serves;

    EXPECT_EQ(asked(authenticator, token), "user");
    EXPECT_EQ(asked(authenticator, token_by("known")), "user");

    EXPECT_EQ(source->report().stale_serves, before + 2);
}

TEST(GivenNoCache, NothingIsRecalled) {
    const auto source = std::make_shared<KeySource>(*KeySet::parse(keys_named({"known"}), {}), "static");
    const Authenticator authenticator(source, Policy(options()), nullptr);
    const std::string token = token_by("known");

    EXPECT_EQ(asked(authenticator, token), "user");
    EXPECT_EQ(recalled(authenticator, token), "");
    EXPECT_EQ(authenticator.cache(), nullptr);
}

TEST(GivenATokenWithoutExpiry, ItIsRecalledForever) {
    PolicyOptions lenient = options();
    lenient.required_claims.clear();
    const Authenticator authenticator(std::make_shared<KeySource>(*KeySet::parse(keys_named({"known"}), {}), "static"),
                                      Policy(lenient), some_cache());
    const std::string token =
        KeyPair::of("P-256").token(support::algorithm("ES256"), header_for("known"),
                                   R"({"iss":"https://issuer.example/","aud":"api","sub":"user"})");

    EXPECT_EQ(asked(authenticator, token), "user");
    for (const double now : {-1e15, 0.0, 1e15})
        EXPECT_EQ(recalled(authenticator, token, Instant{Seconds{now}}), "user");
}

/// Many threads ask for good and bad tokens while the keys change under them.
TEST(GivenKeysThatChangeUnderManyThreads, NoForgedTokenPassesAndNoGoodOneIsRefused) {
    constexpr std::size_t threads = 4, rounds = 400, refreshes = 40;
    FakeClock clock;
    ScriptedIssuer issuer;
    for (std::size_t i = 0; i <= refreshes; ++i)
        issuer.then_sends(i % 2 == 0 ? keys_named({"known"}) : keys_named({"known", "new"}));
    const auto source = std::make_shared<KeySource>(kOptions, issuer.dependencies(clock));
    const Authenticator authenticator(source, Policy(options()), some_cache());
    std::vector<std::string> tokens;
    for (int i = 0; i < 50; ++i) tokens.push_back(token_by("known", "user " + std::to_string(i)));
    ASSERT_EQ(asked(authenticator, tokens[0]), "user 0");
    std::atomic<std::size_t> wrong{0};
    {
        std::vector<std::jthread> running;
        for (std::size_t thread = 0; thread < threads; ++thread)
            running.emplace_back([&, thread] {
                for (std::size_t round = 0; round < rounds; ++round) {
                    const std::size_t i = (round * 31 + thread) % tokens.size();
                    if (asked(authenticator, tokens[i]) != "user " + std::to_string(i)) ++wrong;
                    if (round % 8 == 0 && asked(authenticator, forged(tokens[i])) != "bad_signature") ++wrong;
                }
            });
        for (std::size_t i = 0; i < refreshes; ++i) EXPECT_EQ(source->refresh(), std::nullopt);
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
        const ScratchLease scratch;
        const Verdict verdict = authenticator.authenticate(token, *scratch, kNow, WaitPolicy::until_deadline);
        used = verdict.source ? verdict.source->label() : "";
        return told(verdict);
    }
    std::string token(const KeyPair& signer, std::string_view claims) const {
        return signer.token(support::algorithm("ES256"), header_for("a"), claims);
    }

    const KeyPair other = KeyPair::generate("P-256");
    std::string used;  // the label of the latest verdict's source
    const Authenticator authenticator{
        std::make_shared<IssuerRegistry>(
            std::vector<std::string>{"https://issuer.example/", "https://other.example/"}, std::nullopt,
            IssuerRegistry::Dependencies{.open = [this](const std::string& issuer) { return open(issuer); },
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

TEST_F(GivenSeveralIssuers, AnyoneElseIsRefused) {
    EXPECT_EQ(verdict(token(other, claims_of("https://evil.example/", "x"))), "wrong_issuer");
    EXPECT_EQ(verdict(token(other, claims_of("https://issuer.example", "x"))), "wrong_issuer");
    EXPECT_EQ(used, "");
}

TEST_F(GivenSeveralIssuers, EachTokenIsRecalledWithItsIssuersKeys) {
    const std::string one = token(KeyPair::of("P-256"), claims_of("https://issuer.example/", "one"));
    const std::string two = token(other, claims_of("https://other.example/", "two"));
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(asked(authenticator, one), "one");
        EXPECT_EQ(asked(authenticator, two), "two");
    }
    EXPECT_EQ(authenticator.recall(one, kNow)->source->label(), "https://issuer.example/");
    EXPECT_EQ(authenticator.recall(two, kNow)->source->label(), "https://other.example/");
    EXPECT_EQ(asked(authenticator, token(other, claims_of("https://issuer.example/", "x"))), "bad_signature");
}

TEST_F(GivenSeveralIssuers, ATokenThatDoesNotNameOneIsRefused) {
    EXPECT_EQ(verdict(token(other, "{}")), "claim_missing");
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
