#include "jose/claims.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/members.hpp"

namespace authjwks {
namespace {

using support::Members;
using support::to_json;

constexpr double kNow = 1'700'000'000, kLeeway = 30;

PolicyOptions options() {
    return {.issuers = {{"https://issuer.example/"}},
            .audiences = {{"api", "other api"}},
            .algorithms = {"ES256"},
            .required_claims = {"exp"},
            .leeway = Seconds{kLeeway}};
}

Members good_claims() {
    return {{"iss", R"("https://issuer.example/")"},
            {"aud", R"("api")"},
            {"exp", "1700000600"},
            {"nbf", "1699999400"},
            {"iat", "1699999400"},
            {"sub", R"("user")"},
            {"jti", R"("1")"},
            {"scope", R"("a b")"}};
}

/// The reason against the claims as a word, or "" for none.
std::string_view refusal_of(std::string_view text, const Policy& policy, double now = kNow) {
    json::Document document(32);
    const auto checked = check_claims(document.parse(text)->get_object().value(), policy, Instant{Seconds{now}});
    return checked ? "" : describe(checked.error().code).slug;
}
/// The claim because of which the claims are refused.
std::string_view claim_at_fault(std::string_view text, const Policy& policy) {
    json::Document document(32);
    return check_claims(document.parse(text)->get_object().value(), policy, Instant{Seconds{kNow}}).error().claim;
}
std::string_view claim_at_fault(const Members& claims) {
    static const Policy policy(options());
    return claim_at_fault(to_json(claims), policy);
}
std::string_view refusal_of(const Members& claims, double now = kNow) {
    return refusal_of(to_json(claims), Policy(options()), now);
}
std::string_view refusal_with(std::string name, std::string value, double now = kNow) {
    Members claims = good_claims();
    claims[std::move(name)] = std::move(value);
    return refusal_of(claims, now);
}
std::string_view refusal_without(const std::string& name) {
    Members claims = good_claims();
    claims.erase(name);
    return refusal_of(claims);
}

double before(double instant) { return std::nextafter(instant, 0); }

TEST(GivenGoodClaims, NothingIsAgainstThem) { EXPECT_EQ(refusal_of(good_claims()), ""); }

TEST(GivenAnExpiry, TheTokenDiesAtThatInstantPlusLeeway) {
    const double death = 1'700'000'600 + kLeeway;
    EXPECT_EQ(refusal_of(good_claims(), before(death)), "");
    EXPECT_EQ(refusal_of(good_claims(), death), "expired");
    EXPECT_EQ(refusal_of(good_claims(), death + 1), "expired");
}

TEST(GivenAFractionOfASecond, TheExpiryKeepsIt) {
    EXPECT_EQ(refusal_with("exp", "1700000000.5", 1'700'000'030.25), "");
    EXPECT_EQ(refusal_with("exp", "1700000000.5", 1'700'000'030.5), "expired");
}

TEST(GivenNoLeeway, TheTokenDiesAtTheExpiryItself) {
    PolicyOptions strict = options();
    strict.leeway = Seconds{0};
    const Policy policy(strict);
    const std::string claims = to_json(good_claims());
    EXPECT_EQ(refusal_of(claims, policy, before(1'700'000'600)), "");
    EXPECT_EQ(refusal_of(claims, policy, 1'700'000'600), "expired");
}

TEST(GivenANotBefore, TheTokenLivesFromThatInstantLessLeeway) {
    const double birth = 1'700'000'100 - kLeeway;
    EXPECT_EQ(refusal_with("nbf", "1700000100", birth), "");
    EXPECT_EQ(refusal_with("nbf", "1700000100", before(birth)), "not_yet_valid");
}

TEST(GivenAnIssueTimeInTheFuture, TheTokenLivesFromThatInstantLessLeeway) {
    const double birth = 1'700'000'100 - kLeeway;
    EXPECT_EQ(refusal_with("iat", "1700000100", birth), "");
    EXPECT_EQ(refusal_with("iat", "1700000100", before(birth)), "not_yet_valid");
}

TEST(GivenTimesOfAnySize, TheyAreComparedAsNumbers) {
    for (const char* past : {"0", "-1", "-0", "-1.5", "-1e308", "-9223372036854775808", "1e-300"})
        EXPECT_EQ(refusal_with("exp", past), "expired") << past;
    for (const char* future :
         {"1e308", "18446744073709551615", "9223372036854775807", "1.7e12", "1.7976931348623157e308"}) {
        EXPECT_EQ(refusal_with("exp", future), "") << future;
        EXPECT_EQ(refusal_with("nbf", future), "not_yet_valid") << future;
        EXPECT_EQ(refusal_with("iat", future), "not_yet_valid") << future;
    }
}

TEST(GivenTimesThatAreNotRequired, TheTokenMayLackThem) {
    EXPECT_EQ(refusal_without("nbf"), "");
    EXPECT_EQ(refusal_without("iat"), "");
    PolicyOptions lenient = options();
    lenient.required_claims.clear();
    Members claims = good_claims();
    claims.erase("exp");
    EXPECT_EQ(refusal_of(to_json(claims), Policy(lenient)), "");
}

TEST(GivenARegisteredClaimOfTheWrongType, ItIsInvalid) {
    struct Row {
        std::vector<std::string> names, values;
    };
    const std::vector<Row> rows{
        {{"iss", "sub", "jti"}, {"null", "true", "false", "1", "1.5", "[]", "{}", R"(["https://issuer.example/"])"}},
        {{"aud"},
         {"null", "true", "1", "{}", "[1]", R"(["api",null])", R"([["api"]])", R"(["api",{}])", R"({"api":1})"}},
        {{"exp", "nbf", "iat"}, {"null", "true", "false", R"("1700000000")", R"("")", "[]", "[1700000600]", "{}"}},
    };
    for (const auto& [names, values] : rows)
        for (const std::string& name : names)
            for (const std::string& value : values)
                EXPECT_EQ(refusal_with(name, value), "claim_invalid") << name << ": " << value;
}

TEST(GivenChecksThatAreWaived, TheTypesStillCount) {
    PolicyOptions lenient = options();
    lenient.issuers = lenient.audiences = std::nullopt;
    lenient.required_claims.clear();
    const Policy policy(lenient);

    EXPECT_EQ(refusal_of("{}", policy), "");
    for (const std::string_view claims : {R"({"iss":1})", R"({"sub":1})", R"({"aud":1})", R"({"exp":"1"})",
                                          R"({"nbf":null})", R"({"iat":[]})", R"({"jti":1})"})
        EXPECT_EQ(refusal_of(claims, policy), "claim_invalid") << claims;
}

TEST(GivenClaimsThatAreNotRegistered, TheirTypesDoNotCount) {
    for (const char* name : {"EXP", "Iss", "abc", "au", "audi", "scope", "", "ISS"})
        for (const char* value : {"null", "1", "[]", "{}", "true"}) EXPECT_EQ(refusal_with(name, value), "") << name;
}

/// The instants at, just before and just after each of these times, with the leeway taken off, left out and added.
std::set<double> instants_around(const std::vector<std::string>& times, double leeway) {
    constexpr double far = 1e15;
    std::set<double> instants{kNow, 0, far, -far};
    for (const std::string& time : times)
        for (const double shift : {-leeway, 0.0, leeway}) {
            double instant = std::strtod(time.c_str(), nullptr) + shift;
            if (std::abs(instant) > far) continue;
            for (const double end : {-far, far})
                for (int step = 0; step < 3; ++step, instant = std::nextafter(instant, end)) instants.insert(instant);
        }
    return instants;
}

/// RFC 7519 §4.1.4 to §4.1.6, word by word.
bool are_in_time(const Members& claims, double leeway, double now) {
    const auto is = [&claims](const char* name, const auto& condition) {
        const auto claim = claims.find(name);
        return claim == claims.end() || condition(std::strtod(claim->second.c_str(), nullptr));
    };
    const auto has_begun = [=](double time) { return !(now < time - leeway); };
    const auto is_to_come = [=](double time) { return now < time + leeway; };
    return is("nbf", has_begun) && is("iat", has_begun) && is("exp", is_to_come);
}

/// Whether the claims are accepted at just those instants at which they are in time, and whether each acceptance says
/// so of all the others: the cache of tokens goes by that instead of the claims.
bool agrees_with_the_clock(const Members& members, const Policy& policy, const std::set<double>& instants) {
    json::Document document(32);
    const json::Object claims = document.parse(to_json(members))->get_object().value();
    std::optional<Validity> said;
    for (const double now : instants) {
        const auto checked = check_claims(claims, policy, Instant{Seconds{now}});
        if (bool(checked) != are_in_time(members, policy.leeway().count(), now)) return false;
        if (!checked) continue;
        if (said && (said->from != checked->from || said->until != checked->until)) return false;
        said = *checked;
    }
    return !said || std::ranges::all_of(instants, [&](double now) {
        return said->holds(Instant{Seconds{now}}) == are_in_time(members, policy.leeway().count(), now);
    });
}

TEST(GivenTimesOfAnyKind, TheirSpanAgreesWithTheClockAtEveryBoundary) {
    const std::vector<std::string> times{"0",
                                         "-0.0",
                                         "-1",
                                         "1e-300",
                                         "1700000000",
                                         "1700000000.5",
                                         "1700000000.1",
                                         "1700000000.000001",
                                         "1700000100.3333333",
                                         "1699999970",
                                         "4294967296.7",
                                         "1.7e12",
                                         "9007199254740993",
                                         "9223372036854775807",
                                         "-9223372036854775808",
                                         "18446744073709551615",
                                         "1e300",
                                         "-1e300",
                                         "1.7976931348623157e308",
                                         "-1.7976931348623157e308"};
    for (const double leeway : {0.0, 0.1, 0.3, 1e-9, 30.0, 299.99999, 300.0}) {
        PolicyOptions lenient = options();
        lenient.issuers = lenient.audiences = std::nullopt;
        lenient.required_claims.clear();
        lenient.leeway = Seconds{leeway};
        const Policy policy(lenient);
        const auto instants = instants_around(times, leeway);
        std::vector<Members> all{{}};
        for (const std::string& time : times) {
            for (const char* name : {"exp", "nbf", "iat"}) all.push_back({{name, time}});
            for (const std::string& other : times)
                all.push_back({{"exp", time}, {"nbf", other}, {"iat", "1700000000.1"}});
        }
        for (const Members& members : all)
            ASSERT_TRUE(agrees_with_the_clock(members, policy, instants))
                << to_json(members) << " with leeway " << leeway;
    }
}

TEST(GivenAnIssuer, ItMustBeExactlyTheOneConfigured) {
    for (const char* other :
         {R"("https://issuer.example")", R"("HTTPS://issuer.example/")", R"("")", R"("https://issuer.example/\u0000")"})
        EXPECT_EQ(refusal_with("iss", other), "wrong_issuer") << other;
    EXPECT_EQ(refusal_with("iss", R"("https:\/\/issuer.example\u002F")"), "") << "escapes are spelling";
    EXPECT_EQ(refusal_without("iss"), "claim_missing");
}

TEST(GivenAnAudience, OneOfItsNamesMustBeOneOfOurs) {
    for (const char* ours : {R"("api")", R"("other api")", R"(["api"])", R"(["x","other api"])", R"(["api","api"])"})
        EXPECT_EQ(refusal_with("aud", ours), "") << ours;
    for (const char* foreign :
         {R"("x")", R"("")", R"("API")", "[]", R"(["x","y"])", R"([""])", R"("api other api")", R"(["api "])"})
        EXPECT_EQ(refusal_with("aud", foreign), "wrong_audience") << foreign;
    EXPECT_EQ(refusal_without("aud"), "claim_missing");
}

TEST(GivenRequiredClaims, EachMustBeThere) {
    PolicyOptions strict = options();
    strict.required_claims = {"exp", "sub", "https://x.example/tenant"};
    const Policy policy(strict);
    Members claims = good_claims();
    EXPECT_EQ(refusal_of(to_json(claims), policy), "claim_missing");
    claims["https://x.example/tenant"] = "null";
    EXPECT_EQ(refusal_of(to_json(claims), policy), "claim_missing") << "null says nothing";
    for (const char* value : {"false", "0", R"("")", "[]", "{}"}) {
        claims["https://x.example/tenant"] = value;
        EXPECT_EQ(refusal_of(to_json(claims), policy), "") << value;
    }
    claims.erase("sub");
    claims["Sub"] = R"("user")";
    EXPECT_EQ(refusal_of(to_json(claims), policy), "claim_missing") << "names are compared exactly";
    EXPECT_EQ(refusal_without("exp"), "claim_missing");
}

TEST(GivenARequiredClaimFurtherIn, ItIsNotThere) {
    Members claims = good_claims();
    claims.erase("exp");
    claims["nested"] = R"({"exp":1700000600})";
    EXPECT_EQ(refusal_of(claims), "claim_missing");
}

TEST(GivenAClaimOfTheWrongTypeOrMissing, TheRefusalNamesIt) {
    for (const std::string name : {"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}) {
        Members claims = good_claims();
        claims[name] = "{}";
        EXPECT_EQ(claim_at_fault(claims), name);
    }
    for (const std::string name : {"iss", "aud", "exp"}) {
        Members claims = good_claims();
        claims.erase(name);
        EXPECT_EQ(claim_at_fault(claims), name);
    }
}

TEST(GivenAnotherReason, TheRefusalNamesNoClaim) {
    for (const auto& [name, value] : Members{{"iss", R"("x")"}, {"aud", R"("x")"}, {"exp", "1"}, {"nbf", "1e12"}}) {
        Members claims = good_claims();
        claims[name] = value;
        EXPECT_EQ(claim_at_fault(claims), "") << name;
    }
}

TEST(GivenARequiredClaimThatIsMissing, TheNameIsThatOfThePolicy) {
    PolicyOptions strict = options();
    strict.required_claims = {"exp", "https://x.example/tenant"};
    const Policy policy(strict);
    const std::string_view named = claim_at_fault(to_json(good_claims()), policy);
    EXPECT_EQ(named, "https://x.example/tenant");
    EXPECT_EQ(named.data(), policy.required_claims()[1].data()) << "not text that may go away before the policy";
}

PolicyOptions expecting(std::vector<ExpectedClaim> expected) {
    PolicyOptions all = options();
    all.expected_claims = std::move(expected);
    return all;
}

TEST(GivenAnExpectedClaim, AnotherValueIsRefusedWithItsName) {
    const Policy policy(expecting({{"azp", {"web"}}, {"client_id", {"a", "b"}}}));
    Members claims = good_claims();
    EXPECT_EQ(refusal_of(to_json(claims), policy), "claim_missing");
    EXPECT_EQ(claim_at_fault(to_json(claims), policy), "azp");
    claims["azp"] = R"("web")";
    claims["client_id"] = "null";
    EXPECT_EQ(refusal_of(to_json(claims), policy), "claim_missing") << "null says nothing";
    EXPECT_EQ(claim_at_fault(to_json(claims), policy), "client_id");
    for (const char* other : {R"("c")", R"("A")", R"("")", R"("a ")", "1", "true", R"(["a"])", R"({"a":"a"})"}) {
        claims["client_id"] = other;
        EXPECT_EQ(refusal_of(to_json(claims), policy), "claim_invalid") << other;
        EXPECT_EQ(claim_at_fault(to_json(claims), policy), "client_id") << other;
    }
    for (const char* accepted : {R"("a")", R"("b")", R"("\u0061")"}) {
        claims["client_id"] = accepted;
        EXPECT_EQ(refusal_of(to_json(claims), policy), "") << accepted;
    }
}

TEST(GivenAnExpectedClaimFurtherIn, ItIsMissing) {
    Members claims = good_claims();
    claims["act"] = R"({"azp":"web"})";
    EXPECT_EQ(refusal_of(to_json(claims), Policy(expecting({{"azp", {"web"}}}))), "claim_missing");
}

TEST(GivenATokenOfAClient, ItsIdTokenIsRefusedWhereThatIsAskedFor) {
    PolicyOptions strict = options();
    strict.refuse_id_tokens = true;
    const Policy policy(strict);
    EXPECT_EQ(refusal_of(to_json(good_claims()), policy), "");
    for (const auto& [name, value] : {std::pair("nonce", R"("n")"),
                                      {"nonce", "null"},
                                      {"at_hash", R"("h")"},
                                      {"c_hash", R"("h")"},
                                      {"s_hash", "1"},
                                      {"token_use", R"("id")"},
                                      {"typ", R"("ID")"}}) {
        EXPECT_EQ(refusal_with(name, value), "") << name;
        Members claims = good_claims();
        claims[name] = value;
        EXPECT_EQ(refusal_of(to_json(claims), policy), "wrong_type") << name << ": " << value;
    }
    for (const auto& [name, value] : {std::pair("token_use", R"("access")"),
                                      {"token_use", R"("ID")"},
                                      {"token_use", R"(["id"])"},
                                      {"typ", R"("Bearer")"},
                                      {"typ", R"("id")"},
                                      {"Nonce", R"("n")"},
                                      {"x", R"({"nonce":"n"})"}}) {
        Members claims = good_claims();
        claims[name] = value;
        EXPECT_EQ(refusal_of(to_json(claims), policy), "") << name << ": " << value;
    }
}

TEST(GivenATokenBoundToAKey, ItIsRefusedWhateverItsConfirmationIs) {
    PolicyOptions lenient = options();
    lenient.accept_bound_tokens = true;
    const Policy accepting(lenient);
    for (const char* confirmation :
         {R"({"jkt":"0ZcOCORZNYy"})", R"({"x5t#S256":"bwcK0esc3ACC3D"})", "null", "{}", R"("x")", "1", "[]", "false"}) {
        Members claims = good_claims();
        claims["cnf"] = confirmation;
        EXPECT_EQ(refusal_of(claims), "bound_token") << confirmation;
        EXPECT_EQ(refusal_of(to_json(claims), accepting), "") << confirmation;
    }
    for (const char* name : {"Cnf", "cnf ", "x"}) EXPECT_EQ(refusal_with(name, R"({"cnf":{"jkt":"x"}})"), "") << name;
}

// Each repair uncovers the next reason.
TEST(GivenManyReasons, TheFirstInOrderIsReturned) {
    Members claims = good_claims();
    claims["exp"] = "1";
    EXPECT_EQ(refusal_of(claims), "expired");
    claims["nbf"] = "1800000000";
    EXPECT_EQ(refusal_of(claims), "not_yet_valid");
    PolicyOptions strict = expecting({{"azp", {"web"}}});
    strict.refuse_id_tokens = true;
    const Policy with_expectation(strict);
    EXPECT_EQ(claim_at_fault(to_json(claims), with_expectation), "azp");
    strict.required_claims = {"tenant"};
    const Policy policy(strict);
    EXPECT_EQ(refusal_of(to_json(claims), policy), "claim_missing");
    EXPECT_EQ(claim_at_fault(to_json(claims), policy), "tenant");
    claims["cnf"] = "{}";
    EXPECT_EQ(refusal_of(to_json(claims), policy), "bound_token");
    claims["nonce"] = "1";
    EXPECT_EQ(refusal_of(to_json(claims), policy), "wrong_type");
    claims["aud"] = R"("x")";
    EXPECT_EQ(refusal_of(to_json(claims), policy), "wrong_audience");
    claims["iss"] = R"("x")";
    EXPECT_EQ(refusal_of(to_json(claims), policy), "wrong_issuer");
    claims["sub"] = "1";
    EXPECT_EQ(refusal_of(to_json(claims), policy), "claim_invalid");
}

}  // namespace
}  // namespace authjwks
