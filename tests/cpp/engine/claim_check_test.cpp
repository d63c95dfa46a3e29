#include "engine/claim_check.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/key_pair.hpp"
#include "support/subject_host.hpp"

namespace authjwks {
namespace {

using support::KeyPair;
using support::SubjectHost;

constexpr Instant kNow{Seconds{1'700'000'000}};

/// Refuses tokens by issuer and `jti`, and lists what it is asked about.
class RevokedIds : public ClaimCheck {
  public:
    explicit RevokedIds(Errc reason = Errc::revoked) : reason_(reason) {}

    void revoke(std::string_view issuer, std::string_view id) {
        const std::scoped_lock lock(mutex_);
        revoked_.emplace(issuer, id);
    }
    std::size_t calls() const {
        const std::scoped_lock lock(mutex_);
        return calls_;
    }

    std::optional<Errc> refuse(const CheckedClaims& claims, Instant now) const override {
        const std::scoped_lock lock(mutex_);
        ++calls_;
        EXPECT_EQ(now, kNow);
        const auto id = std::pair(std::string(claims.issuer.value_or("")), std::string(claims.jwt_id.value_or("")));
        return revoked_.contains(id) ? std::optional(reason_) : std::nullopt;
    }

  private:
    Errc reason_;
    mutable std::mutex mutex_;  // guards all below
    mutable std::size_t calls_ = 0;
    std::set<std::pair<std::string, std::string>> revoked_;
};

std::string token_with(std::string_view claims) {
    return KeyPair::of("P-256").token(support::algorithm("ES256"), R"({"alg":"ES256","kid":"a"})", claims);
}

std::string token_of(std::string_view issuer, std::string_view id) {
    return token_with(R"({"iss":")" + std::string(issuer) + R"(","sub":"user","jti":")" + std::string(id) + "\"}");
}

std::shared_ptr<KeySource> source() {
    return std::make_shared<KeySource>(*KeySet::parse(support::key_set_json({KeyPair::of("P-256").jwk("a")}), {}), "");
}

std::unique_ptr<TokenCache> cache() {
    return std::make_unique<TokenCache>(TokenCache::Limits{std::size_t{1} << 20, 100});
}

Verdict verify(const Authenticator& authenticator, std::string_view token) {
    SubjectHost host;
    return authenticator.verify(token, kNow, WaitPolicy::never, host);
}

std::string outcome(const Authenticator& authenticator, std::string_view token) {
    SubjectHost host;
    return support::outcome_of(authenticator.verify(token, kNow, WaitPolicy::never, host), host);
}

Policy policy() { return Policy({.algorithms = {"ES256"}}); }

class ClaimCheckTest : public ::testing::Test {
  protected:
    const std::shared_ptr<RevokedIds> first = std::make_shared<RevokedIds>();
    const std::shared_ptr<RevokedIds> second = std::make_shared<RevokedIds>(Errc::keys_unavailable);
    const Authenticator authenticator{source(), policy(), cache(), {first, second}};
    const std::string token = token_of("https://one.example/", "1");
};

TEST_F(ClaimCheckTest, AskedForEachAcceptedTokenCachedOrNot) {
    EXPECT_EQ(outcome(authenticator, token), "user");
    EXPECT_EQ(first->calls(), 1U);
    EXPECT_TRUE(verify(authenticator, token).is_from_cache);
    EXPECT_EQ(first->calls(), 2U);
    EXPECT_EQ(second->calls(), 2U);
}

TEST_F(ClaimCheckTest, NotAskedForARefusedToken) {
    EXPECT_EQ(outcome(authenticator, "nonsense"), "malformed");
    EXPECT_EQ(outcome(authenticator, token_with(R"({"sub":"user","exp":1})")), "expired");
    EXPECT_EQ(first->calls(), 0U);
}

TEST_F(ClaimCheckTest, RevokedTokenIsNeitherDeliveredNorCached) {
    first->revoke("https://one.example/", "1");
    SubjectHost host;
    const Verdict verdict = authenticator.verify(token, kNow, WaitPolicy::never, host);
    EXPECT_EQ(support::outcome_of(verdict, host), "revoked");
    EXPECT_EQ(host.subject, "nothing was delivered");
    EXPECT_EQ(authenticator.cache()->report().entries, 0U);
}

TEST_F(ClaimCheckTest, CachedTokenIsRefusedAtTheFirstCallAfterItIsRevoked) {
    ASSERT_EQ(outcome(authenticator, token), "user");
    first->revoke("https://one.example/", "1");

    SubjectHost host;
    const Verdict verdict = authenticator.verify(token, kNow, WaitPolicy::never, host);

    EXPECT_EQ(support::outcome_of(verdict, host), "revoked");
    EXPECT_TRUE(verdict.is_from_cache);
    EXPECT_EQ(verdict.source.share(), verify(authenticator, token).source.share());
    EXPECT_EQ(host.subject, "nothing was delivered");
}

TEST_F(ClaimCheckTest, FirstCheckThatRefusesDecides) {
    second->revoke("https://one.example/", "1");
    EXPECT_EQ(outcome(authenticator, token), "keys_unavailable");
    first->revoke("https://one.example/", "1");
    EXPECT_EQ(outcome(authenticator, token), "revoked");
    EXPECT_EQ(second->calls(), 1U);
}

TEST_F(ClaimCheckTest, SameIdOfAnotherIssuerIsAnotherToken) {
    const std::string other = token_of("https://two.example/", "1");
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(outcome(authenticator, token), time == 0 ? "user" : "revoked");
        EXPECT_EQ(outcome(authenticator, other), "user");
        first->revoke("https://one.example/", "1");
    }
}

TEST_F(ClaimCheckTest, CachedTokenOfSeveralIssuersIsChecked) {
    const auto open = [](const std::string&, const auto&, const auto&) { return source(); };
    const auto registry = std::make_shared<IssuerRegistry>(
        std::vector<std::string>{"https://one.example/", "https://two.example/"}, std::vector<IssuerTemplate>{},
        IssuerRegistry::Dependencies{.open = open, .now = [] { return Tick{}; }, .random = [] { return 0.0; }});
    const Authenticator several(registry, policy(), cache(), {first});
    const std::string other = token_of("https://two.example/", "1");
    ASSERT_EQ(outcome(several, token) + outcome(several, other), "useruser");
    first->revoke("https://two.example/", "1");
    EXPECT_EQ(outcome(several, token), "user");
    EXPECT_EQ(outcome(several, other), "revoked");
}

TEST_F(ClaimCheckTest, CacheCountsTheClaimsOfChecks) {
    const Authenticator without(source(), policy(), cache());
    const std::string longer = token_of("https://one.example/" + std::string(1000, 'x'), "1");
    ASSERT_EQ(outcome(authenticator, longer) + outcome(without, longer), "useruser");
    const auto more = authenticator.cache()->report().bytes - without.cache()->report().bytes;
    EXPECT_GE(more, 1021U);
    EXPECT_LE(more, 1021U + 400U);
}

json::Object parse(json::Document& document, std::string_view text) {
    return *json::as<json::Object>(*document.parse(text));
}

TEST(CheckedClaims, AreReadByName) {
    json::Document document(32);
    const auto claims = CheckedClaims::of(
        parse(document, R"({"iss":"i","jti":"j","sub":"s","tid":"t","iat":1.5,"aud":"a","sid":"x","exp":9})"));
    EXPECT_EQ(claims.issuer, "i");
    EXPECT_EQ(claims.jwt_id, "j");
    EXPECT_EQ(claims.subject, "s");
    EXPECT_EQ(claims.tenant, "t");
    EXPECT_EQ(claims.issued_at, Instant{Seconds{1.5}});
}

TEST(CheckedClaims, OfAnotherTypeOrMissingAreNone) {
    json::Document document(32);
    for (const std::string_view text : {"{}", R"({"iss":1,"jti":null,"sub":[],"tid":{},"iat":"1"})"}) {
        const auto claims = CheckedClaims::of(parse(document, text));
        EXPECT_FALSE(claims.issuer || claims.jwt_id || claims.subject || claims.tenant || claims.issued_at) << text;
    }
}

TEST(CachedCheckedClaims, OutliveTheDocument) {
    std::unique_ptr<const CachedCheckedClaims> cached;
    {
        json::Document document(32);
        cached = std::make_unique<const CachedCheckedClaims>(
            CheckedClaims::of(parse(document, R"({"iss":"issuer","jti":"","tid":"tenant","iat":7})")));
    }
    EXPECT_EQ(cached->view().issuer, "issuer");
    EXPECT_EQ(cached->view().jwt_id, "");
    EXPECT_EQ(cached->view().subject, std::nullopt);
    EXPECT_EQ(cached->view().tenant, "tenant");
    EXPECT_EQ(cached->view().issued_at, Instant{Seconds{7}});
}

}  // namespace
}  // namespace authjwks
