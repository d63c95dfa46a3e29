#include "jose/policy.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

PolicyOptions good_options() {
    return {.issuers = {{"https://issuer.example/"}},
            .audiences = {{"https://api.example"}},
            .token_types = {{"", "JWT", "at+jwt"}},
            .algorithms = {"RS256", "ES256"},
            .required_claims = {"exp"}};
}

TEST(GivenGoodOptions, ThePolicyStatesThem) {
    const Policy policy(good_options());

    EXPECT_EQ(policy.leeway(), Seconds{30});
    EXPECT_EQ(policy.max_token_bytes(), 16384U);
    EXPECT_EQ(policy.required_claims(), std::vector<std::string>{"exp"});
    EXPECT_FALSE(policy.accepts_any_issuer());
    EXPECT_FALSE(policy.accepts_any_audience());
    for (const Algorithm& row : kAlgorithms)
        EXPECT_EQ(policy.algorithms().contains(row), row.name == "RS256" || row.name == "ES256") << row.name;
}

TEST(GivenOptionsOutOfRange, ConstructionNamesTheOption) {
    struct Row {
        std::string_view option, what;
        std::function<void(PolicyOptions&)> change;
    };
    const auto leeway = [](double seconds) {
        return [seconds](PolicyOptions& options) { options.leeway = Seconds{seconds}; };
    };
    for (const auto& [option, what, change] : std::vector<Row>{
             {"issuers", "empty list", [](PolicyOptions& options) { options.issuers.emplace(); }},
             {"issuers", "empty item", [](PolicyOptions& options) { options.issuers->push_back(""); }},
             {"audiences", "empty list", [](PolicyOptions& options) { options.audiences.emplace(); }},
             {"audiences", "empty item", [](PolicyOptions& options) { options.audiences->push_back(""); }},
             {"token_types", "empty list", [](PolicyOptions& options) { options.token_types.emplace(); }},
             {"required_claims", "empty item", [](PolicyOptions& options) { options.required_claims = {"exp", ""}; }},
             {"algorithms", "empty list", [](PolicyOptions& options) { options.algorithms.clear(); }},
             {"algorithms", "none", [](PolicyOptions& options) { options.algorithms.push_back("none"); }},
             {"algorithms", "a secret's", [](PolicyOptions& options) { options.algorithms.push_back("HS256"); }},
             {"algorithms", "lower case", [](PolicyOptions& options) { options.algorithms = {"rs256"}; }},
             {"algorithms", "empty item", [](PolicyOptions& options) { options.algorithms.push_back(""); }},
             {"leeway", "negative", leeway(-0.001)},
             {"leeway", "above five minutes", leeway(300.001)},
             {"leeway", "no number", leeway(std::nan(""))},
             {"leeway", "infinite", leeway(std::numeric_limits<double>::infinity())},
             {"max_token_bytes", "zero", [](PolicyOptions& options) { options.max_token_bytes = 0; }},
             {"max_token_bytes", "above the bound",
              [](PolicyOptions& options) { options.max_token_bytes = kMaxTokenBytes + 1; }},
         }) {
        SCOPED_TRACE(std::string(option).append(": ").append(what));
        PolicyOptions options = good_options();
        change(options);
        try {
            const Policy policy(std::move(options));
            ADD_FAILURE() << "it was made";
        } catch (const std::invalid_argument& refusal) {
            EXPECT_TRUE(std::string_view(refusal.what()).starts_with(option)) << refusal.what();
        }
    }
}

TEST(GivenOptionsAtTheirBounds, ThePolicyIsMade) {
    PolicyOptions options = good_options();
    options.leeway = kMaxLeeway;
    options.max_token_bytes = kMaxTokenBytes;
    EXPECT_NO_THROW(const Policy policy(options));
    options.leeway = Seconds{0};
    options.max_token_bytes = 1;
    options.required_claims.clear();
    EXPECT_NO_THROW(const Policy policy(options));
}

