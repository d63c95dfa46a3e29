#include "jose/token.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "jose/key_set.hpp"
#include "support/key_pair.hpp"
#include "support/to_base64url.hpp"

namespace authjwks {
namespace {

using support::algorithm;
using support::key_set_json;
using support::KeyPair;
using support::to_base64url;
using support::to_json;

constexpr std::size_t kMaxBytes = 16384;

TEST(GivenATokenOfThreeParts, SplitReturnsViewsIntoTheCallersText) {
    const std::string_view text = "aGVhZGVy.cGF5bG9hZA.c2ln";

    const auto token = split_compact(text, kMaxBytes);

    ASSERT_TRUE(token);
    EXPECT_EQ(token->header, "aGVhZGVy");
    EXPECT_EQ(token->payload, "cGF5bG9hZA");
    EXPECT_EQ(token->signature, "c2ln");
    EXPECT_EQ(token->signing_input, "aGVhZGVy.cGF5bG9hZA");
    EXPECT_EQ(token->header.data(), text.data()) << "a copy was made";
    EXPECT_EQ(token->signing_input.data(), text.data()) << "a copy was made";
}

TEST(GivenAnotherNumberOfParts, SplitRefuses) {
    for (const std::string_view text :
         {".", "a.b", "a.b.c.d", "a.b.c.", ".a.b.c", "a..b.c", "a.b.c.d.e.f", ".....", "a.b.c.d.e.f.g.h"}) {
        const auto token = split_compact(text, kMaxBytes);
        ASSERT_FALSE(token) << text;
        EXPECT_EQ(token.error(), Errc::not_three_parts) << text;
    }
}

TEST(GivenTextWithoutADot, SplitCallsItOpaque) {
    for (const std::string_view text : {"", "a", "2YotnFZFEjr1zCsicMWpAA", "eyJhbGciOiJSUzI1NiJ9"})
        EXPECT_EQ(split_compact(text, kMaxBytes).error(), Errc::opaque) << text;
}

TEST(GivenFiveParts, SplitCallsThemEncrypted) {
    for (const std::string_view text : {"a.b.c.d.e", "a..c.d.e", "...."})
        EXPECT_EQ(split_compact(text, kMaxBytes).error(), Errc::encrypted) << text;
}

TEST(GivenAnEmptyPart, SplitRefusesAllButAnEmptyPayload) {
    for (const std::string_view text : {"..", ".b.c", "a.b.", "a..", "..c", ".b."}) {
        const auto token = split_compact(text, kMaxBytes);
        ASSERT_FALSE(token) << text;
        EXPECT_EQ(token.error(), Errc::not_three_parts) << text;
    }
    const auto token = split_compact("a..c", kMaxBytes);
    ASSERT_TRUE(token);
    EXPECT_EQ(token->payload, "");
    EXPECT_EQ(token->signing_input, "a.");
}

TEST(GivenALimit, OneByteMoreIsTooLong) {
    EXPECT_TRUE(split_compact("a.b.c", 5));
    const auto token = split_compact("a.b.cd", 5);
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error(), Errc::too_long) << "before anything else is looked at";
    for (const std::string_view text : {"......", "opaque", "a.b.c.d.e"})
        EXPECT_EQ(split_compact(text, 5).error(), Errc::too_long) << text;
}

/// Reads tokens made of any header, keeping what the result looks into.
class GivenAHeader : public ::testing::Test {
  protected:
    Result<ParsedToken> parse(std::string_view header, std::string_view payload = "e30",
                              std::string_view signature = "c2ln") {
        text = to_base64url(header).append(".").append(payload).append(".").append(signature);
        return parse_text();
    }
    Result<ParsedToken> parse_text() { return ParsedToken::parse(*split_compact(text, kMaxBytes), allowed, scratch); }

    void expect_refusal(std::string_view header, Errc expected) {
        const auto token = parse(header);
        ASSERT_FALSE(token) << header;
        EXPECT_EQ(token.error(), expected) << header << ": " << describe(token.error()).sentence;
    }

