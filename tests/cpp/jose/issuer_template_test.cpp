#include "jose/issuer_template.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

TEST(GivenATenantInThePath, ItMatchesEveryTenantAndNothingElse) {
    const IssuerTemplate issuers("https://login.example/{tenant}/v2.0");
    for (const std::string_view tenant :
         {"a", "7", "contoso", "72f988bf-86f1-41af-91ab-2d7cd011db47", "a.b_c-D", "a..b"})
        EXPECT_TRUE(issuers.matches("https://login.example/" + std::string(tenant) + "/v2.0")) << tenant;
    for (const std::string_view other :
         {"", "-a", ".a", "_a", "..", "a/b", "a b", "a%2Fb", "a?", "a#", "a@b", "\xC3\xA4", "{tenant}", "a\\b"})
        EXPECT_FALSE(issuers.matches("https://login.example/" + std::string(other) + "/v2.0")) << other;
    for (const std::string_view other :
         {"https://login.example/a/v2.0/", "https://login.example/a/v1.0", "https://login.example/a",
          "https://evil.example/a/v2.0", "http://login.example/a/v2.0", "https://LOGIN.example/a/v2.0", "",
          "https://login.example//v2.0", "https://login.example/v2.0"})
        EXPECT_FALSE(issuers.matches(other)) << other;
    EXPECT_FALSE(issuers.matches(std::string_view("https://login.example/a\0b/v2.0", 29)));
}

TEST(GivenATenantInTheHost, ItMatchesThatLabel) {
    const IssuerTemplate issuers("https://{tenant}.auth.example/");
    EXPECT_TRUE(issuers.matches("https://acme.auth.example/"));
    for (const std::string_view other :
         {"https://acme.auth.example", "https://.auth.example/", "https://a/.auth.example/",
          "https://evil.example/.auth.example/", "https://evil.example?.auth.example/",
          "https://evil.example#.auth.example/", "https://user@a.auth.example/", "https://evil.sub.auth.example/",
          "https://a_b.auth.example/", "https://a..auth.example/"})
        EXPECT_FALSE(issuers.matches(other)) << other;
}

TEST(GivenATenantAtTheEnd, ItMatchesToTheEnd) {
    const IssuerTemplate issuers("https://login.example/realms/{tenant}");
    EXPECT_TRUE(issuers.matches("https://login.example/realms/a"));
    EXPECT_FALSE(issuers.matches("https://login.example/realms/"));
    EXPECT_FALSE(issuers.matches("https://login.example/realms/a/"));
}

TEST(GivenALongTenant, ItMayHave64Bytes) {
    const IssuerTemplate issuers("https://login.example/{tenant}");
    EXPECT_TRUE(issuers.matches("https://login.example/" + std::string(64, 'a')));
    EXPECT_FALSE(issuers.matches("https://login.example/" + std::string(65, 'a')));
}

TEST(GivenATemplateWithoutExactlyOneGap, ItIsNotMade) {
    for (const std::string_view text :
         {"", "https://login.example/", "https://login.example/{tenant}/{tenant}",
          "https://login.example/{tenant}/{other}", "https://{other}.example/{tenant}", "https://login.example/{tenant",
          "https://login.example/tenant}", "https://login.example/{{tenant}}", "https://login.example/{Tenant}",
          "https://login.example/}{tenant}"})
        EXPECT_THROW(IssuerTemplate{text}, std::invalid_argument) << text;
}

TEST(GivenATenantThatCouldChooseTheServer, TheTemplateIsNotMade) {
    for (const std::string_view text : {"https://{tenant}",
                                        "https://{tenant}/",
                                        "https://{tenant}.example",
                                        "https://{tenant}.example/",
                                        "{tenant}",
                                        "{tenant}://login.example/",
                                        "https://{tenant}login.auth.example/",
                                        "https://login.{tenant}/",
                                        "https://login.{tenant}.example/",
                                        "https://{tenant}:8443/",
                                        "https://{tenant}.com:8443/a.b.c",
                                        "https:{tenant}.a.b/",
                                        "https://{tenant}/a.b.c",
                                        "https://{tenant}.com.",
                                        "https://{tenant}.com./",
                                        "https://{tenant}.com.:443/",
                                        "https://{tenant}..com",
                                        "https://{tenant}..example.com",
                                        "https://{tenant}.auth..com",
                                        "https://{tenant}.auth.example.",
                                        "https://{tenant}.-.com",
                                        "https://{tenant}.a_b.com",
                                        "https://{tenant}.-a.com",
                                        "https://{tenant}.a-.com",
                                        "https://{tenant}.0.1",
                                        "https://{tenant}.0.0x1",
                                        "https://{tenant}.168.0.1/",
                                        "https://{tenant}.%61.com",
                                        "https://{tenant}.b c.com",
                                        "https://{tenant}.a@b.com"})
        EXPECT_THROW(IssuerTemplate{text}, std::invalid_argument) << text;
}

TEST(GivenATemplate, ItsExampleMatchesIt) {
    for (const std::string_view text :
         {"https://login.example/{tenant}/v2.0", "https://{tenant}.auth.example/",
          "https://login.{tenant}.auth.example/", "https://{tenant}.auth.example:8443/a"}) {
        const IssuerTemplate issuers(text);
        EXPECT_TRUE(issuers.matches(issuers.example())) << text;
        EXPECT_EQ(issuers.example().find('{'), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace authjwks
