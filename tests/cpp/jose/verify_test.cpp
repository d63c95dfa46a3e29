#include "jose/verify.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "support/key_pair.hpp"

namespace authjwks {
namespace {

using support::algorithm;
using support::key_set_json;
using support::KeyPair;

constexpr std::string_view kGoodClaims =
    R"({"iss":"https://issuer.example/","aud":"api","exp":1700000600,"sub":"user"})";
constexpr Instant kNow{Seconds{1'700'000'000}};

PolicyOptions options() {
    PolicyOptions all{.issuers = {{"https://issuer.example/"}},
                      .audiences = {{"api"}},
                      .token_types = {{"", "JWT"}},
                      .required_claims = {"exp"}};
    for (const Algorithm& row : kAlgorithms) all.algorithms.emplace_back(row.name);
    return all;
}

/// Takes one token from its text to the verdict.
class Judgement {
  public:
    Judgement(std::string token, const KeySet& keys, const Policy& policy, Instant now = kNow)
        : token_(std::move(token)), verdict_(judge_text(keys, policy, now)) {}

    /// The reason against the token as a word, or "" for none.
    std::string_view refusal() const { return verdict_ ? "" : describe(verdict_.error().code).slug; }
    /// The claim because of which it is refused.
    std::string_view claim() const { return verdict_.error().claim; }
    const json::Object& claims() const { return verdict_->claims; }

  private:
    Result<Accepted, Refusal> judge_text(const KeySet& keys, const Policy& policy, Instant now) {
        const auto parsed = read_token(token_, policy, scratch_);
        if (!parsed) return Refusal(parsed.error());
        return judge(*parsed, keys, policy, now);
    }

    std::string token_;
    Scratch scratch_;
    Result<Accepted, Refusal> verdict_;
};

class GivenATrustedKey : public ::testing::Test {
  protected:
    std::string token(std::string_view header, std::string_view claims) const {
        return pair.token(es256, header, claims);
    }
    std::string_view refusal_of(const std::string& text) const { return Judgement(text, keys, policy).refusal(); }

    const KeyPair& pair = KeyPair::of("P-256");
    const Algorithm& es256 = algorithm("ES256");
    const KeySet keys = *KeySet::parse(key_set_json({pair.jwk("a")}), {});
    const Policy policy{options()};
};

TEST(GivenEveryAlgorithm, AGoodTokenYieldsItsClaims) {
    const Policy policy(options());
    for (const Algorithm& row : kAlgorithms) {
        const KeyPair& pair = KeyPair::serving(row);
        const KeySet keys = *KeySet::parse(key_set_json({pair.jwk("a")}), {});
        const std::string header = R"({"alg":")" + std::string(row.name) + R"(","kid":"a","typ":"JWT"})";

        const Judgement judgement(pair.token(row, header, kGoodClaims), keys, policy);

        ASSERT_EQ(judgement.refusal(), "") << row.name;
        EXPECT_EQ(json::text_of(judgement.claims().at_key("sub").value()), "user");
    }
}

// RFC 7515 §A.3, with the key of §A.3.1 and the claims of §A.1.1.
TEST(GivenTheTokenOfTheRfc, ItsClaimsAreRead) {
    PolicyOptions lenient = options();
    lenient.issuers = {{"joe"}};
    lenient.audiences = std::nullopt;
    const KeySet keys = *KeySet::parse(R"({"keys":[{"kty":"EC","crv":"P-256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})",
                                       {});

    const Judgement judgement(
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        keys, Policy(lenient), Instant{Seconds{1'300'819'379}});

    ASSERT_EQ(judgement.refusal(), "");
    EXPECT_TRUE(judgement.claims().at_key("http://example.com/is_root").get_bool().value());
}

TEST_F(GivenATrustedKey, ATokenIsCutByThePolicysLimit) {
    PolicyOptions tight = options();
    const std::string good = token(R"({"alg":"ES256","kid":"a"})", kGoodClaims);
    tight.max_token_bytes = good.size();
    EXPECT_EQ(Judgement(good, keys, Policy(tight)).refusal(), "");
    tight.max_token_bytes = good.size() - 1;
    EXPECT_EQ(Judgement(good, keys, Policy(tight)).refusal(), "too_long");
}

TEST_F(GivenATrustedKey, AnAlgorithmThatThePolicyDoesNotNameIsUnsupported) {
    PolicyOptions narrow = options();
    narrow.algorithms = {"RS256"};
    EXPECT_EQ(Judgement(token(R"({"alg":"ES256","kid":"a"})", kGoodClaims), keys, Policy(narrow)).refusal(),
              "unsupported_alg");
}

TEST_F(GivenATrustedKey, TheTypeMustBeAccepted) {
    EXPECT_EQ(refusal_of(token(R"({"alg":"ES256","kid":"a"})", kGoodClaims)), "");
    EXPECT_EQ(refusal_of(token(R"({"alg":"ES256","kid":"a","typ":"application/jwt"})", kGoodClaims)), "");
    EXPECT_EQ(refusal_of(token(R"({"alg":"ES256","kid":"a","typ":"logout+jwt"})", kGoodClaims)), "wrong_type");
    EXPECT_EQ(refusal_of(token(R"({"alg":"ES256","kid":"a","typ":""})", kGoodClaims)), "wrong_type");
}

TEST_F(GivenATrustedKey, ClaimsAreHeldAgainstThePolicy) {
    const auto refusal = [this](std::string_view claims) {
        return refusal_of(token(R"({"alg":"ES256","kid":"a"})", claims));
    };
    EXPECT_EQ(refusal(R"({"iss":"https://evil.example/","aud":"api","exp":1700000600})"), "wrong_issuer");
    EXPECT_EQ(refusal(R"({"iss":"https://issuer.example/","aud":"other","exp":1700000600})"), "wrong_audience");
    EXPECT_EQ(refusal(R"({"iss":"https://issuer.example/","aud":"api"})"), "claim_missing");
    EXPECT_EQ(refusal(R"({"iss":"https://issuer.example/","aud":"api","exp":1600000000})"), "expired");
    EXPECT_EQ(refusal("[]"), "malformed");
}

// What comes first must not depend on what an attacker can choose without a key.
TEST_F(GivenATrustedKey, TheSignatureIsJudgedBeforeTypeAndClaims) {
    std::string forged = token(R"({"alg":"ES256","kid":"a","typ":"x"})", "not claims");
    forged.replace(forged.rfind('.') + 1, 4, "AAAA");
    EXPECT_EQ(refusal_of(forged), "bad_signature");
    EXPECT_EQ(refusal_of(token(R"({"alg":"ES256","kid":"b","typ":"x"})", "not claims")), "unknown_key");
}

TEST_F(GivenATrustedKey, ItsRefusalNamesTheClaim) {
    const Judgement judgement(token(R"({"alg":"ES256","kid":"a"})", R"({"iss":"https://issuer.example/","aud":"api"})"),
                              keys, policy);
    EXPECT_EQ(judgement.refusal(), "claim_missing");
    EXPECT_EQ(judgement.claim(), "exp");
}

TEST_F(GivenATrustedKey, AForgedIdOrBoundTokenIsJudgedByItsSignature) {
    PolicyOptions strict = options();
    strict.refuse_id_tokens = true;
    for (const std::string_view claims : {R"({"nonce":"n"})", R"({"cnf":{}})"}) {
        std::string forged = token(R"({"alg":"ES256","kid":"a"})", claims);
        forged.replace(forged.rfind('.') + 1, 4, "AAAA");
        EXPECT_EQ(Judgement(forged, keys, Policy(strict)).refusal(), "bad_signature") << claims;
    }
}

TEST_F(GivenATrustedKey, TheTypeIsJudgedBeforeTheClaims) {
    EXPECT_EQ(refusal_of(token(R"({"alg":"ES256","kid":"a","typ":"x"})", "not claims")), "wrong_type");
}

TEST_F(GivenATrustedKey, ATokenMayNestThirtyTwoLevelsAndNoMore) {
    const auto nested = [this](std::size_t levels) {
        std::string claims(kGoodClaims.substr(0, kGoodClaims.size() - 1));
        claims += R"(,"x":)" + std::string(levels, '[') + "1" + std::string(levels, ']') + "}";
        return refusal_of(token(R"({"alg":"ES256","kid":"a"})", claims));
    };
    EXPECT_EQ(nested(31), "");
    EXPECT_EQ(nested(32), "malformed");
}

TEST_F(GivenATrustedKey, AVerdictInsideAnotherLeavesTheOutersClaimsAlone) {
    const std::string outer_text = token(R"({"alg":"ES256","kid":"a"})", kGoodClaims);
    const ScratchLease outer;
    const auto outer_verdict = judge(*read_token(outer_text, policy, *outer), keys, policy, kNow);
    {
        const std::string inner_text = token(R"({"alg":"ES256","kid":"a"})", R"({"sub":"somebody else entirely"})");
        const ScratchLease inner;
        std::ignore = judge(*read_token(inner_text, policy, *inner), keys, policy, kNow);
    }
    ASSERT_TRUE(outer_verdict);
    EXPECT_EQ(json::text_of(outer_verdict->claims.at_key("sub").value()), "user");
}

TEST_F(GivenATrustedKey, OneScratchServesTokenAfterToken) {
    Scratch scratch;
    for (int round = 0; round < 3; ++round) {
        const std::string good = token(R"({"alg":"ES256","kid":"a"})", kGoodClaims);
        EXPECT_TRUE(judge(*read_token(good, policy, scratch), keys, policy, kNow));
        EXPECT_FALSE(read_token("a.b.c", policy, scratch));
        const std::string bad = token(R"({"alg":"ES256","kid":"a"})", "{");
        EXPECT_FALSE(judge(*read_token(bad, policy, scratch), keys, policy, kNow));
    }
}

}  // namespace
}  // namespace authjwks