    AlgorithmSet allowed = [] {
        AlgorithmSet all;
        for (const Algorithm& row : kAlgorithms) all.insert(row);
        return all;
    }();
    Scratch scratch;
    std::string text;
};

TEST_F(GivenAHeader, ItsMembersAreRead) {
    const auto token = parse(R"({"typ":"at+JWT","alg":"ES256","kid":"key 1"})");

    ASSERT_TRUE(token);
    EXPECT_EQ(&token->algorithm(), &algorithm("ES256"));
    EXPECT_EQ(token->key_id(), "key 1");
    EXPECT_EQ(token->type(), "at+JWT") << "as written";
    EXPECT_EQ(token->signature(), "sig");
    EXPECT_EQ(token->signing_input(), std::string_view(text).substr(0, text.rfind('.')));
    EXPECT_EQ(token->signing_input().data(), text.data()) << "a copy was made";
}

TEST_F(GivenAHeader, MembersThatAreAbsentAreNothing) {
    const auto token = parse(R"({"alg":"RS256"})");

    ASSERT_TRUE(token);
    EXPECT_EQ(token->key_id(), std::nullopt);
    EXPECT_EQ(token->type(), std::nullopt);
}

TEST_F(GivenAHeader, EmptyNamesAreNotAbsentOnes) {
    const auto token = parse(R"({"alg":"RS256","kid":"","typ":""})");

    ASSERT_TRUE(token);
    EXPECT_EQ(token->key_id(), "");
    EXPECT_EQ(token->type(), "");
}

TEST_F(GivenAHeader, EscapesAreSpelling) {
    const auto token = parse(R"({"\u0061lg":"\u0052S256","kid":"a\/\u0000b"})");

    ASSERT_TRUE(token);
    EXPECT_EQ(&token->algorithm(), &algorithm("RS256"));
    EXPECT_EQ(token->key_id(), std::string_view("a/\0b", 4));
}

TEST_F(GivenAHeader, EveryRowOfTheTableIsAnAlgorithm) {
    for (const Algorithm& row : kAlgorithms) {
        const auto token = parse(R"({"alg":")" + std::string(row.name) + "\"}");
        ASSERT_TRUE(token) << row.name;
        EXPECT_EQ(&token->algorithm(), &row);
    }
}

TEST_F(GivenAHeader, AnyOtherAlgorithmIsUnsupported) {
    for (const std::string name : {"none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "rs256", "RS256 ", "",
                                   "ES256K", "RSA-OAEP", "RS1", "dir", "RS256\\u0000", "\\u0000none"})
        expect_refusal(R"({"alg":")" + name + "\"}", Errc::unsupported_alg);
}

TEST_F(GivenAHeader, AMissingAlgorithmIsUnsupported) {
    expect_refusal("{}", Errc::unsupported_alg);
    expect_refusal(R"({"Alg":"RS256","ALG":"RS256","kid":"a"})", Errc::unsupported_alg);
}

TEST_F(GivenAHeader, AnAlgorithmOutsideTheAllowListIsUnsupported) {
    allowed = {};
    allowed.insert(algorithm("ES256"));

    EXPECT_TRUE(parse(R"({"alg":"ES256"})"));
    for (const Algorithm& row : kAlgorithms)
        if (row.name != "ES256") expect_refusal(R"({"alg":")" + std::string(row.name) + "\"}", Errc::unsupported_alg);
}

TEST_F(GivenAHeader, MembersOfTheWrongTypeAreRefused) {
    for (const std::string value : {"null", "true", "0", "1.5", "[]", "{}", R"(["RS256"])"})
        for (const std::string name : {"kid", "typ"}) {
            expect_refusal(R"({"alg":"RS256",")" + name + "\":" + value + "}", Errc::bad_header_member);
            expect_refusal(R"({"alg":)" + value + "}", Errc::bad_header_member);
        }
}

