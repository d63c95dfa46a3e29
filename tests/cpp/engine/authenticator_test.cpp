#include "engine/authenticator.hpp"

#include <latch>
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
    if (const auto* later = std::get_if<Later>(&verdict.outcome))
        return later->is_conclusive ? "waits" : "waits and asks again";
    const auto& claims = std::get<Result<json::Object>>(verdict.outcome);
    return claims ? std::string(*json::text_of(claims->at_key("sub").value()))
                  : std::string(describe(claims.error()).slug);
}

class GivenAColdAuthenticator : public ::testing::Test {
  protected:
    std::string verdict(std::string_view token, Patience patience = Patience::until_the_deadline) {
        const LentScratch scratch;
        return told(authenticator.authenticate(token, *scratch, kNow, patience));
    }
    std::size_t fetches() const { return issuer.calls().size(); }

    FakeClock clock;
    ScriptedIssuer issuer;
    const std::shared_ptr<KeySource> source = std::make_shared<KeySource>(kOptions, issuer.surroundings(clock));
    const Authenticator authenticator{source, Policy(options())};
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
    for (const Patience patience : {Patience::spent, Patience::none, Patience::until_the_deadline}) {
        EXPECT_EQ(verdict("nonsense", patience), "malformed");
        EXPECT_EQ(verdict(std::string(20'000, 'x'), patience), "too_long");
        EXPECT_EQ(verdict("eyJhbGciOiJub25lIn0.e30.AA", patience), "unsupported_alg");
    }
    EXPECT_EQ(fetches(), 0U);
    EXPECT_FALSE(source->report().refreshing);
}

TEST_F(GivenAColdAuthenticator, AVerdictTellsWhoseKeysItCameBy) {
    const LentScratch scratch;
    EXPECT_EQ(authenticator.authenticate("nonsense", *scratch, kNow, Patience::none).source, nullptr);
    EXPECT_EQ(authenticator.authenticate(token_by("known"), *scratch, kNow, Patience::none).source, source);
}

TEST_F(GivenAColdAuthenticator, WhoHasNoPatienceIsToldOnceTheSourceIsAttendedTo) {
    EXPECT_EQ(verdict(token_by("known"), Patience::none), "waits");
    EXPECT_EQ(fetches(), 0U);
    issuer.then_sends(keys_named({"known"}));
    source->attend();
    EXPECT_EQ(verdict(token_by("known"), Patience::spent), "user");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAColdAuthenticator, KeysThatWereWaitedForAreNotFetchedAgainForAnUnknownName) {
    EXPECT_EQ(verdict(token_by("unknown"), Patience::none), "waits");
    issuer.then_sends(keys_named({"known"}));
    source->attend();
    EXPECT_EQ(verdict(token_by("unknown"), Patience::spent), "unknown_key");
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
    for (const Patience patience : {Patience::spent, Patience::none, Patience::until_the_deadline})
        EXPECT_EQ(verdict(token_by("known"), patience), "user");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAWarmAuthenticator, ABadTokenOfAKnownKeyIsRefusedWithoutWaiting) {
    EXPECT_EQ(verdict(forged(token_by("known"))), "bad_signature");
    EXPECT_EQ(verdict(forged(token_by("known")), Patience::none), "bad_signature");
    const LentScratch scratch;
    EXPECT_EQ(told(authenticator.authenticate(token_by("known"), *scratch, kNow + Seconds{700}, Patience::none)),
              "expired");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAWarmAuthenticator, AnUnknownNameIsAskedForOnceAndFound) {
    issuer.then_sends(keys_named({"known", "new"}));

    EXPECT_EQ(verdict(token_by("new")), "user");

    EXPECT_EQ(fetches(), 2U);
    EXPECT_TRUE(issuer.calls()[1].no_cache);
    EXPECT_EQ(verdict(token_by("new"), Patience::none), "user");
}

TEST_F(GivenAWarmAuthenticator, AnUnknownNameIsAskedForOnceAndNotFound) {
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, WhoHasNoPatienceForAnUnknownNameIsToldAfterwards) {
    EXPECT_EQ(verdict(token_by("new"), Patience::none), "waits");
    issuer.then_sends(keys_named({"known", "new"}));
    source->attend();
    EXPECT_EQ(verdict(token_by("new"), Patience::spent), "user");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, WithinTheCooldownAnUnknownNameIsRefusedAtOnce) {
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");

    for (const std::string_view name : {"made up", "another", "and another"}) {
        EXPECT_EQ(verdict(token_by(name)), "unknown_key");
        EXPECT_EQ(verdict(token_by(name), Patience::none), "unknown_key");
    }
    EXPECT_EQ(fetches(), 2U);

    clock.advance(30s);
    EXPECT_EQ(verdict(token_by("another"), Patience::none), "waits");
}

TEST_F(GivenAWarmAuthenticator, WhileTheIssuerFailsAnUnknownNameIsNoFaultOfTheToken) {
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verdict(token_by("made up")), "keys_unavailable");
    EXPECT_EQ(verdict(token_by("made up"), Patience::none), "keys_unavailable");
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
    EXPECT_EQ(verdict(token_by("known"), Patience::none), "waits");
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, OldKeysServeWhileTheIssuerIsAway) {
    clock.advance(1000s);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verdict(token_by("known")), "user");
    EXPECT_EQ(verdict(token_by("known"), Patience::none), "user");
    EXPECT_EQ(verdict(token_by("unknown"), Patience::none), "keys_unavailable");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, WithPatienceOrWithoutTheVerdictIsTheSame) {
    for (const std::string& token :
         {token_by("known"), forged(token_by("known")), std::string("a.b"), std::string(20'000, 'x'), std::string()})
        EXPECT_EQ(verdict(token, Patience::none), verdict(token));
}

TEST(GivenFixedKeys, AnUnknownNameNeverWaits) {
    const auto source = std::make_shared<KeySource>(*KeySet::parse(keys_named({"known"}), {}), "static");
    const Authenticator authenticator(source, Policy(options()));
    const LentScratch scratch;

    EXPECT_EQ(told(authenticator.authenticate(token_by("known"), *scratch, kNow, Patience::none)), "user");
    for (const Patience patience : {Patience::spent, Patience::none, Patience::until_the_deadline})
        EXPECT_EQ(told(authenticator.authenticate(token_by("unknown"), *scratch, kNow, patience)), "unknown_key");
}

/// One that trusts two issuers, each with a key of its own under the same name.
class GivenSeveralIssuers : public ::testing::Test {
  protected:
    std::shared_ptr<KeySource> open(const std::string& issuer) const {
        const KeyPair& pair = issuer == "https://issuer.example/" ? KeyPair::of("P-256") : other;
        return std::make_shared<KeySource>(*KeySet::parse(support::key_set_json({pair.jwk("a")}), {}), issuer);
    }
    std::string verdict(std::string_view token) {
        const LentScratch scratch;
        const Verdict verdict = authenticator.authenticate(token, *scratch, kNow, Patience::until_the_deadline);
        used = verdict.source ? verdict.source->label() : "";
        return told(verdict);
    }
    std::string token(const KeyPair& signer, std::string_view claims) const {
        return signer.token(support::algorithm("ES256"), header_for("a"), claims);
    }

    const KeyPair other = KeyPair::generate("P-256");
    std::string used;  // the label of the latest verdict's source
    const Authenticator authenticator{
        std::make_shared<IssuerDirectory>(
            std::vector<std::string>{"https://issuer.example/", "https://other.example/"}, std::nullopt,
            [this](const std::string& issuer) { return open(issuer); }, [] { return Tick{}; }),
        [] {
            PolicyOptions all = options();
            all.issuers = std::nullopt;  // the directory's to say
            return Policy(all);
        }()};
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
