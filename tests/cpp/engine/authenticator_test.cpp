#include "engine/authenticator.hpp"

#include <latch>
#include <memory>
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
using support::key_set_json;
using support::KeyPair;
using support::ScriptedIssuer;
using support::to_json;
using namespace std::chrono_literals;

constexpr Instant kNow{Seconds{1'700'000'000}};

Policy policy() {
    return Policy({.issuers = {{"https://issuer.example/"}},
                   .audiences = {{"api"}},
                   .token_types = {{"", "JWT"}},
                   .algorithms = {"ES256"},
                   .required_claims = {"exp"}});
}

/// A key set with the shared key under each of these names.
std::string keys_named(std::initializer_list<std::string_view> names) {
    std::string text = R"({"keys":[)";
    for (const std::string_view name : names)
        text.append(text.ends_with('[') ? "" : ",").append(to_json(KeyPair::of("P-256").jwk(name)));
    return text + "]}";
}

/// A good token, signed by the shared key under that name.
std::string token_by(std::string_view key_id, std::string_view subject = "user") {
    return KeyPair::of("P-256").token(support::algorithm("ES256"), R"({"alg":"ES256","kid":")" + std::string(key_id) + "\"}",
                                      R"({"iss":"https://issuer.example/","aud":"api","exp":1700000600,"sub":")" +
                                          std::string(subject) + "\"}");
}

/// The subject, or the slug of the refusal.
std::string told(const Result<json::Object>& verdict) {
    return verdict ? std::string(*json::text_of(verdict->at_key("sub").value()))
                   : std::string(describe(verdict.error()).slug);
}

class GivenAColdAuthenticator : public ::testing::Test {
  protected:
    std::string verdict(std::string_view token) {
        const LentScratch scratch;
        return told(authenticator.authenticate(token, *scratch, kNow));
    }
    /// As verdict(), or "waits" where there would be none without waiting.
    std::string warm_verdict(std::string_view token) {
        const LentScratch scratch;
        const auto verdict = authenticator.authenticate_warm(token, *scratch, kNow);
        return verdict ? told(*verdict) : "waits";
    }
    std::size_t fetches() const { return issuer.calls().size(); }

    FakeClock clock;
    ScriptedIssuer issuer;
    Authenticator authenticator{
        std::make_shared<KeySource>(KeyOptions{.ttl = 900s, .max_stale = 3600s, .cooldown = 30s, .timeout = 5s},
                                    issuer.surroundings(clock)),
        policy()};
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
    EXPECT_EQ(verdict("nonsense"), "malformed");
    EXPECT_EQ(verdict(std::string(20'000, 'x')), "too_long");
    EXPECT_EQ(verdict("eyJhbGciOiJub25lIn0.e30.AA"), "unsupported_alg");
    EXPECT_EQ(warm_verdict("nonsense"), "malformed");
    EXPECT_EQ(warm_verdict("eyJhbGciOiJub25lIn0.e30.AA"), "unsupported_alg");
    EXPECT_EQ(fetches(), 0U);
}

TEST_F(GivenAColdAuthenticator, TheWarmPathLeavesTheFetchToOthers) {
    EXPECT_EQ(warm_verdict(token_by("known")), "waits");
    EXPECT_EQ(fetches(), 0U);
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
    EXPECT_EQ(verdict(token_by("known")), "user");
    EXPECT_EQ(warm_verdict(token_by("known")), "user");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAWarmAuthenticator, ABadTokenOfAKnownKeyIsRefusedWithoutWaiting) {
    std::string forged = token_by("known");
    forged.replace(forged.rfind('.') + 1, 4, "AAAA");
    EXPECT_EQ(verdict(forged), "bad_signature");
    EXPECT_EQ(warm_verdict(forged), "bad_signature");
    const LentScratch scratch;
    EXPECT_EQ(told(authenticator.authenticate(token_by("known"), *scratch, kNow + Seconds{700})), "expired");
    EXPECT_EQ(fetches(), 1U);
}

TEST_F(GivenAWarmAuthenticator, AnUnknownNameIsAskedForOnceAndFound) {
    EXPECT_EQ(warm_verdict(token_by("new")), "waits");
    issuer.then_sends(keys_named({"known", "new"}));

    EXPECT_EQ(verdict(token_by("new")), "user");

    EXPECT_EQ(fetches(), 2U);
    EXPECT_TRUE(issuer.calls()[1].no_cache);
    EXPECT_EQ(warm_verdict(token_by("new")), "user");
}

TEST_F(GivenAWarmAuthenticator, AnUnknownNameIsAskedForOnceAndNotFound) {
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, WithinTheCooldownAnUnknownNameIsRefusedAtOnce) {
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");

    for (const std::string_view name : {"made up", "another", "and another"}) {
        EXPECT_EQ(verdict(token_by(name)), "unknown_key");
        EXPECT_EQ(warm_verdict(token_by(name)), "unknown_key");
    }
    EXPECT_EQ(fetches(), 2U);

    clock.advance(30s);
    EXPECT_EQ(warm_verdict(token_by("another")), "waits");
}

TEST_F(GivenAWarmAuthenticator, AnUnknownNameIsRefusedWhereTheIssuerDoesNotAnswer) {
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    EXPECT_EQ(verdict(token_by("known")), "user") << "known keys go on serving";
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, AKeyThatWasWithdrawnRefusesItsTokens) {
    issuer.then_sends(keys_named({"new"}));
    EXPECT_EQ(verdict(token_by("new")), "user");
    EXPECT_EQ(verdict(token_by("known")), "unknown_key");
}

TEST_F(GivenAWarmAuthenticator, KeysPastTheirTtlAreFetchedOnceEvenForAnUnknownName) {
    clock.advance(900s);
    EXPECT_EQ(warm_verdict(token_by("known")), "waits");
    issuer.then_sends(keys_named({"known"}));
    EXPECT_EQ(verdict(token_by("made up")), "unknown_key");
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, OldKeysServeWhileTheIssuerIsAway) {
    clock.advance(900s);
    issuer.then_fails(FetchFault::unreachable);
    EXPECT_EQ(verdict(token_by("known")), "user");
    EXPECT_EQ(warm_verdict(token_by("known")), "user");
    EXPECT_EQ(warm_verdict(token_by("unknown")), "unknown_key") << "no use in waiting during a back-off";
    EXPECT_EQ(fetches(), 2U);
}

TEST_F(GivenAWarmAuthenticator, BothPathsSayTheSame) {
    std::string forged = token_by("known");
    forged.replace(forged.rfind('.') + 1, 4, "AAAA");
    for (const std::string& token : {token_by("known"), forged, std::string("a.b"), std::string(20'000, 'x'), std::string()})
        EXPECT_EQ(warm_verdict(token), verdict(token));
}

TEST_F(GivenAColdAuthenticator, ItTellsItsSource) {
    EXPECT_EQ(authenticator.source().report().state, SourceState::cold);
}

TEST(GivenFixedKeys, AnUnknownNameNeverWaits) {
    const Authenticator authenticator(std::make_shared<KeySource>(*KeySet::parse(keys_named({"known"}), {})), policy());
    const LentScratch scratch;

    EXPECT_EQ(told(*authenticator.authenticate_warm(token_by("known"), *scratch, kNow)), "user");
    EXPECT_EQ(told(*authenticator.authenticate_warm(token_by("unknown"), *scratch, kNow)), "unknown_key");
    EXPECT_EQ(told(authenticator.authenticate(token_by("unknown"), *scratch, kNow)), "unknown_key");
}

}  // namespace
}  // namespace authjwks