TEST(GivenIssuersAndAudiences, TheyAreComparedExactly) {
    PolicyOptions options = good_options();
    options.audiences->push_back("b");
    const Policy policy(options);

    EXPECT_TRUE(policy.accepts_issuer("https://issuer.example/"));
    for (const std::string_view other :
         {"https://issuer.example", "https://ISSUER.example/", "https://issuer.example//", "",
          "https://issuer.example/ ", "https://issuer.example/x"})
        EXPECT_FALSE(policy.accepts_issuer(other)) << other;
    EXPECT_TRUE(policy.accepts_audience("https://api.example"));
    EXPECT_TRUE(policy.accepts_audience("b"));
    for (const std::string_view other : {"B", "", "https://api.example/", "https://api", "b "})
        EXPECT_FALSE(policy.accepts_audience(other)) << other;
}

TEST(GivenIssuerTemplates, NamesAndTenantsAreAccepted) {
    PolicyOptions options = good_options();
    options.issuer_templates = {IssuerTemplate("https://a.example/{tenant}/v2.0"),
                                IssuerTemplate("https://{tenant}.b.example/")};
    const Policy policy(options);

    for (const std::string_view accepted :
         {"https://issuer.example/", "https://a.example/acme/v2.0", "https://acme.b.example/"})
        EXPECT_TRUE(policy.accepts_issuer(accepted)) << accepted;
    for (const std::string_view other :
         {"https://a.example/acme", "https://a.example/a/b/v2.0", "https://b.example/", "https://a.b.b.example/", ""})
        EXPECT_FALSE(policy.accepts_issuer(other)) << other;
}

TEST(GivenATemplateWithoutNames, NoOtherIssuerIsAccepted) {
    PolicyOptions options = good_options();
    options.issuers = std::nullopt;
    options.issuer_templates = {IssuerTemplate("https://a.example/{tenant}")};
    const Policy policy(options);

    EXPECT_FALSE(policy.accepts_any_issuer());
    EXPECT_TRUE(policy.accepts_issuer("https://a.example/acme"));
    EXPECT_FALSE(policy.accepts_issuer("https://issuer.example/"));
}

TEST(GivenChecksThatAreWaived, EverythingIsAccepted) {
    PolicyOptions options = good_options();
    options.issuers = options.audiences = options.token_types = std::nullopt;
    const Policy policy(options);

    EXPECT_TRUE(policy.accepts_any_issuer());
    EXPECT_TRUE(policy.accepts_any_audience());
    EXPECT_TRUE(policy.accepts_issuer("anyone"));
    EXPECT_TRUE(policy.accepts_audience(""));
    EXPECT_TRUE(policy.accepts_type(std::nullopt));
    EXPECT_TRUE(policy.accepts_type("logout+jwt"));
}

bool accepts(std::vector<std::string> accepted, std::optional<std::string_view> type) {
    PolicyOptions options = good_options();
    options.token_types = std::move(accepted);
    return Policy(options).accepts_type(type);
}

TEST(GivenAMediaType, CaseAndTheApplicationPrefixDoNotCount) {
    for (const std::string_view type : {"at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"}) {
        EXPECT_TRUE(accepts({"at+jwt"}, type)) << type;
        EXPECT_TRUE(accepts({"Application/At+Jwt"}, type)) << type;
        EXPECT_TRUE(accepts({"JWT", "at+jwt"}, type)) << type;
    }
}

TEST(GivenAnotherMediaType, ItIsNotAccepted) {
    for (const std::string_view type : {"JWT", "", "jwt", "at", "at+jwt ", " at+jwt", "at+jwt;x=1", "application",
                                        "application/", "application/application/at+jwt", "text/at+jwt", "xat+jwt"})
        EXPECT_FALSE(accepts({"at+jwt"}, type)) << type;
}

TEST(GivenATokenWithoutAType, ItIsAcceptedJustWhereTheEmptyTypeIsListed) {
    EXPECT_TRUE(accepts({"", "JWT"}, std::nullopt));
    EXPECT_FALSE(accepts({"JWT"}, std::nullopt));
    EXPECT_FALSE(accepts({"", "JWT"}, "")) << "an empty type is no absent one";
}

}  // namespace
}  // namespace authjwks