TEST_F(GivenAHeader, EveryCritIsRefused) {
    for (const std::string value :
         {"[]", R"(["exp"])", R"(["b64"])", R"(["alg"])", R"([""])", "[1]", "null", R"("exp")", "{}", "1"})
        expect_refusal(R"({"alg":"RS256","crit":)" + value + R"(,"exp":1})", Errc::critical_extension);
    expect_refusal(R"({"\u0063rit":["exp"],"alg":"RS256"})", Errc::critical_extension);
    expect_refusal(R"({"alg":"RS256","crit":["b64"],"b64":true})", Errc::critical_extension);
}

TEST_F(GivenAHeader, APayloadThatIsNotEncodedIsRefused) {
    expect_refusal(R"({"alg":"RS256","b64":false})", Errc::unencoded_payload);
    EXPECT_TRUE(parse(R"({"alg":"RS256","b64":true})"));
    for (const std::string value : {"null", "0", "1", R"("false")", R"("true")", "[]", "{}"})
        expect_refusal(R"({"alg":"RS256","b64":)" + value + "}", Errc::bad_header_member);
}

TEST_F(GivenAHeader, MembersWithoutAMeaningHereAreIgnored) {
    for (const std::string member :
         {R"("jwk":{"kty":"oct","k":"AAAA"})", R"("jku":"https://evil.example/keys")", R"("x5u":"file:///etc/passwd")",
          R"("x5c":["AAAA"])", R"("x5t":1)", R"("cty":"JWT")", R"("zip":"DEF")", R"("enc":"A256GCM")",
          R"("p2c":1000000000)", R"("nonce":null)", R"("KID":1)", R"("Crit":["x"])", R"("":[])"})
        EXPECT_TRUE(parse(R"({"alg":"RS256",)" + member + "}")) << member;
}

TEST_F(GivenAHeader, ANameGivenTwiceIsRefused) {
    for (const std::string_view header :
         {R"({"alg":"RS256","alg":"RS256"})", R"({"alg":"RS256","alg":"none"})", R"({"alg":"RS256","\u0061lg":"none"})",
          R"({"alg":"RS256","kid":"a","kid":"a"})", R"({"alg":"RS256","x":1,"x":1})",
          R"({"alg":"RS256","jwk":{"a":1,"a":1}})", R"({"alg":"RS256","x":[{"a":1,"a":1}]})"})
        expect_refusal(header, Errc::bad_header);
}

TEST_F(GivenAHeader, AnythingButOneJsonObjectIsRefused) {
    for (const std::string_view header :
         {"null", "[]", "1", R"("alg")", R"([{"alg":"RS256"}])", "x", "{", R"({"alg":"RS256"}x)",
          R"({"alg":"RS256"}{})", R"({"alg":"RS256",})", R"({'alg':'RS256'})", "\xEF\xBB\xBF{\"alg\":\"RS256\"}",
          "{\"alg\":\"RS256\",\"x\":\"\xFF\"}", R"({"alg":"RS256","x":"\uD800"})"})
        expect_refusal(header, Errc::bad_header);
    expect_refusal(std::string_view("{\"alg\":\"RS256\"}\0", 16), Errc::bad_header);
}

TEST_F(GivenAHeader, NumberOutOfRangeIsRefusedForIt) {
    for (const std::string_view number : {"1e400", "-1e400", "18446744073709551616", "-9223372036854775809"})
        expect_refusal(R"({"alg":"RS256","x":)" + std::string(number) + "}", Errc::number_out_of_range);
    expect_refusal(R"({"alg":"RS256","x":1e400)", Errc::bad_header);
    expect_refusal(R"({"alg":"RS256","x":01})", Errc::bad_header);
    EXPECT_TRUE(parse(R"({"alg":"RS256","x":"1e400"})"));
}

TEST_F(GivenAHeader, DepthBeyondTheBoundIsRefused) {
    const auto deep = [](std::size_t depth) {
        return R"({"alg":"RS256","x":)" + std::string(depth, '[') + "1" + std::string(depth, ']') + "}";
    };
    EXPECT_TRUE(parse(deep(kMaxTokenDepth - 1)));
    expect_refusal(deep(kMaxTokenDepth), Errc::bad_header);
}

TEST_F(GivenAHeader, TextThatIsNotStrictBase64UrlIsRefused) {
    const std::string good = to_base64url(R"({"alg":"RS256"})");
    for (const std::string& header :
         {good + "=", good + "==", good + "!", " " + good, good + "\n", std::string("e30=")}) {
        text = header + ".e30.c2ln";
        const auto token = parse_text();
        ASSERT_FALSE(token) << header;
        EXPECT_EQ(token.error(), Errc::bad_base64url) << header;
    }
}

TEST_F(GivenAHeader, ASignatureThatIsNotStrictBase64UrlIsRefused) {
    for (const std::string_view signature : {"c2ln=", "c2lnZQ==", "c2lnA", "c2+n", "c2ln ", "Zh"}) {
        const auto token = parse(R"({"alg":"RS256"})", "e30", signature);
        ASSERT_FALSE(token) << signature;
        EXPECT_EQ(token.error(), Errc::bad_base64url) << signature;
    }
}

TEST_F(GivenAHeader, ThePayloadIsNotLookedAtYet) { EXPECT_TRUE(parse(R"({"alg":"RS256"})", "!!!")); }

TEST_F(GivenAHeader, ThePayloadTellsWhichIssuerItClaims) {
    const auto token = parse(R"({"alg":"RS256"})", to_base64url(R"({"iss":"https:\/\/issuer.example","aud":7})"));
    ASSERT_TRUE(token);
    auto parsed = *token;

    const auto issuer = parsed.claimed_issuer();

    ASSERT_TRUE(issuer);
    EXPECT_EQ(*issuer, "https://issuer.example");
}

TEST_F(GivenAHeader, APayloadThatClaimsNoIssuerIsRefused) {
    struct Row {
        std::string payload;
        Errc refusal;
        std::string_view claim{};
    };
    for (const auto& [payload, refusal, claim] :
         {Row{"e30=", Errc::bad_base64url}, Row{"", Errc::bad_claims}, Row{to_base64url("[]"), Errc::bad_claims},
          Row{to_base64url(R"({"iss":"a","iss":"b"})"), Errc::bad_claims},
          Row{to_base64url(R"({"iss":"a","x":{"y":1,"y":1}})"), Errc::bad_claims},
          Row{to_base64url("{}"), Errc::claim_missing, "iss"},
          Row{to_base64url(R"({"x":{"iss":"a"}})"), Errc::claim_missing, "iss"},
          Row{to_base64url(R"({"iss":null})"), Errc::claim_invalid, "iss"},
          Row{to_base64url(R"({"iss":["a"]})"), Errc::claim_invalid, "iss"}}) {
        const auto token = parse(R"({"alg":"RS256"})", payload);
        ASSERT_TRUE(token) << payload;
        auto parsed = *token;
        const auto issuer = parsed.claimed_issuer();
        ASSERT_FALSE(issuer) << payload;
        EXPECT_EQ(issuer.error().code, refusal) << payload;
        EXPECT_EQ(issuer.error().claim, claim) << payload;
    }
}

/// Tokens signed by the shared P-256 key under the name "a", checked against sets of keys.
class GivenASignedToken : public ::testing::Test {
  protected:
    const ParsedToken& parsed(std::string token) {
        AlgorithmSet all;
        for (const Algorithm& row : kAlgorithms) all.insert(row);
        text = std::move(token);
        latest = std::make_unique<ParsedToken>(*ParsedToken::parse(*split_compact(text, kMaxBytes), all, scratch));
        return *latest;
    }
    const ParsedToken& signed_token(std::string_view payload) {
        return parsed(pair.token(es256, R"({"alg":"ES256","kid":"a","typ":"JWT"})", payload));
    }
    static KeySet set_of(std::initializer_list<support::Members> keys) {
        return *KeySet::parse(key_set_json(keys), {});
    }

    const KeyPair& pair = KeyPair::of("P-256");
    const Algorithm& es256 = algorithm("ES256");
    const KeySet keys = set_of({pair.jwk("a")});
    Scratch scratch;
    std::string text;
    std::unique_ptr<ParsedToken> latest;
};

TEST_F(GivenASignedToken, ItsKeyProvesIt) {
    const auto token = VerifiedToken::check(signed_token(R"({"sub":"x"})"), keys);

    ASSERT_TRUE(token);
    EXPECT_EQ(token->type(), "JWT");
    const auto claims = token->claims();
    ASSERT_TRUE(claims);
    EXPECT_EQ(json::text_of(claims->at_key("sub").value()), "x");
}

TEST_F(GivenASignedToken, AKeyUnderAnotherNameIsUnknown) {
    const auto token = VerifiedToken::check(signed_token("{}"), set_of({pair.jwk("b")}));
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error(), Errc::unknown_key);
}

TEST_F(GivenASignedToken, AKeyOfAnotherKindUnderItsNameIsUnknown) {
    const auto token = VerifiedToken::check(signed_token("{}"), set_of({KeyPair::of("RSA").jwk("a")}));
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error(), Errc::unknown_key);
}

TEST_F(GivenASignedToken, AKeyUnderItsNameThatWasSkippedIsUnusable) {
    support::Members skipped = KeyPair::of("RSA").jwk("a");
    skipped["use"] = support::json_text("enc");
    for (const KeySet& set : {set_of({skipped}), set_of({skipped, pair.jwk("b")})}) {
        const auto token = VerifiedToken::check(signed_token("{}"), set);
        ASSERT_FALSE(token);
        EXPECT_EQ(token.error(), Errc::unusable_key);
    }
    EXPECT_TRUE(VerifiedToken::check(signed_token("{}"), set_of({skipped, pair.jwk("a")}))) << "another one serves";

    skipped["kid"] = support::json_text("b");
    EXPECT_EQ(VerifiedToken::check(signed_token("{}"), set_of({skipped})).error(), Errc::unknown_key);
    const std::string nameless = pair.token(es256, R"({"alg":"ES256"})", "{}");
    EXPECT_EQ(VerifiedToken::check(parsed(nameless), set_of({skipped})).error(), Errc::unknown_key);
}

TEST_F(GivenASignedToken, AnotherKeyUnderItsNameRefutesIt) {
    const auto token = VerifiedToken::check(signed_token("{}"), set_of({KeyPair::generate("P-256").jwk("a")}));
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error(), Errc::bad_signature);
}

TEST_F(GivenASignedToken, ItsKeyIsFoundAmongFourOfItsNameButNotBehindThem) {
    const auto other = [] { return KeyPair::generate("P-256").jwk("a"); };
    const auto& token = signed_token("{}");
    EXPECT_TRUE(VerifiedToken::check(token, set_of({other(), other(), other(), pair.jwk("a")})));
    const auto fifth = VerifiedToken::check(token, set_of({other(), other(), other(), other(), pair.jwk("a")}));
    ASSERT_FALSE(fifth);
    EXPECT_EQ(fifth.error(), Errc::bad_signature);
}

TEST_F(GivenASignedToken, WithoutANameTheOneKeyThatFitsProvesIt) {
    const std::string token = pair.token(es256, R"({"alg":"ES256"})", "{}");
    EXPECT_TRUE(VerifiedToken::check(parsed(token), set_of({KeyPair::of("RSA").jwk("b"), pair.jwk("a")})));
    const auto ambiguous =
        VerifiedToken::check(parsed(token), set_of({KeyPair::generate("P-256").jwk("b"), pair.jwk("a")}));
    ASSERT_FALSE(ambiguous);
    EXPECT_EQ(ambiguous.error(), Errc::unknown_key);
}

TEST_F(GivenASignedToken, AChangedHeaderOrPayloadRefutesIt) {
    const std::string good = pair.token(es256, R"({"alg":"ES256","kid":"a"})", R"({"admin":0})");
    const std::string signature = good.substr(good.rfind('.'));
    for (const std::string& changed :
         {to_base64url(R"({"alg":"ES256","kid":"a"})") + '.' + to_base64url(R"({"admin":1})") + signature,
          to_base64url(R"({"alg":"ES256","kid":"a","x":1})") + '.' + to_base64url(R"({"admin":0})") + signature,
          to_base64url(R"({"alg":"ES256","kid":"a"})") + '.' + signature}) {
        const auto token = VerifiedToken::check(parsed(changed), keys);
        ASSERT_FALSE(token);
        EXPECT_EQ(token.error(), Errc::bad_signature);
    }
}

TEST_F(GivenASignedToken, TheKeyItBringsAlongIsNotTrusted) {
    const KeyPair own = KeyPair::generate("P-256");
    for (const std::string name : {"a", "b"}) {
        const std::string header = R"({"alg":"ES256","kid":")" + name + R"(","jwk":)" + to_json(own.jwk(name)) + "}";
        EXPECT_FALSE(VerifiedToken::check(parsed(own.token(es256, header, "{}")), keys)) << name;
    }
}

TEST_F(GivenASignedToken, ThePayloadIsWhateverWasSigned) {
    const std::string any("\0\xFF not json", 11);
    const auto token = VerifiedToken::check(signed_token(any), keys);
    ASSERT_TRUE(token);
    const auto payload = token->payload();
    ASSERT_TRUE(payload);
    EXPECT_EQ(*payload, any);
    EXPECT_EQ(token->claims().error(), Errc::bad_claims);
}

TEST_F(GivenASignedToken, AnEmptyPayloadIsEmptyAndHasNoClaims) {
    const auto token = VerifiedToken::check(signed_token(""), keys);
    ASSERT_TRUE(token);
    const auto payload = token->payload();
    ASSERT_TRUE(payload);
    EXPECT_EQ(*payload, "");
    EXPECT_EQ(token->claims().error(), Errc::bad_claims);
}

TEST_F(GivenASignedToken, ClaimsThatAreNotOneObjectOfDistinctNamesAreRefused) {
    for (const std::string_view payload :
         {"null", "[]", "1", R"("x")", "{", R"({"a":1,"a":2})", R"({"a":{"b":1,"b":2}})", R"({"exp":1,"\u0065xp":2})",
          "{}{}", "{\"a\":\"\xFF\"}", R"({"a":"\uDC00"})", "\xEF\xBB\xBF{}"}) {
        const auto token = VerifiedToken::check(signed_token(payload), keys);
        ASSERT_TRUE(token) << payload;
        const auto claims = token->claims();
        ASSERT_FALSE(claims) << payload;
        EXPECT_EQ(claims.error(), Errc::bad_claims) << payload;
    }
}

TEST_F(GivenASignedToken, ClaimWithANumberOutOfRangeIsRefusedForIt) {
    for (const std::string_view payload : {R"({"exp":1e400})", R"({"a":[{"b":123456789012345678901234567890}]})"}) {
        const auto token = VerifiedToken::check(signed_token(payload), keys);
        ASSERT_TRUE(token) << payload;
        EXPECT_EQ(token->claims().error(), Errc::number_out_of_range) << payload;
    }
}

TEST_F(GivenASignedToken, ItsClaimsAreTheSameWhereItsIssuerWasReadBefore) {
    ParsedToken token = signed_token(R"({"iss":"a","sub":"x"})");
    ASSERT_TRUE(token.claimed_issuer());

    const auto verified = VerifiedToken::check(token, keys);

    ASSERT_TRUE(verified);
    const auto claims = verified->claims();
    ASSERT_TRUE(claims);
    EXPECT_EQ(json::text_of(claims->at_key("sub").value()), "x");
    EXPECT_EQ(*verified->payload(), R"({"iss":"a","sub":"x"})");
}

TEST_F(GivenASignedToken, APayloadThatIsNotStrictBase64UrlIsRefused) {
    const std::string signing_input = to_base64url(R"({"alg":"ES256","kid":"a"})") + ".e30=";
    const auto token =
        VerifiedToken::check(parsed(signing_input + '.' + to_base64url(pair.sign(es256, signing_input))), keys);
    ASSERT_TRUE(token);
    EXPECT_EQ(token->payload().error(), Errc::bad_base64url);
    EXPECT_EQ(token->claims().error(), Errc::bad_base64url);
}

}  // namespace
}  // namespace authjwks
